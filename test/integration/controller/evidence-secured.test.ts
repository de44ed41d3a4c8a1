import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type LocalRegion, startRegion } from '../../../src/local/index.ts'
import { STANDING } from '../../../src/security/index.ts'
import { canRunKafka, testEngine } from '../../e2e/engine.ts'
import { putQuota, putScramUser } from '../../support/principals.ts'
import { signal } from '../replication/copy-trial.ts'
import { addAcls, entry, removeAcls } from '../security/secured-region.ts'
import { EvidenceStage } from './evidence-stage.ts'
import { securedConfig } from './secured-config.ts'

testEngine()

/** Two regions with TLS, SCRAM and an authorizer, one copied to the other. */
describe.runIf(canRunKafka)('what guards see of secured regions', () => {
  let eu: LocalRegion
  let us: LocalRegion
  let stage: EvidenceStage
  const ALLOWS = [
    entry('User:app'),
    entry('User:app', { operation: 'read' }),
    entry('User:app', { resource: 'group', name: 'billing', pattern: 'literal', operation: 'read' }),
  ]
  const admin = (region: LocalRegion) => {
    const login = region.security && { ca: region.security.tls.ca, ...region.security.admin }
    return { address: region.bootstrap[0] ?? '', login }
  }
  const clusterOf = (region: string) => {
    const cluster = stage.clusters.get(region)
    if (cluster === undefined) throw new Error(`no ${region}`)
    return cluster
  }

  beforeAll(async () => {
    ;[eu, us] = await Promise.all([
      startRegion({ name: 'eu', brokers: 1, secured: true }),
      startRegion({ name: 'us', brokers: 1, secured: true }),
    ])
    stage = new EvidenceStage(securedConfig({ regions: { eu, us } }))
    const topic = { topic: 'orders.a', partitions: 2, replicationFactor: 1, configs: { 'retention.ms': '3600000' } }
    await clusterOf('eu').createTopics([topic], signal)
    for (const region of ['eu', 'us']) await addAcls(clusterOf(region), ALLOWS)
    await clusterOf('eu').commitGroupOffsets(
      'billing',
      [{ topic: 'orders.a', partition: 0, offset: 0, leaderEpoch: -1, metadata: null }],
      signal,
    )
    await stage.fenceStandby('us')
    await stage.untilReady('us')
  }, 180_000)
  afterAll(async () => {
    await stage[Symbol.asyncDispose]()
    await Promise.all([eu.stop(), us.stop()])
  }, 60_000)

  test('a healthy pair blocks nothing, and what is not known stops nothing', async () => {
    const guards = await stage.guards('us')
    expect(guards.filter(({ status }) => status !== 'passed').map(({ name, status }) => [name, status])).toEqual([
      ['everyone-fenced', 'unknown'],
      ['eviction-available', 'warning'],
      ['throughput-suffices', 'unknown'],
      ['drill-recent', 'warning'],
    ])
  })

  test('certificates, volumes and proofs are looked up, not assumed', async () => {
    const { target, source, copy, clockOffsetMs } = await stage.gather('us')
    expect(target?.certificateDays).toBeGreaterThan(0)
    expect(source?.certificateDays).toBeGreaterThan(0)
    expect(target?.diskFreeShare).toBeGreaterThan(0)
    expect(target?.fenceProvedMsAgo).toBe(0)
    expect(clockOffsetMs).toBeLessThan(1_000)
    expect(copy?.missing?.map(({ partition }) => partition).sort()).toEqual(['orders.a-0', 'orders.a-1'])
  })

  test('a right that applications lack on the target is named', async () => {
    await addAcls(clusterOf('eu'), [entry('User:app', { operation: 'delete' })])
    expect(await stage.blocking('us')).toEqual({
      'rights-present': 'failed: missing rights, users and quotas: User:app DELETE topic orders.*',
    })
    await removeAcls(clusterOf('eu'), [entry('User:app', { operation: 'delete' })])
    expect(await stage.blocking('us')).toEqual({})
  })

  test('so are users and quotas', async () => {
    await putScramUser(admin(eu), 'billing')
    await putQuota(admin(eu), 'billing', 1_000)
    await expect
      .poll(async () => Object.values(await stage.blocking('us')), { timeout: 20_000 })
      .toEqual([
        'failed: missing rights, users and quotas: SCRAM-SHA-512 user billing, quota producer_byte_rate=1000 of user billing',
      ])
    await putScramUser(admin(us), 'billing')
    await putQuota(admin(us), 'billing', 1_000)
    await expect.poll(() => stage.blocking('us'), { timeout: 20_000 }).toEqual({})
  })

  test('a standby without its fence is told', async () => {
    const fences = stage.rooms.fences.get('us')
    await fences?.lift({ group: 'orders', operation: STANDING, by: 'a test' }, signal)
    expect(await stage.blocking('us')).toEqual({ 'standing-fence': 'failed: not in force' })
    await stage.fenceStandby('us')
    expect(await stage.blocking('us')).toEqual({})
  })
})
