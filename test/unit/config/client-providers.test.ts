import { describe, expect, test } from 'vitest'
import { type ConfigSources, formatProblem, parseConfig } from '../../../src/config/index.ts'

const FILES: Readonly<Record<string, string>> = {
  '/etc/isthmus/dns.secret': 'c2VjcmV0\n',
  '/etc/isthmus/bad.secret': 'key "a" { secret "c2VjcmV0"; };\n',
  '/etc/isthmus/token': 'a-token\n',
  '/etc/isthmus/empty': '\n',
  '/etc/isthmus/ca.pem': '-----BEGIN CERTIFICATE-----\n',
}
const sources: ConfigSources = {
  env: {},
  readFile: (path) => {
    const text = FILES[path]
    if (text === undefined) throw Object.assign(new Error('not there'), { code: 'ENOENT' })
    return text
  },
}
const KEY = 'key: { name: isthmus, secretFile: dns.secret }'
const VALUES = '{ eu: [10.1.0.1], us: [10.2.0.1] }'
const RECORD = `{ name: orders.example.com, type: A, values: ${VALUES} }`
const dns = (over: Readonly<Record<string, string>> = {}) => {
  const keys = {
    zone: 'zone: example.com',
    primaries: 'primaries: ["ns1:53"]',
    key: KEY,
    records: `records: [${RECORD}]`,
  }
  return `- { ${['kind: dns', ...Object.values({ ...keys, ...over })].filter((text) => text !== '').join(', ')} }`
}
const record = (text: string) => dns({ records: `records: [${text}]` })
const WEBHOOK = 'kind: webhook, url: "https://lb.example/switch"'

const SELECTORS = '{ eu: { region: eu }, us: { region: us } }'
const NAMES = '{ eu: kafka.eu, us: kafka.us }'
const kubernetes = (keys: string) => `- { kind: kubernetes, ${keys} }`

function read(routing: string, eviction = '[]') {
  const text = [
    'apiVersion: isthmus/v1',
    'regions: [{ name: eu, bootstrap: ["a:1"] }, { name: us, bootstrap: ["b:1"] }]',
    'failoverGroups:',
    '  - name: orders',
    '    regions: [eu, us]',
    '    topics: { include: ["*"] }',
    `    routing:\n      ${routing}`,
    `    eviction:\n      ${eviction}`,
  ].join('\n')
  const { config, problems } = parseConfig(text, '/etc/isthmus', sources)
  return { group: config?.failoverGroups[0], config, problems: problems.map(formatProblem).join('\n') }
}

test('providers stand in their order, with defaults filled in and values in one form', () => {
  const sixth = '{ name: Orders.Example.com., type: AAAA, values: { eu: ["2001:DB8:0::1"], us: ["2001:db8::2"] } }'
  const { group, config, problems } = read(
    [
      dns({ records: `records: [${RECORD}, ${sixth}]` }),
      `      - { ${WEBHOOK}, tokenFile: token, caFile: ca.pem }`,
    ].join('\n'),
    '- { kind: command, evict: [restart] }',
  )
  expect(problems).toBe('')
  const [first, second] = group?.routing ?? []
  expect(first).toMatchObject({ kind: 'dns', ttlSeconds: 30, secondaries: [], key: { algorithm: 'hmac-sha256' } })
  if (first?.kind !== 'dns' || second?.kind !== 'webhook') throw new Error('in another order')
  expect(first.records.map(({ values }) => values.get('eu'))).toEqual([['10.1.0.1'], ['2001:db8::1']])
  expect(first.key.secret.reveal()).toBe('c2VjcmV0')
  expect(second.token?.reveal()).toBe('a-token')
  expect(second.authorities?.value).toBe('-----BEGIN CERTIFICATE-----\n')
  // They are looked at again, as what is secret is.
  expect(config?.materials.map(({ name }) => name)).toContain('failoverGroups[0].routing[1].caFile')
  expect(group?.eviction).toEqual([{ kind: 'command', evict: ['restart'], timeoutMs: 60_000 }])
})

test('objects of Kubernetes have a value by region, in the cluster of the file', () => {
  const { group, problems } = read(
    [
      kubernetes(`service: kafka, selectors: ${SELECTORS}`),
      `      ${kubernetes(`service: kafka, externalNames: ${NAMES}, namespace: apps, kubeconfig: k.yaml, context: west`)}`,
      `      ${kubernetes('configMap: clients, data: { eu: { a: "1" }, us: { a: "2" } }')}`,
    ].join('\n'),
    '- { kind: rollout, namespace: apps }',
  )
  expect(problems).toBe('')
  const access = { namespace: 'apps', kubeconfig: '/etc/isthmus/k.yaml', contextName: 'west' }
  const values = (eu: object, us: object) => new Map(Object.entries({ eu, us }))
  const selectors = values({ region: 'eu' }, { region: 'us' })
  const names = values({ externalName: 'kafka.eu' }, { externalName: 'kafka.us' })
  const service = { kind: 'kubernetes', object: 'service', name: 'kafka' }
  expect(group?.routing).toEqual([
    { ...service, access: {}, field: 'selector', values: selectors },
    { ...service, access, field: 'externalName', values: names },
    {
      kind: 'kubernetes',
      access: {},
      object: 'configMap',
      name: 'clients',
      field: 'data',
      values: values({ a: '1' }, { a: '2' }),
    },
  ])
  expect(group?.eviction).toEqual([{ kind: 'rollout', access: { namespace: 'apps' }, group: 'orders' }])
})

test('policies that admit clients are named by region, of this cluster alone where there are several', () => {
  const { group, problems } = read(
    '[]',
    '- { kind: networkPolicy, networkPolicies: { eu: clients }, kubeconfig: k.yaml }',
  )
  expect(problems).toBe('')
  const access = { kubeconfig: '/etc/isthmus/k.yaml' }
  expect(group?.eviction).toEqual([{ kind: 'networkPolicy', access, policies: new Map([['eu', 'clients']]) }])
})

test('secrets are in nothing that is printed', () => {
  const { group } = read(`${dns()}\n      - { ${WEBHOOK}, tokenFile: token }`)
  expect(JSON.stringify(group)).not.toMatch(/c2VjcmV0|a-token/)
})

describe('refused', () => {
  test.each([
    ['a map instead of a list', '{ kind: command, switch: [a] }', 'write a list: each provider begins with - kind:'],
    ['an unknown kind', '- { kind: smoke }', 'use one of command, dns, kubernetes, webhook'],
    ['a missing program', '- { kind: command }', 'routing[0].switch: missing'],
    ['a key of another kind', `- { ${WEBHOOK}, zone: a.b }`, 'routing[0].zone: is not for kind webhook'],
    ['a time for name servers', dns({ more: 'timeoutSeconds: 5' }), 'routing[0].timeoutSeconds: is not for kind dns'],
    ['no name server', dns({ primaries: '' }), 'routing[0].primaries: missing'],
    ['a name server without a port', dns({ primaries: 'primaries: [ns1]' }), 'write it like ns1.example:53'],
    ['a port that is none', dns({ primaries: 'primaries: ["ns1:99999"]' }), 'use a port from 1 to 65535'],
    ['a server twice', dns({ more: 'secondaries: ["ns1:53"]' }), '"ns1:53" is named twice'],
    ['a secret that is not there', dns({ key: 'key: { name: a, secretFile: gone }' }), '"gone" does not exist'],
    [
      'a whole key instead of a secret',
      dns({ key: 'key: { name: a, secretFile: bad.secret }' }),
      'does not hold base64',
    ],
    ['an empty secret', dns({ key: 'key: { name: a, secretFile: empty }' }), 'write the secret of the key into it'],
    ['a record outside of the zone', record(RECORD.replace('example.com', 'example.org')), 'is not in example.com'],
    ['a region without a value', record(RECORD.replace(', us: [10.2.0.1]', '')), 'values.us: missing'],
    [
      'a value of no region',
      record(RECORD.replace(' }', ', ap: [10.3.0.1] }')),
      'values.ap: not a region of the group',
    ],
    ['no address', record(RECORD.replace('10.1.0.1', '10.1.0.256')), '"10.1.0.256" is no value of A'],
    ['the same value twice', record(RECORD.replace('10.2.0.1', '10.1.0.1')), 'the same as for eu'],
    [
      'two names for one alias',
      record('{ name: a.example.com, type: CNAME, values: { eu: [b.c, d.e], us: [f.g] } }'),
      'a CNAME has one',
    ],
    ['a record twice', record(`${RECORD}, ${RECORD}`), 'give each name and type once'],
    [
      'a URL with a password',
      '- { kind: webhook, url: "https://me:secret@lb.example/" }',
      'a token belongs into tokenFile',
    ],
    [
      'no object',
      kubernetes(`selectors: ${SELECTORS}`),
      'changes no object, or two; give one of service and configMap',
    ],
    ['two objects', kubernetes(`service: a, configMap: b, selectors: ${SELECTORS}`), 'changes no object, or two'],
    ['a Service without a word', kubernetes('service: a'), 'does not say what a Service is to have'],
    ['a Service with two', kubernetes(`service: a, selectors: ${SELECTORS}, externalNames: ${NAMES}`), 'and no other'],
    ['a ConfigMap with a selector', kubernetes(`configMap: a, selectors: ${SELECTORS}`), 'give one of data'],
    ['a region without a name', kubernetes('service: a, externalNames: { eu: b }'), 'externalNames.us: missing'],
    ['the same name twice', kubernetes('service: a, externalNames: { eu: b, us: b }'), 'the same as for eu'],
    [
      'keys of one region only',
      kubernetes('configMap: a, data: { eu: { b: "1" }, us: { c: "2" } }'),
      'data.us: other keys than the other regions',
    ],
    [
      'a context of no file',
      kubernetes(`service: a, selectors: ${SELECTORS}, context: west`),
      'context: names no file; give kubeconfig too',
    ],
    ['no certificate', `- { ${WEBHOOK}, caFile: token }`, '"token" is not a PEM file'],
  ])('%s', (_what, routing, problem) => {
    const { config, problems } = read(routing)
    expect(config).toBeUndefined()
    expect(problems).toContain(problem)
    expect(problems).not.toContain('c2VjcmV0')
  })

  test('a check of an eviction, which nothing would ask', () => {
    expect(read('[]', `- { ${WEBHOOK}, checkUrl: "https://a/" }`).problems).toContain(
      'eviction[0].checkUrl: unknown key',
    )
  })
})

test('a token over http is warned of', () => {
  const { config, problems } = read('- { kind: webhook, url: "http://lb.example/", tokenFile: token }')
  expect(config).toBeDefined()
  expect(problems).toContain('http sends the token readable')
})
