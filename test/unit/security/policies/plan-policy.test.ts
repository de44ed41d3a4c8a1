import { expect, test } from 'vitest'
import { regionName } from '../../../../src/core/index.ts'
import type { AclBinding } from '../../../../src/kafka/index.ts'
import { expandPolicy } from '../../../../src/security/policies/expand-policy.ts'
import { importPolicy } from '../../../../src/security/policies/import-policy.ts'
import { planPolicy, type PolicyQuestion } from '../../../../src/security/policies/plan-policy.ts'
import { digestOf, type PolicyRecord } from '../../../../src/security/policies/policy-record.ts'
import { entryOf } from './acl-entry.ts'

const region = regionName('eu')
const topic = (name: string, more: Partial<AclBinding> = {}) => entryOf({ name, ...more })
const record = (owner: string, bindings: readonly AclBinding[]): PolicyRecord => {
  return { format: 1, region, owner, claims: bindings.map(digestOf), pending: null, mayLandLate: false, atMs: 0 }
}

interface Scene {
  readonly desired: readonly AclBinding[]
  readonly actual: readonly AclBinding[]
  readonly owned?: readonly AclBinding[]
  readonly others?: readonly PolicyRecord[]
  readonly removal?: PolicyQuestion['removal']
  readonly guards?: Partial<PolicyQuestion['guards']>
}

const ON = { kind: 'on', max: undefined } as const

function plan({ desired, actual, owned = [], others = [], removal = { kind: 'off' }, guards = {} }: Scene) {
  return planPolicy({
    region,
    owner: 'orders',
    desired: { bindings: desired, followed: [] },
    sight: { bindings: actual, records: [record('orders', owned), ...others] },
    removal,
    guards: {
      ownPrincipal: 'User:isthmus',
      isExempt: true,
      superUsers: [],
      kept: [],
      brokers: [],
      allowsWithoutAcl: 'no',
      ...guards,
    },
  })
}

const [a, b, c] = [topic('a'), topic('b'), topic('c')]
const fence = topic('orders.', { pattern: 'prefixed', principal: 'User:*', permission: 'deny' })

test('what is declared and not there is added; what is there and not declared is foreign, and stays', () => {
  const seen = plan({ desired: [a, b], actual: [b, c], removal: ON })
  expect(seen).toMatchObject({ additions: [a], removals: [], foreign: [c], standing: 1, left: [], obstacles: [] })
})

test('an entry that was there before the policy is not the policy’s to take away', () => {
  expect(plan({ desired: [b], actual: [a, b], owned: [b], removal: ON })).toMatchObject({ removals: [], foreign: [a] })
})

test('what was put up for the owner goes only where removal is on', () => {
  const scene = { desired: [b], actual: [a, b], owned: [a, b] }
  expect(plan(scene)).toMatchObject({ removals: [], left: [{ binding: a, reason: 'removal is off' }] })
  expect(plan({ ...scene, removal: ON })).toMatchObject({ removals: [a], left: [], obstacles: [] })
})

test('what another owner was given too stays', () => {
  const seen = plan({ desired: [b], actual: [a, b], owned: [a, b], others: [record('bills', [a])], removal: ON })
  expect(seen).toMatchObject({ removals: [], left: [{ binding: a, reason: 'it was put up for bills too' }] })
  expect(plan({ desired: [], actual: [a], others: [record('bills', [a])] }).foreign).toEqual([])
})

test('the right to a topic that is away stays while a glob means it', () => {
  const desired = expandPolicy({ roles: [{ principal: 'User:app', produce: { topics: ['*.log', 'b'] } }] }, [])
  const log = topic('x.log')
  const seen = planPolicy({
    region,
    owner: 'orders',
    desired,
    removal: ON,
    sight: { bindings: [log, b], records: [record('orders', [log])] },
    guards: { ownPrincipal: 'User:i', isExempt: true, superUsers: [], kept: [], brokers: [], allowsWithoutAcl: 'no' },
  })
  expect(seen).toMatchObject({ removals: [], left: [{ binding: log }] })
})

test.each([
  ['one of a few', 3, 1, undefined, 0],
  ['two of a few', 3, 2, undefined, 1],
  ['five of fifty', 50, 5, undefined, 0],
  ['six of a hundred', 100, 6, undefined, 1],
  ['as many as were agreed to', 100, 60, 60, 0],
  ['one more than was agreed to', 100, 61, 60, 1],
])('%s: the number of removals is bound', (_what, stand, go, max, obstacles) => {
  const owned = Array.from({ length: stand }, (_, at) => topic(`t${at}`))
  const seen = plan({ desired: owned.slice(go), actual: owned, owned, removal: { kind: 'on', max } })
  expect(seen.removals).toHaveLength(go)
  expect(seen.obstacles.map(({ code }) => code)).toEqual(obstacles === 1 ? ['too-many-removals'] : [])
})

test('a policy without rights never takes away everything', () => {
  const seen = plan({ desired: [], actual: [a], owned: [a], removal: { kind: 'on', max: 100 } })
  expect(seen.obstacles.map(({ code }) => code)).toEqual(['nothing-declared'])
})

test('a policy has to fit into its record', () => {
  const desired = Array.from({ length: 20_001 }, (_, at) => topic(`t${at}`))
  expect(plan({ desired, actual: [] }).obstacles.map(({ code }) => code)).toEqual(['too-many-entries'])
})

test('fences do not exist for a plan: not as foreign, not as its own, not in the hash', () => {
  const scene = { desired: [a], actual: [a], owned: [a, fence], removal: { kind: 'on', max: 9 } as const }
  const without = plan(scene)
  const fenced = plan({ ...scene, actual: [a, fence] })
  expect(fenced).toMatchObject({ removals: [], additions: [], foreign: [], left: [] })
  expect(fenced.hash).toBe(without.hash)
})

test('the hash is of what was seen and of what is to be done, in any order', () => {
  const scene: Scene = { desired: [a, b], actual: [b, c], owned: [b] }
  const { hash } = plan(scene)
  expect(plan({ ...scene, actual: [c, b] }).hash).toBe(hash)
  for (const other of [
    { desired: [a] },
    { actual: [b] },
    { actual: [b, c, topic('d')] },
    { owned: [] },
    { owned: [b, c], removal: ON },
  ]) {
    expect(plan({ ...scene, ...other }).hash, JSON.stringify(other)).not.toBe(hash)
  }
})

test('who would be locked out is named, on the way to the end as well', () => {
  const guards = { isExempt: false }
  const own = topic('a', { principal: 'User:isthmus' })
  const removal = { kind: 'on', max: 9 } as const
  expect(plan({ desired: [b], actual: [own, b], owned: [own, b], removal, guards }).obstacles).toMatchObject([
    { code: 'locks-out', reason: expect.stringContaining('User:isthmus would lose WRITE on topic a') },
  ])
  const deny = entryOf({ name: '*', principal: 'User:*', permission: 'deny' })
  expect(plan({ desired: [deny], actual: [own], guards }).obstacles).toMatchObject([{ code: 'locks-out' }])
  expect(plan({ desired: [b], actual: [own], guards: { ...guards, ownPrincipal: undefined } }).obstacles).toMatchObject(
    [{ code: 'own-principal-unknown' }],
  )
})

test('wide entries are told, those of others as well', () => {
  const everyone = topic('a', { principal: 'User:*', operation: 'read' })
  const wildcard = topic('*')
  const cluster = entryOf({ resource: 'cluster', name: 'kafka-cluster', operation: 'all' })
  const harmless = [topic('*', { operation: 'read' }), { ...wildcard, permission: 'deny' as const }]
  const { lints } = plan({ desired: [everyone, wildcard, ...harmless], actual: [cluster] })
  expect(lints.map(({ code, of }) => `${code} ${of}`)).toEqual([
    'everyone policy',
    'wildcard-write policy',
    'all-on-cluster region',
  ])
})

test('an imported policy changes nothing, and fences are not imported', () => {
  const bindings = [
    a,
    topic('orders.', { pattern: 'prefixed', operation: 'read' }),
    entryOf({ resource: 'group', name: 'billing', operation: 'read' }),
    entryOf({ resource: 'group', name: 'what?', principal: 'User:odd', operation: 'read' }),
    entryOf({ resource: 'transactional-id', name: 'checkout', pattern: 'prefixed' }),
    entryOf({ resource: 'cluster', name: 'kafka-cluster', operation: 'idempotent-write' }),
    topic('a', { host: '10.0.0.1', permission: 'deny' }),
  ]
  const accounts = { users: [], quotas: [] }
  const existing = { applies: { regions: ['eu'] }, bindings: [...bindings, fence], accounts }
  const { policy, leftOut } = importPolicy({ owner: 'orders', ...existing })
  expect(leftOut).toEqual([])
  const desired = expandPolicy(policy, []).bindings
  expect(plan({ desired, actual: bindings, removal: ON })).toMatchObject({ additions: [], removals: [], foreign: [] })
  expect(policy.roles).toEqual([
    { principal: 'User:app', produce: { topics: ['a'], idempotent: true, transactionalIdPrefix: 'checkout' } },
    { principal: 'User:app', consume: { topics: ['orders.*'], groups: ['billing'] } },
  ])
})

test('ten thousand entries are planned in a time that grows with their number, not its square', () => {
  const measure = (count: number) => {
    const desired = Array.from({ length: count }, (_, at) => topic(`t${at}`, { principal: `User:p${at % 97}` }))
    const actual = desired.map((entry, at) => (at % 2 === 0 ? entry : topic(`x${at}`)))
    const before = process.cpuUsage()
    const seen = plan({ desired, actual, guards: { isExempt: false, allowsWithoutAcl: 'unknown', brokers: undefined } })
    expect(seen.additions).toHaveLength(count / 2)
    return process.cpuUsage(before).user / 1_000
  }
  measure(2_000)
  const [few, many] = [measure(2_000), measure(10_000)]
  process.stdout.write(`10,000 entries: ${Math.round(many)} ms, ${(many / few).toFixed(1)} times as long as 2,000\n`)
  expect(many / few).toBeLessThan(20)
})
