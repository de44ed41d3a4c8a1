import { expect, test } from 'vitest'
import { parseConfig } from '../../../../src/config/index.ts'
import { findLeastRights } from '../../../../src/controller/policies/least-rights.ts'

const TEXT = `apiVersion: isthmus/v1
regions:
  - { name: eu, bootstrap: ["a:1"], tls: {}, sasl: { mechanism: scram-sha-512, username: isthmus, password: "env:P" } }
  - { name: us, bootstrap: ["b:1"], fence: { principal: "User:CN=isthmus" } }
  - { name: lake, bootstrap: ["c:1"] }
failoverGroups: [{ name: orders, regions: [eu, us], topics: { include: ["orders.*", audit] } }]
links: [{ name: eu-to-lake, source: eu, target: lake, topics: { include: ["*.events"] }, rename: "{source}.{topic}" }]
`

function rightsOf(role: 'all' | 'controller' | 'replicator' | 'agent', region: string) {
  const { config, problems } = parseConfig(TEXT, '/', { env: { P: 'p' }, readFile: () => '' })
  if (config === undefined) throw new Error(JSON.stringify(problems))
  const found = findLeastRights(config, role).find((one) => one.region === region)
  const texts = (found?.rights ?? []).map(({ binding, isOptional }) => {
    const { operation, resource, name, pattern } = binding
    return `${operation} ${resource} ${name}${pattern === 'prefixed' ? '*' : ''}${isOptional ? ' optional' : ''}`
  })
  return { principal: found?.principal, texts }
}

test('a target of a link only is written to under its names, and nothing else', () => {
  const { principal, texts } = rightsOf('replicator', 'lake')
  expect(principal).toBeUndefined()
  expect(texts).toEqual([
    'create topic eu.*',
    'read topic eu.*',
    'write topic eu.*',
    'alter topic eu.*',
    'alter-configs topic eu.*',
    'delete topic eu.*',
    'create topic __isthmus.*',
    'read topic __isthmus.*',
    'write topic __isthmus.*',
    'delete topic __isthmus.* optional',
    'write transactional-id __isthmus.*',
    'read group *',
    'delete group * optional',
    'alter cluster kafka-cluster optional',
  ])
})

test('a controller touches no link that no failover group implies', () => {
  expect(rightsOf('controller', 'lake').texts).toEqual([])
  expect(rightsOf('controller', 'us').texts).toContain('write transactional-id *')
})

test('every region of a failover group may be active one day, so it needs the rights of both sides', () => {
  const { principal, texts } = rightsOf('all', 'us')
  expect(principal).toBe('User:CN=isthmus')
  expect(texts).toEqual(
    expect.arrayContaining(['write topic orders.*', 'write topic audit', 'alter cluster kafka-cluster']),
  )
  // Of the group DESCRIBE is implied, of the configs of topics by ALTER_CONFIGS.
  expect(texts.filter((one) => one.startsWith('describe'))).toEqual([
    'describe-configs cluster kafka-cluster',
    'describe topic __transaction_state optional',
  ])
  expect(texts).toContain('read topic __transaction_state optional')
})

test('quotas of a policy ask for the right to set them, and only where it applies', () => {
  const policy = 'apiVersion: isthmus/v1\nkind: SecurityPolicy\nowner: a\napplies: { regions: [eu] }\n'
  const quotas = 'quotas: [{ clientId: app, requestPercent: 5 }]\n'
  const text = `${TEXT}security: { policies: [a.yaml] }\n`
  const { config } = parseConfig(text, '/', { env: { P: 'p' }, readFile: () => `${policy}${quotas}` })
  const found = config && findLeastRights(config, 'controller')
  const asked = found?.map(({ region, rights }) => {
    return [
      region,
      rights.some(
        ({ binding, isOptional }) =>
          binding.operation === 'alter-configs' && binding.resource === 'cluster' && !isOptional,
      ),
    ]
  })
  expect(asked).toEqual([
    ['eu', true],
    ['us', false],
    ['lake', false],
  ])
})

test('an agent needs nothing but what the health of its region is told by', () => {
  expect(rightsOf('agent', 'lake').texts).toEqual([])
  expect(rightsOf('agent', 'eu').texts.every((one) => one.endsWith('optional'))).toBe(true)
})

test('a canary may what applications may, and writes and reads the records of drills where there are any', () => {
  const canary = 'canary: { sasl: { mechanism: scram-sha-512, username: canary, password: "env:P" } }'
  const read = (more: string, role: 'all' | 'replicator' = 'all') => {
    const text = TEXT.replace('password: "env:P" } }', `password: "env:P" }, ${canary} }`).replace(
      'audit] }',
      `audit] }${more}`,
    )
    const { config, problems } = parseConfig(text, '/', { env: { P: 'p' }, readFile: () => '' })
    if (config === undefined) throw new Error(JSON.stringify(problems))
    const found = findLeastRights(config, role).filter(({ principal }) => principal === 'User:canary')
    return found.map(({ region, rights }) => [
      region,
      ...rights.map(({ binding }) => `${binding.operation} ${binding.resource} ${binding.name}`),
    ])
  }
  const writes = ['write topic orders.', 'write topic audit']
  expect(read('')).toEqual([['eu', ...writes]])
  expect(read('', 'replicator')).toEqual([])
  const prefix = 'isthmus.canary.orders.'
  expect(read(', canary: true')).toEqual([
    ['eu', ...writes, `read topic ${prefix}`, `write topic ${prefix}`, `read group ${prefix}`],
  ])
})
