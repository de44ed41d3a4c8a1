import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../../src/core/index.ts'
import { type Cluster, encodeBatch } from '../../../src/kafka/index.ts'
import { FenceWatch, STANDING } from '../../../src/security/index.ts'
import { canRunKafka, testEngine } from '../../e2e/engine.ts'
import { eventually } from '../../support/isthmus-process.ts'
import {
  addAcls,
  CLAIM,
  endOf,
  entry,
  makeTopics,
  ORDERS,
  removeAcls,
  type SecuredRegion,
  scopeOf,
  setAcls,
  soon,
  startSecured,
} from './secured-region.ts'

testEngine()

describe.runIf(canRunKafka)('fences of a region with an authorizer', () => {
  let setup: SecuredRegion
  beforeAll(async () => {
    setup = await startSecured()
    await makeTopics(setup.admin, ['orders.a', 'orders.b', 'other'])
  }, 120_000)
  afterAll(() => setup[Symbol.asyncDispose](), 30_000)
  beforeEach(() => setAcls(setup.admin, [entry('User:app'), entry('User:app', { name: 'other' })]))

  test('what an application sends is stored before and refused behind it, and Isthmus goes on', async () => {
    const { admin, app } = setup
    const { fences } = setup.fences()
    const before = await endOf(admin, 'orders.a')
    expect(await write(app, 'orders.a')).toBe(0)
    const applied = await fences.apply({ scope: ORDERS, ...CLAIM }, soon())
    expect(applied).toMatchObject({ kind: 'done', evidence: { mode: 'everyone', added: 3, entries: 3 } })
    expect(await write(app, 'orders.a')).toBe(29)
    expect(await write(app, 'other')).toBe(0)
    expect(await write(admin, 'orders.a')).toBe(0)
    expect(await endOf(admin, 'orders.a')).toBe(before + 2)
    await fences.liftAllOf('op-1', 'anna', soon())
    expect(await write(app, 'orders.a')).toBe(0)
  })

  test('records and the topic itself cannot be deleted, nor the topic grow', async () => {
    const { app, admin } = setup
    const rights = [entry('User:app', { operation: 'all' })]
    await addAcls(admin, rights)
    await setup.fences().fences.apply({ scope: ORDERS, ...CLAIM }, soon())
    const bounds = [{ topic: 'orders.b', partition: 0, offset: 0 }]
    expect((await app.deleteRecords(bounds, soon())).map(({ errorCode }) => errorCode)).toEqual([29])
    expect((await app.deleteTopics(['orders.b'], soon())).map(({ errorCode }) => errorCode)).toEqual([29])
    await expect(app.createPartitions('orders.b', 3, soon())).rejects.toMatchObject({ code: 'KAFKA_NOT_AUTHORIZED' })
  })

  test('the canary proves it, and none of its records is ever stored', async () => {
    const { admin } = setup
    const { fences } = setup.fences()
    const before = await endOf(admin, 'orders.b')
    expect(await fences.proveOpen(ORDERS, soon())).toEqual({ kind: 'done', evidence: { topicsTried: 2 } })
    expect((await fences.prove(ORDERS, soon())).verdict).toBe('open')
    await fences.apply({ scope: ORDERS, ...CLAIM }, soon())
    expect(await fences.prove(ORDERS, soon())).toMatchObject({
      verdict: 'fenced',
      strength: 'refused',
      brokers: [{ nodeId: 1, verdict: 'fenced', missing: 0, canary: 'refused' }],
      topicsTried: 2,
    })
    expect(await fences.proveOpen(ORDERS, soon())).toMatchObject({ kind: 'waiting' })
    expect(await endOf(admin, 'orders.b')).toBe(before)
  })

  test('a DENY that somebody takes away, and an ALLOW that a tool puts back, are told apart', async () => {
    const { admin } = setup
    const { fences } = setup.fences()
    await fences.apply({ scope: ORDERS, ...CLAIM }, soon())
    await addAcls(admin, [entry('User:app', { operation: 'all', name: '*', pattern: 'literal' })])
    expect((await fences.prove(ORDERS, soon())).verdict).toBe('fenced')
    await removeAcls(admin, [entry('User:*', { permission: 'deny' })])
    const proof = await fences.prove(ORDERS, soon())
    expect(proof.verdict).toBe('open')
    expect(proof.reason).toContain('lets the canary write to orders.')
  })

  test('the watch puts a standing fence up, and up again after somebody took it away', async () => {
    const { admin } = setup
    const { fences, events, told } = setup.fences()
    const errors: unknown[] = []
    const watch = new FenceWatch({
      fences,
      events,
      clock: systemClock,
      subjects: () => [{ scope: ORDERS, want: 'fenced', operation: undefined }],
      mayAct: () => true,
      onError: (error) => errors.push(error),
      everyMs: 100,
    })
    watch.start()
    try {
      await expect.poll(() => watch.status()[0]?.state, { timeout: 10_000 }).toBe('fenced')
      await admin.deleteAcls([entry('User:*', { permission: 'deny' })], soon(), 1)
      await expect.poll(() => told.filter((name) => name === 'fence:held').length, { timeout: 10_000 }).toBe(2)
      expect(told.slice(0, 5)).toEqual(['fence:applied', 'fence:held', 'fence:lost', 'fence:applied', 'fence:held'])
    } finally {
      await watch.stop()
    }
    expect(errors).toEqual([])
  })

  test('a topic is fenced before it exists', async () => {
    const { admin, app } = setup
    const scope = scopeOf(['/orders.*/'], (topic) => topic.startsWith('orders.'))
    const topic = 'orders.fresh'
    const { fences } = setup.fences()
    await fences.apply({ scope, ...CLAIM, operation: STANDING, comingTopics: [topic] }, soon())
    await makeTopics(admin, [topic])
    expect(await write(app, topic)).toBe(29)
    await admin.deleteTopics([topic], soon())
  })

  test('a fenced group cannot commit any more, but for Isthmus', async () => {
    const { admin, app } = setup
    const right = { resource: 'group', name: 'billing', pattern: 'literal', operation: 'read' } as const
    await addAcls(admin, [entry('User:app', right), entry('User:app', { operation: 'read' })])
    const positions = [{ topic: 'orders.a', partition: 0, offset: 0, leaderEpoch: -1, metadata: null }]
    const commit = async (cluster: Cluster) =>
      (await cluster.commitGroupOffsets('billing', positions, soon())).map(({ errorCode }) => errorCode)
    expect(await commit(app)).toEqual([0])
    const { fences } = setup.fences()
    await fences.applyToGroups({ group: 'orders', consumerGroups: ['billing'], ...CLAIM }, soon())
    await expect(commit(app)).resolves.toEqual([30])
    expect(await commit(admin)).toEqual([0])
    await fences.lift({ group: 'orders', operation: 'op-1', by: 'anna', means: 'groups' }, soon())
    expect(await commit(app)).toEqual([0])
  })

  test('without being a super user, Isthmus denies those that an ALLOW lets in, and not itself', async () => {
    const { admin, app, ordinary } = setup
    const ofCluster = { resource: 'cluster', name: 'kafka-cluster', pattern: 'literal' } as const
    const own = [
      entry('User:isthmus', { ...ofCluster, operation: 'alter' }),
      entry('User:isthmus', { ...ofCluster, operation: 'describe' }),
      entry('User:isthmus', { operation: 'all' }),
    ]
    await addAcls(admin, own)
    const { fences } = setup.fences({ cluster: ordinary, principal: 'User:isthmus' })
    const applied = await fences.apply({ scope: ORDERS, ...CLAIM }, soon())
    expect(applied).toMatchObject({ kind: 'done', evidence: { mode: 'enumerated', entries: 3 } })
    expect(await fences.prove(ORDERS, soon())).toMatchObject({ verdict: 'fenced', strength: 'refused' })
    expect([await write(app, 'orders.a'), await write(ordinary, 'orders.a')]).toEqual([29, 0])
    await fences.liftAllOf('op-1', 'anna', soon())
    await addAcls(admin, [entry('User:*')])
    expect(await fences.plan(ORDERS, soon())).toMatchObject({ obstacles: [{ code: 'everyone-allowed' }] })
    await removeAcls(admin, [...own.slice(0, 1), entry('User:*')])
    expect(await fences.apply({ scope: ORDERS, ...CLAIM }, soon())).toMatchObject({
      kind: 'failed',
      fault: { code: 'FENCE_REFUSED' },
    })
    await removeAcls(admin, own.slice(1, 2))
    expect(await fences.plan(ORDERS, soon())).toMatchObject({ obstacles: [{ code: 'acls-not-readable' }] })
  })

  test('topic configs fence where there is no transactional producer, and only there', async () => {
    const { admin } = setup
    await makeTopics(admin, ['bills'])
    const scope = scopeOf(['bills'], (topic) => topic === 'bills')
    const { fences } = setup.fences()
    expect((await fences.proveTopicConfig(scope, soon())).verdict).toBe('open')
    expect(await fences.applyTopicConfig({ scope, ...CLAIM }, soon())).toMatchObject({ kind: 'done' })
    await expect.poll(async () => (await fences.proveTopicConfig(scope, soon())).verdict).toBe('fenced')
    expect(await write(admin, 'bills')).toBe(10)
    expect(await fences.liftAllOf('op-1', 'anna', soon())).toMatchObject({ kind: 'done' })
    await expect.poll(() => write(admin, 'bills')).toBe(0)
    await abortOne(admin, 'bills')
    expect(await fences.applyTopicConfig({ scope, ...CLAIM }, soon())).toMatchObject({
      kind: 'failed',
      fault: { code: 'FENCE_TOPIC_CONFIG_REFUSED' },
    })
    expect(await write(admin, 'bills')).toBe(0)
  })
})

describe.runIf(canRunKafka)('a region without an authorizer', () => {
  test('has no fence of ACLs, and is told why', async () => {
    await using setup = await startSecured({ name: 'plain', secured: false })
    await makeTopics(setup.admin, ['orders.a'])
    const { fences } = setup.fences({ canary: undefined })
    expect(await fences.plan(ORDERS, soon())).toMatchObject({
      kind: 'unavailable',
      obstacles: [{ code: 'no-authorizer' }],
    })
    expect((await fences.prove(ORDERS, soon())).verdict).toBe('open')
    expect(await fences.applyTopicConfig({ scope: ORDERS, ...CLAIM }, soon())).toMatchObject({ kind: 'done' })
    await expect.poll(async () => (await fences.proveTopicConfig(ORDERS, soon())).verdict).toBe('fenced')
  }, 60_000)
})

/** One record under the rights of the client; the broker's code. */
async function write(cluster: Cluster, topic: string): Promise<number> {
  const { topics } = await cluster.metadata([topic], soon())
  const topicId = topics[0]?.topicId ?? ''
  // Who may not look at a topic does not learn its id.
  const known = topicId.startsWith('00000000') ? ids.get(topic) : topicId
  ids.set(topic, known ?? '')
  const records = [{ timestamp: Date.now(), key: null, value: Buffer.from('order') }]
  const batch = encodeBatch({ records, codec: 'none', producerId: -1n, producerEpoch: -1, baseSequence: -1 })
  const channel = await cluster.openChannel(1, soon())
  try {
    const request = { timeoutMs: 5_000, batches: [{ topic, topicId: known ?? '', partition: 0, batch }] }
    return (await channel.produce(request)).partitions[0]?.errorCode ?? -1
  } finally {
    await channel.close()
  }
}
const ids = new Map<string, string>()

async function abortOne(cluster: Cluster, topic: string): Promise<void> {
  const transactionalId = 'fence-test'
  // The first transaction of a region has to wait for its coordinator, longer than this client does.
  const identity = await eventually(
    'a producer id',
    () => cluster.initProducerId(transactionalId, 60_000, soon()).catch(() => undefined),
    { limitMs: 20_000 },
  )
  const txn = { transactionalId, ...identity }
  await cluster.addPartitionsToTxn(txn, [{ topic, partition: 0 }], soon())
  await cluster.endTxn(txn, 'abort', soon())
  const isEnded = async () => (await cluster.describeTransaction(transactionalId, soon()))?.state
  await expect.poll(isEnded, { timeout: 20_000 }).toBe('CompleteAbort')
}
