import { expect, test } from 'vitest'
import { type ConfigSources, formatProblem, parseConfig, standIn } from '../../../src/config/index.ts'
import { regionName } from '../../../src/core/index.ts'

const sources: ConfigSources = { env: {}, readFile: () => '' }
const GATE = 'gate: { open: [gate, open], close: [gate, close] }'
const ETCD = 'authority: { kind: etcd, endpoints: ["https://etcd:2379"] }\n'
const group = (name: string, regions = 'eu, us') =>
  `  - { name: ${name}, regions: [${regions}], topics: { include: ["${name}.*"] } }\n`

function read({ gate = GATE, groups = group('orders'), authority = ETCD } = {}) {
  const regions = ['eu', 'us', 'far', 'near'].map((name) => {
    return `  - { name: ${name}, bootstrap: ["a:1"]${name === 'eu' ? `, ${gate}` : ''} }\n`
  })
  const text = `apiVersion: isthmus/v1\nregions:\n${regions.join('')}failoverGroups:\n${groups}${authority}`
  const { config, problems } = parseConfig(text, '/etc/isthmus', sources)
  return { config, problems: problems.map(formatProblem) }
}

test('a gate has two programs, and a check where there is one', () => {
  const { config, problems } = read()
  expect(problems).toEqual([])
  const gate = {
    kind: 'command',
    open: ['gate', 'open'],
    close: ['gate', 'close'],
    check: undefined,
    timeoutMs: 60_000,
  }
  expect(config?.regions.get(regionName('eu'))?.gate).toEqual(gate)
  expect(config?.regions.get(regionName('us'))?.gate).toBeUndefined()
})

test('a gate by a NetworkPolicy has a way to its API server', () => {
  const { config, problems } = read({ gate: 'gate: { networkPolicy: clients, namespace: kafka, kubeconfig: k.yaml }' })
  expect(problems).toEqual([])
  const access = { namespace: 'kafka', kubeconfig: '/etc/isthmus/k.yaml' }
  expect(config?.regions.get(regionName('eu'))?.gate).toEqual({ kind: 'networkPolicy', policy: 'clients', access })
})

test.each([
  ['one program', { gate: 'gate: { open: [a] }' }, 'regions[0].gate.close: missing'],
  ['no program', { gate: 'gate: { open: [], close: [a] }' }, 'give the program, then each of its arguments'],
  ['programs and a policy', { gate: GATE.replace(' }', ', networkPolicy: p }') }, 'is for a gate of programs'],
  ['a key of the other kind', { gate: GATE.replace(' }', ', namespace: kafka }') }, 'is for a gate with networkPolicy'],
  ['neither', { gate: 'gate: {}' }, 'give open and close, or networkPolicy'],
  [
    'a context of no file',
    { gate: 'gate: { networkPolicy: p, context: west }' },
    'regions[0].gate.context: names no file',
  ],
  ['no time', { gate: GATE.replace(' }', ', timeoutSeconds: 0 }') }, 'regions[0].gate.timeoutSeconds'],
  ['no group', { groups: group('orders', 'us, far') }, 'no failover group has the region: nothing would ever open it'],
])('a gate with %s is refused', (_what, given, problem) => {
  const { config, problems } = read(given)
  expect(config).toBeUndefined()
  expect(problems.join('\n')).toContain(problem)
})

test('a gate of several groups is told to be for all of them together', () => {
  const { config, problems } = read({ groups: group('orders') + group('bills', 'far, eu') })
  expect(config).toBeDefined()
  expect(problems).toHaveLength(1)
  expect(problems[0]).toContain('regions[0].gate: it is for all of orders, bills together')
})

test.each(['', 'authority: { kind: sqlite }\n', 'authority: { path: here.db }\n'])(
  'a gate beside an authority in a file is warned of: "%s"',
  (authority) => {
    const { config, problems } = read({ authority })
    expect(config).toBeDefined()
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain('regions[0].gate: authority.kind is sqlite')
    expect(problems[0]).toContain('set authority.kind to etcd')
  },
)

test('an agent stands in a region of a failover group: the one that is given, or that of the file', () => {
  const { config } = read()
  if (config === undefined) throw new Error('the file is right')
  const here = { ...config, health: { ...config.health, standsIn: 'us' } }
  expect(standIn(here, undefined).health.standsIn).toBe('us')
  expect(standIn(here, 'eu').health.standsIn).toBe('eu')
  for (const [given, message, meant] of [
    [undefined, 'no region is named', 'eu, us'],
    ['uss', '"uss" is no region of a failover group', 'us'],
    ['far', '"far" is no region of a failover group', 'eu, us'],
  ] as const) {
    const facts = expect.objectContaining({ meant }) as unknown
    const refusal = { code: 'CONFIG_REGION_UNCLEAR', message: expect.stringContaining(message) as unknown, facts }
    expect(() => standIn(config, given)).toThrow(expect.objectContaining(refusal) as Error)
  }
})
