import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { clientProviders } from '../../../src/controller/client-providers.ts'
import { regionName, systemClock } from '../../../src/core/index.ts'
import { makeMoveEffects, type MoveContext } from '../../../src/failover/index.ts'
import { type LocalRegion, startRegion } from '../../../src/local/index.ts'
import { resolveEviction } from '../../../src/routing/index.ts'
import { canRunKafka, testEngine } from '../../e2e/engine.ts'
import { Side, signal } from '../replication/copy-trial.ts'
import { EvidenceStage } from './evidence-stage.ts'
import { securedConfig } from './secured-config.ts'

testEngine()

/** Of a switchover from eu to us that has just begun. */
function moveContext(stage: EvidenceStage): MoveContext {
  const request = { by: 'anna', reason: 'a test', at: '', planHash: 'x', writePauseLimitMs: 60_000 }
  return {
    document: stage.document,
    operation: {
      id: 'op-1',
      kind: 'switchover',
      from: regionName('eu'),
      to: regionName('us'),
      phase: 'preflight',
      attempt: 1,
      epoch: 1,
      request: { ...request, overrides: [], acceptLoss: false },
      fence: 'untouched',
      evidence: {},
      writePausedMs: 0,
      warnings: [],
    },
    permit: () => ({ name: 'controller', holder: 'one', token: 1 }),
    evidenceOf: () => Promise.resolve(undefined),
  }
}

/** Two regions as a first try has them: no login, no authorizer; a command of the operator is the fence. */
describe.runIf(canRunKafka)('what guards see of plain regions', () => {
  let eu: LocalRegion
  let us: LocalRegion
  let from: Side
  let to: Side
  let stage: EvidenceStage
  /** A controller that copies nothing. */
  let driver: EvidenceStage
  const command = ["    fence: {command: {fence: ['true'], unfence: ['true']}}"]

  beforeAll(async () => {
    ;[eu, us] = await Promise.all([startRegion({ name: 'eu' }), startRegion({ name: 'us' })])
    ;[from, to] = [new Side(eu), new Side(us)]
    const topics = ['orders.a', 'orders.b'].map((topic) => ({
      topic,
      partitions: 1,
      replicationFactor: 1,
      configs: {},
    }))
    await from.cluster.createTopics(topics, signal)
    const config = securedConfig({ regions: { eu, us }, more: { eu: command } })
    stage = new EvidenceStage(config)
    driver = new EvidenceStage(config, { copies: false })
    await commit('billing')
    await from.produce('orders.a', ['one', 'two'])
    await stage.untilReady('us')
  }, 180_000)
  afterAll(async () => {
    await Promise.all([stage[Symbol.asyncDispose](), driver[Symbol.asyncDispose]()])
    await Promise.all([from.close(), to.close()])
    await Promise.all([eu.stop(), us.stop()])
  }, 60_000)

  const commit = (group: string) =>
    from.cluster.commitGroupOffsets(
      group,
      [{ topic: 'orders.a', partition: 0, offset: 0, leaderEpoch: -1, metadata: null }],
      signal,
    )

  test('a healthy pair blocks nothing; that there is no standing fence is told', async () => {
    const guards = await stage.guards('us')
    expect(guards.filter(({ status }) => status !== 'passed').map(({ name, status }) => [name, status])).toEqual([
      ['standing-fence', 'warning'],
      ['eviction-available', 'warning'],
      ['throughput-suffices', 'unknown'],
      ['drill-recent', 'warning'],
    ])
    expect(guards.find(({ name }) => name === 'certificates-valid')?.evidence).toBe('reached without TLS')
  })

  test('the doctor tells what will be missed one day, and what is put right is not told again', async () => {
    const before = await stage.diagnose()
    expect(Object.keys(before).sort()).toEqual([
      'drill-old',
      'eviction-unavailable',
      'gate-missing eu',
      'gate-missing us',
      'replication-factor-one eu',
      'replication-factor-one us',
      'standing-fence-missing us',
      'vantage-points-few',
    ])
    expect(before['replication-factor-one eu']).toContain('orders.a')
    const unsafe = { 'unclean.leader.election.enable': 'true', 'retention.ms': '3600000' }
    await from.cluster.alterTopicConfigs('orders.b', unsafe, signal)
    await from.createTopic('billing-totals-store-changelog')
    const after = await stage.diagnose()
    expect(after['unclean-election eu']).toBe('topics: orders.b')
    expect(after['retention-short eu']).toBe('topics: orders.b (1 of 24 h)')
    expect(after['internal-topics-outside eu']).toContain('billing-totals-store-changelog')
    await from.cluster.alterTopicConfigs(
      'orders.b',
      { 'unclean.leader.election.enable': null, 'retention.ms': null },
      signal,
    )
    await from.cluster.deleteTopics(['billing-totals-store-changelog'], signal)
    await expect.poll(async () => Object.keys(await stage.diagnose()), { timeout: 20_000 }).toEqual(Object.keys(before))
  })

  test('a controller that copies nothing sees the same in the logs', async () => {
    expect(await driver.blocking('us')).toEqual({})
    const { copy } = await driver.gather('us')
    expect(copy?.missing?.map(({ partition, records }) => [partition, records]).sort()).toEqual([
      ['orders.a-0', 0],
      ['orders.b-0', 0],
    ])
    expect(copy?.positionsAgeMs).toBeGreaterThanOrEqual(0)
  })

  test('a source without any fence is not left', async () => {
    const { source } = await stage.extras.gather(
      { ...stage.document, active: regionName('us') },
      { kind: 'switchover', to: regionName('eu'), overrides: [], acceptLoss: false, writePauseLimitMs: 60_000 },
      signal,
    )
    expect(source?.fenceUnavailable).toContain('no authorizer')
  })

  test('guards are asked once more as a step, and clients are waited for until they have left', async () => {
    const expected = "process.env.ISTHMUS_ACTION === 'evict' && process.env.ISTHMUS_FROM === 'eu'"
    const evict = [process.execPath, '-e', `process.exit(${expected} ? 0 : 1)`]
    const resolved = resolveEviction({ kind: 'command', evict }, 'orders')
    const group = { routing: [], eviction: resolved === undefined ? [] : [resolved] }
    const { eviction } = clientProviders(group, { clock: systemClock, env: process.env })
    const effects = makeMoveEffects(stage.rooms, { ...stage.extras, eviction })
    const context = moveContext(stage)
    expect(await effects.preflight(context, signal)).toMatchObject({ kind: 'done' })

    const consumer = from.kafka.consumer({ groupId: 'billing' })
    await consumer.subscribe({ topic: 'orders.a' })
    await consumer.run({ eachMessage: async () => undefined })
    const members = async () => {
      return (await stage.extras.clients(regionName('eu'), signal)).map((group) => [group.group, group.members.length])
    }
    await expect.poll(members, { timeout: 20_000 }).toEqual([['billing', 1]])
    expect(await effects.evict(context, signal)).toMatchObject({
      kind: 'waiting',
      reason: expect.stringContaining('groups with members left in eu: billing (1'),
    })
    expect(await effects.reroute(context, signal)).toMatchObject({
      kind: 'done',
      findings: { warning: expect.stringContaining('have to be pointed at us by hand') },
    })
    await consumer.disconnect()
    const left = async () => (await effects.evict(context, signal)).kind
    await expect.poll(left, { timeout: 20_000 }).toBe('done')
  })

  test('an unequal partition count is told, and nothing else', async () => {
    await to.cluster.createPartitions('orders.b', 2, signal)
    const told = { 'partition-counts-equal': 'failed: topics with unequal partition counts: orders.b (1 and 2)' }
    await expect.poll(() => stage.blocking('us'), { timeout: 20_000 }).toEqual(told)
    await from.cluster.createPartitions('orders.b', 2, signal)
    await expect.poll(() => stage.blocking('us'), { timeout: 20_000 }).toEqual({})
  })

  test('internal topics of a Streams application that reads the topics have to move with it', async () => {
    await from.createTopic('billing-totals-store-changelog')
    expect(await stage.blocking('us')).toEqual({
      'internal-topics-selected': 'failed: internal topics outside the selection: billing-totals-store-changelog',
    })
    await from.cluster.deleteTopics(['billing-totals-store-changelog'], signal)
    await expect.poll(() => stage.blocking('us'), { timeout: 20_000 }).toEqual({})
  })

  test('a topic that is not copied is told', async () => {
    const link = stage.rooms.linkOf(regionName('eu'), regionName('us'))
    await stage.replicator.stopLink(link.name, 'a test', signal)
    await from.createTopic('orders.late')
    const { copy } = await stage.gather('us')
    expect(copy).toMatchObject({ wrongDirections: ['orders.late (not copied)'], unknownLoss: ['orders.late-0'] })
    await stage.replicator.addLink(link)
    await expect.poll(() => stage.blocking('us'), { timeout: 20_000 }).toEqual({})
  })

  test('what was lost on the way waits for somebody who has looked at it', async () => {
    const link = stage.rooms.linkOf(regionName('eu'), regionName('us'))
    await stage.replicator.stopLink(link.name, 'a test', signal)
    await from.produce('orders.a', ['three', 'four'])
    await from.cluster.deleteRecords([{ topic: 'orders.a', partition: 0, offset: 4 }], signal)
    await stage.replicator.addLink(link)
    const told = { 'no-open-gaps': expect.stringMatching(/^failed: open incidents: orders\.a-0: /) }
    await expect.poll(() => stage.blocking('us'), { timeout: 20_000 }).toEqual(told)
    expect(await driver.blocking('us')).toEqual(told)
    const [incident] = stage.replicator.status().incidents
    await stage.replicator.acknowledgeIncident({ id: incident?.id ?? '', by: 'anna', note: 'known' })
    await expect.poll(() => stage.blocking('us'), { timeout: 20_000 }).toEqual({})
  })

  test('a target that does not answer fails its guard; what it would have told is unknown, never passed', async () => {
    await us.pauseBroker(0)
    const [guards, found] = await Promise.all([stage.guards('us'), stage.diagnose()])
    await us.resumeBroker(0)
    expect(found['region-unreachable us']).toMatch(/no answer/)
    expect(found['could-not-look us']).toContain('disk-headroom: could not be found out: us does not answer')
    expect(found['region-unreachable eu']).toBeUndefined()
    const of = (status: string) => guards.filter((guard) => guard.status === status).map(({ name }) => name)
    expect(of('failed')).toEqual(['target-reachable'])
    expect(of('unknown')).toEqual(
      expect.arrayContaining([
        'target-in-sync',
        'configs-accepted',
        'rights-present',
        'disk-headroom',
        'standing-fence',
      ]),
    )
    expect(guards.find(({ name }) => name === 'disk-headroom')?.evidence).toContain('us does not answer')
  })

  test('a source that is gone is left with what was last seen of it', async () => {
    await from.produce('orders.a', ['five'])
    await expect.poll(() => stage.blocking('us'), { timeout: 20_000 }).toEqual({})
    expect(await driver.blocking('us')).toEqual({})
    await eu.pauseBroker(0)
    const guards = await stage.guards('us', 'failover')
    const { copy } = await stage.gather('us', 'failover')
    const seen = (await driver.gather('us', 'failover')).copy
    await eu.resumeBroker(0)
    expect(guards.filter(({ isBlocking }) => isBlocking)).toEqual([])
    expect(guards.find(({ name }) => name === 'source-reachable')?.status).toBe('warning')
    const loss = copy?.missing?.find(({ partition }) => partition === 'orders.a-0')
    expect(loss).toMatchObject({ records: 0 })
    expect(loss?.seenMsAgo).toBeGreaterThan(1_000)
    // Whoever copies nothing has looked at the logs before.
    expect(seen?.unknownLoss).toEqual([])
    expect(seen?.missing?.find(({ partition }) => partition === 'orders.a-0')).toMatchObject({ records: 0 })
  })
})
