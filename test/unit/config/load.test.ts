import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { DEFAULT_API } from '../../../src/api/index.ts'
import { clusterOptionsOf, type ConfigSources, formatProblem, parseConfig } from '../../../src/config/index.ts'
import { NAME_PATTERN } from '../../../src/config/schema.ts'
import { isName, regionName } from '../../../src/core/index.ts'

const CANARY = 'canary-secret-4711'
const sources: ConfigSources = {
  env: { PASSWORD: CANARY, EMPTY: '' },
  readFile: (path) => {
    if (path === '/etc/isthmus/password') return `${CANARY}\n`
    if (path === '/etc/isthmus/ca.crt') return '-----BEGIN CERTIFICATE-----\n'
    throw Object.assign(new Error(`no ${path}`), { code: 'ENOENT' })
  },
}

const REGIONS = `apiVersion: isthmus/v1
regions:
  - { name: eu, bootstrap: ["a:1"] }
  - { name: us, bootstrap: ["b:1"] }
  - { name: ap, bootstrap: ["c:1"] }
`
const read = (text: string) => parseConfig(text, '/etc/isthmus', sources)
const problemsOf = (text: string) => read(text).problems.map(formatProblem)
const link = (name: string, source: string, target: string, include: string, more = '') =>
  `  - { name: ${name}, source: ${source}, target: ${target}, topics: { include: ["${include}"] }${more} }\n`

test('a failover group implies a link from its first region to every other', () => {
  const { config } = read(`${REGIONS}failoverGroups:
  - { name: orders, regions: [eu, us, ap], topics: { include: ["orders.*"], exclude: ["*.tmp"] } }
`)
  expect(config?.links).toMatchObject([
    { name: 'orders-eu-to-us', source: 'eu', target: 'us', consumerGroups: { include: ['*'] }, start: 'earliest' },
    { name: 'orders-eu-to-ap', source: 'eu', target: 'ap', topics: { include: ['orders.*'], exclude: ['*.tmp'] } },
  ])
  expect(config?.api).toEqual(DEFAULT_API)
})

test('every problem is reported at once, with its line', () => {
  expect(
    problemsOf(`apiVersion: isthmus/v1
regions:
  - name: eu
    bootstrap: []
  - name: us
    bootstrp: [b:1]
failoverGroups:
  - name: orders
    regions: [eu, uss]
    topics: { include: ["*"] }
    failover: { mode: auto }
    verification: {}
api: { listen: 0.0.0.0:8080 }
`),
  ).toEqual([
    'line 4: regions[0].bootstrap: empty; give at least one host:port',
    'line 5: regions[1].bootstrap: missing; give at least one host:port',
    'line 6: regions[1].bootstrp: unknown key; did you mean bootstrap?',
    'line 9: failoverGroups[0].regions[1]: "uss" is not a region of this file; did you mean us?',
    'line 11: failoverGroups[0].failover.mode: "auto" is not known here; write manual, observe or automatic',
    'line 12: failoverGroups[0].verification: not in this version; remove verification; this version has no use for it',
    expect.stringContaining('line 13: api.listen: "0.0.0.0:8080" can be reached by other machines'),
  ])
})

test('more than eight problems are all shown', () => {
  const names = Array.from({ length: 20 }, (_, at) => `  - { name: R${at}, bootstrap: ["a:1"] }\n`).join('')
  expect(problemsOf(`apiVersion: isthmus/v1\nregions:\n${names}`)).toHaveLength(20)
})

test('secrets come from a file or the environment, and never show', () => {
  const sasl = (where: string) => `apiVersion: isthmus/v1
regions:
  - { name: eu, bootstrap: ["a:1"], tls: { caFile: ca.crt }, sasl: { mechanism: plain, username: u, ${where} } }
`
  for (const where of ['passwordFile: password', 'password: "env:PASSWORD"']) {
    const { config } = read(sasl(where))
    const region = config?.regions.get(regionName('eu'))
    expect(region && clusterOptionsOf(region).access?.sasl()).toMatchObject({ password: CANARY })
    expect(`${inspect(region, { depth: 9 })} ${JSON.stringify(region)}`).not.toContain(CANARY)
  }
  const inline = problemsOf(sasl(`password: ${CANARY}`)).join('\n')
  expect(inline).toContain('a secret in the file itself is refused')
  expect(inline).not.toContain(CANARY)
  expect(problemsOf(sasl('password: "env:NOPE"'))[0]).toContain('the environment variable NOPE is not set; set NOPE')
  expect(problemsOf(sasl('passwordFile: nope'))[0]).toContain('"nope" does not exist; correct the path')
  expect(problemsOf(sasl('passwordFile: password, password: "env:PASSWORD"'))[0]).toContain('two passwords are named')
})

test.each([
  ['there and back', link('a', 'eu', 'us', '*') + link('b', 'us', 'eu', '*'), 'go round for ever: eu -> us -> eu'],
  [
    'round three regions',
    link('a', 'eu', 'us', 'o*') + link('b', 'us', 'ap', '*') + link('c', 'ap', 'eu', 'or*'),
    'go round for ever: eu -> us -> ap -> eu',
  ],
  [
    'under ever longer names',
    link('a', 'eu', 'us', '*', ', rename: "{source}.{topic}"') +
      link('b', 'us', 'eu', '*', ', rename: "{source}.{topic}"'),
    'go round for ever',
  ],
  [
    'round three regions under new names',
    link('a', 'eu', 'us', '*', ', rename: "{source}.{topic}"') +
      link('b', 'us', 'ap', 'eu.*', ', rename: "far.{topic}"') +
      link('c', 'ap', 'eu', 'far.*'),
    'go round for ever: eu -> us -> ap -> eu',
  ],
  [
    'a name that an expression takes literally',
    link('a', 'eu', 'us', 'orders') + link('b', 'us', 'eu', '/ord(ers|inals)/'),
    'go round for ever: eu -> us -> eu',
  ],
  ['the same flow twice', link('a', 'eu', 'us', 'a*') + link('b', 'eu', 'us', 'ab*'), 'the same flow as links[0]'],
  ['two writers of a topic', link('a', 'eu', 'us', 'a*') + link('b', 'ap', 'us', '*'), 'as links[0] does'],
  ['a link to itself', link('a', 'eu', 'eu', '*'), '"eu" is the source too'],
  ['one name twice', link('a', 'eu', 'us', 'a') + link('a', 'eu', 'ap', 'a'), 'link "a" is already links[0]'],
  ['a region that is not there', link('a', 'eu', 'uk', '*'), '"uk" is not a region of this file'],
  ['a day that does not exist', link('a', 'eu', 'us', '*', ', start: 2026-13-01T00:00:00Z'), 'not a time that exists'],
  ['a broken pattern', link('a', 'eu', 'us', '/(/'), 'is not valid'],
])('refused: %s', (_what, links, expected) => {
  const { config, problems } = read(`${REGIONS}links:\n${links}`)
  expect(config).toBeUndefined()
  expect(problems.map(formatProblem).join('\n')).toContain(expected)
})

test.each([
  ['both ways, each without the copies of the other', link('a', 'eu', 'us', 'eu.*') + link('b', 'us', 'eu', 'us.*')],
  [
    'both ways, renamed and excluded',
    `  - { name: a, source: eu, target: us, topics: { include: ["*"], exclude: ["us.*"] }, rename: "{source}.{topic}" }
  - { name: b, source: us, target: eu, topics: { include: ["*"], exclude: ["eu.*"] }, rename: "{source}.{topic}" }
`,
  ],
  [
    'many into one, renamed',
    link('a', 'eu', 'ap', '*', ', rename: "{source}.{topic}"') +
      link('b', 'us', 'ap', '*', ', rename: "{source}.{topic}"'),
  ],
])('accepted: %s', (_what, links) => {
  expect(problemsOf(`${REGIONS}links:\n${links}`)).toEqual([])
})

test('a failover group and a link that turns it back are refused, also over a third region', () => {
  const group = 'failoverGroups:\n  - { name: g, regions: [eu, us], topics: { include: ["orders.*"] } }\n'
  const refusedOf = (links: string) => problemsOf(`${REGIONS}${group}links:\n${links}`).join('\n')
  expect(refusedOf(link('back', 'us', 'eu', 'orders.new'))).toContain('go round for ever')
  expect(refusedOf(link('on', 'us', 'ap', '*') + link('home', 'ap', 'eu', '/orders..*/'))).toContain('may go round')
  expect(refusedOf(link('on', 'us', 'ap', '*') + link('home', 'ap', 'eu', 'orders.*'))).toContain('would go round')
  expect(refusedOf(link('on', 'us', 'ap', 'orders.*') + link('other', 'ap', 'eu', 'bills'))).toBe('')
})

test('what cannot be decided about regular expressions is a warning', () => {
  const { config, problems } = read(
    `${REGIONS}links:\n${link('a', 'eu', 'us', '/x.*/')}${link('b', 'us', 'eu', '/y.*/')}`,
  )
  expect(config).toBeDefined()
  expect(problems.map(formatProblem)).toEqual([
    expect.stringContaining('warning: line 7: links[0]: copies may go round'),
  ])
})

test('broken YAML is reported with its line', () => {
  expect(problemsOf('apiVersion: isthmus/v1\nregions: [\n')[0]).toMatch(/^line \d+: not valid YAML/)
  expect(problemsOf('')[0]).toContain('give a map of keys')
})

test.each(['a', 'a-b', '-a', 'a-', 'A', 'a_b', '', 'a'.repeat(63), 'a'.repeat(64), '9'])(
  'name %j: schema and core agree',
  (name) => {
    expect(new RegExp(NAME_PATTERN).test(name)).toBe(isName(name))
  },
)

test('a standby may be compressed anew, but neither filtered nor changed', () => {
  const group = (transform: string) => `${REGIONS}failoverGroups:
  - { name: orders, regions: [eu, us], topics: { include: ["*"] }, transform: ${transform} }
`
  expect(read(group('{ recompress: zstd }')).config?.links).toMatchObject([{ transform: { recompress: 'zstd' } }])
  const rule = 'a standby has to hold the same records as the active region'
  const remedy = 'remove it; a link of its own, outside of failover groups, may have it'
  expect(problemsOf(group('{ filter: { tombstones: drop }, headers: { remove: [x] } }'))).toEqual([
    expect.stringContaining(`failoverGroups[0].transform.filter: ${rule}; ${remedy}`),
    expect.stringContaining(`failoverGroups[0].transform.headers: ${rule}; ${remedy}`),
  ])
})

test('what a link changes on the way has to be well-formed', () => {
  const linkWith = (transform: string) =>
    `${REGIONS}links:\n${link('one', 'eu', 'us', 'a', `, transform: ${transform}`)}`
  expect(problemsOf(linkWith('{ headers: { set: [no-value] } }'))).toEqual([
    expect.stringContaining('links[0].transform.headers.set[0]: "no-value" is not a header with its value'),
  ])
  expect(problemsOf(linkWith('{ filter: { keys: { include: ["/(/"] } } }'))).toEqual([
    expect.stringContaining('links[0].transform: the key pattern "/(/" is not valid'),
  ])
})
