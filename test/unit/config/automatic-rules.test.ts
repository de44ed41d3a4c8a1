import { describe, expect, test } from 'vitest'
import { type ConfigSources, formatProblem, parseConfig } from '../../../src/config/index.ts'

const sources: ConfigSources = { env: {}, readFile: () => '' }
const COMMAND = 'fence: { command: { fence: [f], unfence: [u] } }'
const VANTAGE = 'health: { vantagePoints: 3 }\n'
const ETCD = 'authority: { kind: etcd, endpoints: ["http://a:1"] }\n'
const file = ({
  eu = COMMAND,
  us = COMMAND,
  objectives = 'rpoSeconds: 5',
  more = VANTAGE + ETCD,
} = {}) => `apiVersion: isthmus/v1
regions:
  - { name: eu, bootstrap: ["a:1"], ${eu} }
  - { name: us, bootstrap: ["b:1"], ${us} }
failoverGroups:
  - name: g
    regions: [eu, us]
    topics: { include: [o] }
    objectives: { ${objectives} }
    failover: { mode: automatic }
${more}`
const read = (given: Parameters<typeof file>[0] = {}) => parseConfig(file(given), '/etc/isthmus', sources)
const problemsOf = (given: Parameters<typeof file>[0]) => read(given).problems.map(formatProblem).join('\n')

test('automatic mode is taken with what it needs', () => {
  const { config, problems } = read()
  expect(problems.map(formatProblem)).toEqual([])
  expect(config?.failoverGroups[0]?.mode).toBe('automatic')
  expect(config?.health.vantagePoints).toBe(3)
})

test('a canary that the ACL fence refuses is enough', () => {
  const login = (name: string) => `sasl: { mechanism: scram-sha-512, username: ${name}, password: "env:P" }`
  const us = `tls: {}, ${login('isthmus')}, canary: { ${login('app')} }`
  const { problems } = parseConfig(file({ us }), '/etc/isthmus', { ...sources, env: { P: 'secret' } })
  expect(problems.map(formatProblem)).toEqual([])
})

describe('automatic mode is refused', () => {
  test.each([
    [
      'without an objective',
      { objectives: '' },
      'failoverGroups[0].objectives.rpoSeconds: missing in a group that moves',
    ],
    [
      'with too few vantage points',
      { more: `health: { vantagePoints: 2 }\n${ETCD}` },
      'health.vantagePoints: 2 are fewer',
    ],
    ['with none that are known of', { more: ETCD }, 'health.vantagePoints: 0 are fewer than the 3'],
    ['without canaries', { more: `health: { vantagePoints: 3, canary: false }\n${ETCD}` }, 'health.canary: off'],
    ['without a fence', { us: 'fence: {}' }, 'regions[1].fence: nothing can show from outside that us is fenced'],
  ] as const)('%s', (_, given, message) => {
    expect(problemsOf(given)).toContain(message)
  })
})

test('one machine is warned of', () => {
  const { config } = read({ more: VANTAGE })
  expect(config?.warnings.map(({ rule }) => rule).join()).toContain('only controllers on this machine can lead')
})

test('a command that runs in an agent needs a check from outside', () => {
  const command = (check: string) => `fence: { command: { fence: [f], unfence: [u], runs: agent${check} } }`
  expect(problemsOf({ eu: command('') })).toContain('regions[0].fence.command.check: missing, and the command runs in')
  const { config } = read({ eu: command(', check: [c]') })
  expect([...(config?.regions.values() ?? [])][0]?.fence.command?.runs).toBe('agent')
})
