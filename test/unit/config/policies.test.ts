import { expect, test } from 'vitest'
import { formatProblem, parseConfig } from '../../../src/config/index.ts'

const ROLE = 'roles: [{ principal: "User:app", produce: { topics: ["orders.*"] } }]'
const policy = (owner: string, more = ROLE, applies = '{ failoverGroup: orders }') =>
  `apiVersion: isthmus/v1\nkind: SecurityPolicy\nowner: ${owner}\napplies: ${applies}\n${more}\n`

function read(files: Readonly<Record<string, string>>, globs = '["policies/*.yaml"]') {
  const text = `apiVersion: isthmus/v1
regions: [{ name: eu, bootstrap: ["a:1"] }, { name: us, bootstrap: ["b:1"] }]
failoverGroups: [{ name: orders, regions: [eu, us], topics: { include: ["orders.*"] } }]
security: { policies: ${globs} }
`
  const { config, problems } = parseConfig(text, '/etc/isthmus', {
    env: {},
    findFiles: () => Object.keys(files).filter((name) => name.endsWith('.yaml')),
    readFile: (path) => {
      const found = files[path]
      if (found === undefined) throw new Error('no such file')
      return found
    },
  })
  const errors = problems.filter(({ severity }) => severity === 'error')
  return { policies: config?.policies, problems: errors.map(formatProblem) }
}

test('policies are read from the files that globs match, and apply to the regions of their group', () => {
  const { policies, problems } = read({
    '/etc/isthmus/policies/b.yaml': policy('bills', ROLE, '{ regions: [us] }'),
    '/etc/isthmus/policies/a.yaml': policy('orders'),
  })
  expect(problems).toEqual([])
  expect(policies).toMatchObject([
    { file: '/etc/isthmus/policies/a.yaml', policy: { owner: 'orders' }, regions: ['eu', 'us'] },
    { file: '/etc/isthmus/policies/b.yaml', policy: { owner: 'bills' }, regions: ['us'] },
  ])
})

test('passwords of principals are followed each under a name of its own, whatever file they are in', () => {
  const principals = (password: string) =>
    `principals: [{ name: User:app, auth: scram-sha-512, passwordFile: /run/${password} }]\n${ROLE}`
  const { policies = [], problems } = read({
    '/etc/isthmus/policies/a.yaml': policy('orders', principals('a')),
    '/etc/isthmus/policies/b.yaml': policy('bills', principals('b'), '{ regions: [us] }'),
    '/run/a': 'one',
    '/run/b': 'two',
  })
  expect(problems).toEqual([])
  const names = policies.flatMap(({ passwords }) => [...passwords.values()].map(({ material }) => material?.name))
  expect(names).toEqual(['policies.orders.principals[0].passwordFile', 'policies.bills.principals[0].passwordFile'])
})

test('two policies that set one quota to different values in one region are refused', () => {
  const quota = (value: number) => `quotas: [{ principal: "User:app", producerBytesPerSecond: ${value} }]`
  const files = (applies: string) => ({
    '/etc/isthmus/policies/a.yaml': policy('orders', quota(1), '{ regions: [eu] }'),
    '/etc/isthmus/policies/b.yaml': policy('bills', quota(2), applies),
  })
  expect(read(files('{ regions: [us] }')).problems).toEqual([])
  const rule = '/etc/isthmus/policies/a.yaml has another value: producer_byte_rate of user app, which is 1 there'
  expect(read(files('{ failoverGroup: orders }')).problems).toEqual([expect.stringContaining(rule)])
})

test('the file of the design is one', () => {
  const text = `apiVersion: isthmus/v1
kind: SecurityPolicy
owner: orders
applies: { failoverGroup: orders }
baseline: { plaintext: refuse, tlsMin: "1.2", sasl: [scram-sha-512], anonymous: refuse, allowEveryoneIfNoAcl: false, superUsers: [User:admin, User:isthmus], maxReauthMinutes: 60, certificateMinDays: 21 }
principals: [{ name: User:checkout, auth: scram-sha-512, passwordFile: /run/secrets/checkout }]
roles:
  - { principal: User:checkout, produce: { topics: ["orders.*"], idempotent: true, transactionalIdPrefix: checkout } }
  - { principal: User:billing, consume: { topics: ["orders.*"], groups: ["billing*"] } }
acls: []
`
  const { policies, problems } = read({ '/p.yaml': text, '/run/secrets/checkout': 'geheim\n' })
  expect(problems).toEqual([])
  expect(policies?.[0]?.passwords.get('User:checkout')?.reveal()).toBe('geheim')
  expect(read({ '/p.yaml': text }).problems).toEqual([expect.stringContaining('/run/secrets/checkout')])
})

test.each<[string, Record<string, string>, string[]]>([
  ['is empty', { '/p.yaml': '' }, ['/p.yaml: it is empty; write a policy into it']],
  ['is no YAML', { '/p.yaml': 'owner: [' }, [expect.stringMatching(/^\/p\.yaml line \d+: not valid YAML/)]],
  ['is a list', { '/p.yaml': '[]' }, [expect.stringContaining('not a map of keys')]],
  ['declares nothing', { '/p.yaml': policy('orders', '') }, [expect.stringContaining('it declares nothing')]],
  [
    'has a key that is not known',
    { '/p.yaml': policy('orders', `${ROLE}\nacl: []`) },
    ['/p.yaml line 6: acl: unknown key; did you mean acls?'],
  ],
  [
    'has a value that is none',
    { '/p.yaml': policy('orders', 'roles:\n  - { principal: app, consume: { topics: ["a b"], groups: ["*x"] } }') },
    [
      '/p.yaml line 6: roles[0].consume.groups[0]: "*x" is no name, and no beginning, which is all that Kafka can let in before a group exists; name the group, or how groups begin followed by *',
      expect.stringContaining('"a b" is neither the name of a topic nor a glob'),
      expect.stringContaining('roles[0].principal: "app" is not a principal; write it like User:isthmus'),
    ],
  ],
  [
    'says what fences are made of',
    {
      '/p.yaml': policy(
        'orders',
        'acls:\n  - { principal: "User:*", operation: write, resource: topic, name: a, permission: deny }',
      ),
    },
    [expect.stringContaining('/p.yaml line 6: acls[0]: fences are made of such entries')],
  ],
  [
    'applies to what is not there',
    { '/p.yaml': policy('orders', ROLE, '{ failoverGroup: order }') },
    ['/p.yaml line 4: applies.failoverGroup: "order" is no failover group of the configuration; did you mean orders?'],
  ],
  [
    'has the owner of another',
    { '/p.yaml': policy('orders'), '/q.yaml': policy('orders') },
    [
      '/q.yaml line 3: owner: "orders" is already the owner of /p.yaml; put both into one file, or give each its own owner',
    ],
  ],
])('a policy that %s is an error of the whole configuration', (_what, files, expected) => {
  const { policies, problems } = read(files)
  expect(problems).toEqual(expected)
  expect(policies).toBeUndefined()
})

test('a glob without files and a file that cannot be read are errors', () => {
  expect(read({}).problems).toEqual([
    'line 4: security.policies[0]: no file matches "policies/*.yaml"; correct it, or remove it',
  ])
  expect(read({}, '["orders.yaml"]').problems).toEqual([
    '/etc/isthmus/orders.yaml: it cannot be read: no such file; correct security.policies',
  ])
  expect(read({}, '[]').problems[0]).toContain('security.policies: empty')
})
