import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type {
  JournalBody,
  PlanBody,
  SecurityApplyBody,
  SecurityDriftBody,
  SecurityPlanBody,
  SecurityRightsBody,
} from '../../src/api/contract/index.ts'
import { createToken } from '../../src/api/index.ts'
import { systemClock, systemRandom } from '../../src/core/index.ts'
import { type AclBinding, type Cluster, openCluster } from '../../src/kafka/index.ts'
import { type LocalRegion, startRegion } from '../../src/local/index.ts'
import { bindingKey } from '../../src/security/fences/fence-record.ts'
import type { SecurityPolicy } from '../../src/security/index.ts'
import { addAcls, entry, makeTopics, removeAcls, soon } from '../integration/security/secured-region.ts'
import { eventually, IsthmusProcess } from '../support/isthmus-process.ts'
import { cli } from '../support/run-cli.ts'
import { secretFor } from '../support/secrets.ts'
import { canRunKafka, testEngine } from './engine.ts'

/** Policies over two secured regions, from the first plan to what is put right unasked, by a process and its commands. */
const READY_MS = 60_000
const SETTLED_MS = 30_000
const PASSWORD = secretFor('billing')
const BYTES = 1_000_000

/** What the policy `orders` declares, as Kafka has it. */
const DECLARED = [
  entry('User:checkout'),
  entry('User:billing', { operation: 'read' }),
  entry('User:billing', { operation: 'read', resource: 'group', name: 'billing', pattern: 'prefixed' }),
]
const STRANGER = entry('User:stranger', { operation: 'alter', host: '10.0.0.9' })
const AUDITOR = entry('User:auditor', { operation: 'read', resource: 'group', name: 'audit', pattern: 'prefixed' })
/** The proof of the fences writes as this one. */
const PROVED = [entry('User:app'), entry('User:app', { operation: 'describe' })]

const ORDERS = (passwordFile: string) => `
apiVersion: isthmus/v1
kind: SecurityPolicy
owner: orders
applies: { failoverGroup: orders }
principals: [{ name: User:billing, auth: scram-sha-512, passwordFile: ${passwordFile} }]
quotas: [{ principal: User:billing, consumerBytesPerSecond: ${BYTES} }]
roles:
  - { principal: User:checkout, produce: { topics: ["orders.*"] } }
  - { principal: User:billing, consume: { topics: ["orders.*"], groups: ["billing*"] } }
`
const AUDIT = `
apiVersion: isthmus/v1
kind: SecurityPolicy
owner: audit
applies: { failoverGroup: orders }
acls: [{ principal: User:auditor, operation: read, resource: group, name: audit, pattern: prefixed }]
enforce: true
`

testEngine()

describe.runIf(canRunKafka)('policies of two secured regions', () => {
  const stack = new AsyncDisposableStack()
  let it: Scene
  beforeAll(async () => {
    it = await prepare(stack)
  }, 180_000)
  afterAll(() => stack.disposeAsync(), 60_000)

  test('a plan tells what is to be done in each region, and changes nothing', async () => {
    const before = await Promise.all(it.clusters.map(standingOf))
    const { code, out } = await it.admin(['security', 'plan', '--output', 'json'])
    const { plans, troubles } = JSON.parse(out) as SecurityPlanBody
    expect({ code, troubles }).toEqual({ code: 6, troubles: [] })
    const ofOrders = plans.filter(({ owner }) => owner === 'orders')
    expect(ofOrders.map(({ region }) => region).sort()).toEqual(['eu', 'us'])
    for (const { additions, removals, users, quotas, obstacles } of ofOrders) {
      expect(additions.map(({ principal, operation }) => `${principal} ${operation}`)).toEqual(
        expect.arrayContaining(DECLARED.map(({ principal, operation }) => `${principal} ${operation}`)),
      )
      expect({ removals, obstacles }).toEqual({ removals: [], obstacles: [] })
      expect(users.map(({ user }) => user)).toEqual(['billing'])
      expect(quotas.map(({ key, value, found }) => [key, value, found])).toEqual([['consumer_byte_rate', BYTES, null]])
    }
    expect(await Promise.all(it.clusters.map(standingOf))).toEqual(before)
  })

  test('a viewer sees a drift and may not apply', async () => {
    const before = await Promise.all(it.clusters.map(standingOf))
    expect((await it.viewer(['security', 'drift'])).code).toBe(6)
    const planned = await it.admin(['security', 'plan', '--output', 'json'])
    writeFileSync(it.planFile, planned.out)
    const refused = await it.viewer([...apply('mine'), '--plan', it.planFile])
    expect([refused.code, refused.err]).toEqual([expect.any(Number), expect.stringContaining('API_FORBIDDEN')])
    expect(refused.code).not.toBe(0)
    expect(await Promise.all(it.clusters.map(standingOf))).toEqual(before)
  })

  test('a standby that is not as declared refuses a switchover, until the policy is applied there', async () => {
    expect(await it.applied('eu')).toMatchObject([{ owner: 'orders', region: 'eu', users: 1, quotas: 1, remaining: 0 }])
    const seen = async () => ((await it.blocking()).includes('policies-hold') ? true : undefined)
    await eventually('the guard sees it', seen, { limitMs: SETTLED_MS })
    const refused = await it.admin(['switchover', 'orders', '--to', 'us', '--reason', 'CHG-2', '--by', 'ada', '--yes'])
    expect([refused.code, refused.err]).toEqual([3, expect.stringContaining('policies-hold')])
    expect(await it.applied('us')).toMatchObject([{ owner: 'orders', region: 'us', users: 1, quotas: 1, remaining: 0 }])
    let last: readonly string[] = []
    const isFree = async () => {
      last = await it.blocking()
      return last.length === 0 ? true : undefined
    }
    await eventually('nothing stops a switchover', isFree, { limitMs: READY_MS }).catch((error: unknown) => {
      throw new Error(`still stopped by ${last.join(', ')}`, { cause: error })
    })
  })

  test('a second plan is empty: entries, users and quotas are there, and what others put up is as it was', async () => {
    const again = await it.admin(['security', 'plan'])
    expect([again.code, again.err]).toEqual([0, ''])
    for (const [at, cluster] of it.clusters.entries()) {
      const standing = await standingOf(cluster)
      for (const declared of DECLARED) expect(standing).toContain(bindingKey(declared))
      for (const kept of it.foreign[at] ?? []) expect(standing).toContain(bindingKey(kept))
      const limits = (await cluster.describeQuotas(soon())).flatMap(({ entity, values }) =>
        values.map(({ key, value }) => `${entity.map(({ name }) => name).join()} ${key} ${value}`),
      )
      expect(limits).toContain(`billing consumer_byte_rate ${BYTES}`)
    }
  })

  test('an import of a region has its users without passwords, its quotas and its entries', async () => {
    const imported = await it.viewer(['security', 'import', '--region', 'eu', '--owner', 'copy', '--output', 'json'])
    // Users with two logins, of which a policy says one.
    expect(imported).toMatchObject({ code: 0, err: expect.stringMatching(/^(left out: SCRAM-SHA-256 of user .*\n)*$/) })
    const { principals, quotas, roles } = JSON.parse(imported.out) as Partial<SecurityPolicy>
    expect(principals).toContainEqual({ name: 'User:billing', auth: 'scram-sha-512', iterations: 8192 })
    expect(quotas).toEqual([{ principal: 'User:billing', consumerBytesPerSecond: BYTES }])
    expect(roles?.map(({ principal }) => principal)).toEqual(expect.arrayContaining(DECLARED.map((it) => it.principal)))
  })

  test('a user that was made logs in, in both regions, and may what its role says', async () => {
    for (const region of it.regions) {
      await using billing = it.connect(region, { username: 'billing', password: PASSWORD })
      const { topics } = await billing.cluster.metadata(['orders.a'], soon())
      expect(topics.map(({ errorCode }) => errorCode)).toEqual([0])
    }
  })

  test('who has applied it and why is in the journal, and so is whoever was refused', async () => {
    const { entries } = JSON.parse(
      (await it.admin(['history', '--limit', '100', '--output', 'json'])).out,
    ) as JournalBody
    const calls = entries.filter(({ kind }) => kind === 'api-call').map((entry) => JSON.stringify(entry))
    const applying = calls.filter((call) => call.includes('/security/policies/orders/regions/'))
    expect(applying.filter((call) => call.includes('CHG-1') && call.includes('ada'))).toHaveLength(2)
    expect(applying.filter((call) => call.includes('victor') && call.includes('403'))).toHaveLength(1)
  })

  test('an entry that somebody takes away by hand is told, and an apply puts it back', async () => {
    const [, us] = it.clusters
    if (us === undefined) throw new Error('there are two regions')
    await removeAcls(us, DECLARED.slice(0, 1))
    const drifted = await it.viewer(['security', 'drift', '--owner', 'orders', '--output', 'json'])
    const { drifts } = JSON.parse(drifted.out) as SecurityDriftBody
    expect(drifted.code).toBe(6)
    expect(drifts.map(({ region, missing }) => [region, missing.map(({ principal }) => principal)])).toEqual([
      ['eu', []],
      ['us', ['User:checkout']],
    ])
    expect(await it.applied('us')).toMatchObject([{ added: 1, users: 0, quotas: 0, remaining: 0 }])
    expect((await it.viewer(['security', 'drift'])).code).toBe(0)
  })

  test('what a policy enforces comes back by itself, and nothing else changes', async () => {
    const [eu] = it.clusters
    if (eu === undefined) throw new Error('there are two regions')
    const before = await standingOf(eu)
    await removeAcls(eu, [AUDITOR])
    const isBack = async () => ((await standingOf(eu)).includes(bindingKey(AUDITOR)) ? true : undefined)
    await eventually('it is back', isBack, { limitMs: SETTLED_MS })
    expect(await standingOf(eu)).toEqual(before)
  })

  test('the rights that Isthmus itself needs are those of policies too', async () => {
    const { out } = await it.viewer(['security', 'rights', '--output', 'json'])
    const { regions } = JSON.parse(out) as SecurityRightsBody
    const ofIsthmus = regions.filter(({ principal }) => principal === 'User:admin')
    expect(ofIsthmus.map(({ region }) => region)).toEqual(['eu', 'us'])
    for (const { rights } of ofIsthmus) {
      const ofCluster = rights.filter(({ entry: { resource } }) => resource === 'cluster')
      expect(ofCluster.map(({ entry: { operation } }) => operation)).toEqual(
        expect.arrayContaining(['alter', 'alter-configs']),
      )
    }
  })
})

type Scene = Awaited<ReturnType<typeof prepare>>

async function prepare(stack: AsyncDisposableStack) {
  const regions = await Promise.all(['eu', 'us'].map((name) => startRegion({ name, brokers: 1, secured: true })))
  for (const region of regions) stack.use(region)
  const folder = mkdtempSync(join(tmpdir(), 'isthmus-policies-'))
  stack.defer(() => rmSync(folder, { recursive: true, force: true }))
  const write = (name: string, text: string) => {
    const file = join(folder, name)
    writeFileSync(file, text, { mode: 0o600 })
    return file
  }
  const clusters = regions.map((region) => stack.use(connect(region, admin(region))).cluster)
  const foreign = [
    [...PROVED, AUDITOR],
    [...PROVED, AUDITOR, STRANGER],
  ]
  await Promise.all(clusters.map((cluster, at) => addAcls(cluster, foreign[at] ?? [])))
  for (const cluster of clusters.slice(0, 1)) await makeTopics(cluster, ['orders.a'])
  const tokens = { ada: createToken(), victor: createToken() }
  const policies = [write('orders.yaml', ORDERS(write('billing.password', PASSWORD))), write('audit.yaml', AUDIT)]
  const isthmus = stack.use(
    await IsthmusProcess.start({
      regions: regions.map((region) => ({
        name: region.name,
        bootstrap: region.bootstrap,
        access: accessOf(region, write),
      })),
      rest: [
        'failoverGroups:',
        '  - { name: orders, regions: [eu, us], topics: { include: ["orders.*"] }, failover: { cooldownSeconds: 0, fenceCheckSeconds: 1 } }',
        `authority: { path: ${join(folder, 'authority.db')} }`,
        `security: { policies: [${policies.join(', ')}], driftSeconds: 5 }`,
      ].join('\n'),
      api: `auth: { tokens: [{ name: ada, role: admin, hash: "${tokens.ada.hash}" }, { name: victor, role: viewer, hash: "${tokens.victor.hash}" }] }`,
    }),
  )
  const as = (token: string) => (args: readonly string[]) =>
    cli([...args, '--api', isthmus.apiUrl], { io: { env: { ISTHMUS_TOKEN: token } } })
  const scene = {
    regions,
    clusters,
    foreign,
    connect,
    planFile: join(folder, 'plan.json'),
    admin: as(tokens.ada.token),
    viewer: as(tokens.victor.token),
    async applied(region: string) {
      const { code, out, err } = await scene.admin([...apply('CHG-1'), '--region', region, '--output', 'json'])
      if (code !== 0) throw new Error(`it ended with ${code}: ${err}`)
      return (JSON.parse(out) as { readonly results: readonly SecurityApplyBody[] }).results
    },
    /** What stops a switchover. */
    async blocking(): Promise<readonly string[]> {
      const { out } = await scene.admin(['plan', 'orders', '--to', 'us', '--output', 'json'])
      return out === '' ? ['no answer'] : (JSON.parse(out) as PlanBody).blocking
    },
  }
  const isFenced = async () => {
    if (!isthmus.isRunning) throw new Error(`isthmus ended: ${isthmus.log.slice(-8).join('\n')}`)
    const [, standby] = clusters
    const entries = (await standby?.describeAcls({}, soon())) ?? []
    return entries.some(({ permission, operation }) => permission === 'deny' && operation === 'write') || undefined
  }
  await eventually('the standby is fenced', isFenced, { limitMs: READY_MS })
  return scene
}

function apply(reason: string): string[] {
  return ['security', 'apply', '--reason', reason, '--by', 'ada', '--yes']
}

/** Everything in force but what Isthmus writes to its own topics, in a fixed order. */
/** Of everybody but Isthmus, which tries now and then whether it could fence. */
async function standingOf(cluster: Cluster): Promise<string[]> {
  const bindings: readonly AclBinding[] = await cluster.describeAcls({}, soon())
  return bindings
    .filter(({ name }) => !name.startsWith('__isthmus.'))
    .map(bindingKey)
    .sort()
}

interface Login {
  readonly username: string
  readonly password: string
}

function admin({ security }: LocalRegion): Login {
  if (security === undefined) throw new Error('the region is not secured')
  return security.admin
}

function connect({ name, bootstrap, security }: LocalRegion, login: Login) {
  const cluster = openCluster({
    name,
    bootstrap,
    ...(security && { tls: { ca: security.tls.ca } }),
    sasl: { mechanism: 'scram-sha-512', ...login },
    context: { clock: systemClock, random: systemRandom },
  })
  return { cluster, [Symbol.asyncDispose]: () => cluster.close() }
}

/** For Isthmus, as a super user; `app` is the proof of its fences. */
function accessOf(region: LocalRegion, write: (name: string, text: string) => string): string {
  const { name, security } = region
  const app = security?.users.find(({ username }) => username === 'app')
  if (security === undefined || app === undefined) throw new Error(`${name} is not secured`)
  const sasl = ({ username, password }: Login) =>
    `sasl: { mechanism: scram-sha-512, username: ${username}, passwordFile: ${write(`${name}.${username}`, password)} }`
  return [
    `tls: { caFile: ${write(`${name}.pem`, security.tls.ca)} }`,
    sasl(security.admin),
    `canary: { ${sasl(app)} }`,
  ].join(', ')
}
