import { expect, test } from 'vitest'
import { formatProblem, notificationTargetOf, parseConfig } from '../../../src/config/index.ts'

const FILES: Readonly<Record<string, string>> = {
  '/etc/isthmus/url': 'https://hooks.example/services/Hidden\n',
  '/etc/isthmus/token': 'T0ken\n',
  '/etc/isthmus/empty': '\n',
  '/etc/isthmus/odd': 'ftp://Hidden',
}

function read(...notifications: string[]) {
  const text = `apiVersion: isthmus/v1
regions: [{ name: eu, bootstrap: ["a:1"] }, { name: us, bootstrap: ["b:1"] }]
failoverGroups: [{ name: orders, regions: [eu, us], topics: { include: ["*"] } }]
authority: { kind: etcd, endpoints: ["https://etcd:2379"] }
notifications:
${notifications.map((one) => `  - ${one}\n`).join('')}`
  const readFile = (path: string) => {
    const file = FILES[path]
    if (file === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' })
    return file
  }
  const { config, problems } = parseConfig(text, '/etc/isthmus', { env: { HOOK: 'https://chat.example/x' }, readFile })
  return { config, problems: problems.map(formatProblem) }
}

test('a receiver has its files read and its defaults filled in', () => {
  const { config, problems } = read(
    '{ name: pager, urlFile: url, tokenFile: token, groups: [orders], kinds: [fence, "move:phase"], minimumSeverity: error }',
    '{ name: chat, url: "env:HOOK", template: slack, timeoutSeconds: 3 }',
  )
  expect(problems).toEqual([])
  expect(config?.notifications.map(notificationTargetOf)).toEqual([
    {
      name: 'pager',
      url: 'https://hooks.example/services/Hidden',
      minimumSeverity: 'error',
      kinds: ['fence', 'move:phase'],
      groups: ['orders'],
      token: 'T0ken',
      secret: undefined,
      template: 'generic',
      timeoutMs: 10_000,
    },
    {
      name: 'chat',
      url: 'https://chat.example/x',
      minimumSeverity: 'warning',
      kinds: undefined,
      groups: undefined,
      token: undefined,
      secret: undefined,
      template: 'slack',
      timeoutMs: 3_000,
    },
  ])
  expect(JSON.stringify(config?.notifications)).not.toMatch(/Hidden|T0ken|chat\.example/)
})

test.each([
  ['without an address', '{ name: pager }', 'it needs exactly one of url and urlFile'],
  ['with two', '{ name: pager, url: "https://a", urlFile: url }', 'it needs exactly one of url and urlFile'],
  ['with an address of another kind', '{ name: pager, urlFile: odd }', 'it is not an http or https address'],
  ['with a user in its address', '{ name: pager, url: "https://me:Hidden@a" }', 'it is not an http or https address'],
  ['with an empty token', '{ name: pager, url: "https://a", tokenFile: empty }', '"empty" is empty'],
  ['without its file', '{ name: pager, urlFile: none }', '"none" does not exist'],
  ['of an unknown group', '{ name: pager, url: "https://a", groups: [order] }', 'did you mean orders?'],
  ['of no kind of event', '{ name: pager, url: "https://a", kinds: [Fence] }', '"Fence" is not a kind of event'],
])('a receiver %s is refused, and no secret is shown', (_what, receiver, problem) => {
  const { config, problems } = read(receiver)
  expect(config).toBeUndefined()
  expect(problems.join('\n')).toContain(problem)
  expect(problems.join('\n')).not.toContain('Hidden')
})

test('a name stands for one receiver, and a token in the clear is warned of', () => {
  const { config, problems } = read('{ name: pager, url: "https://a" }', '{ name: pager, url: "https://b" }')
  expect(config).toBeUndefined()
  expect(problems.join('\n')).toContain('"pager" is already notifications[0]')
  expect(read('{ name: pager, url: "http://a", tokenFile: token }').problems).toEqual([
    'warning: line 6: notifications[0].url: http sends the token readable; use https, or sign with secretFile',
  ])
})
