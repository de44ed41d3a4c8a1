import { afterEach, describe, expect, it } from 'vitest'
import { eventually, signal, values } from '../replication/copy-trial.ts'
import { Mover } from '../replication/moves/moving.ts'
import { startTwoRegions } from '../replication/two-regions.ts'
import { ReturnTrial } from './returning.ts'

const { source: a, target: b, from: inA, to: inB } = await startTwoRegions()

let trial: ReturnTrial | undefined
afterEach(async () => {
  await trial?.stop()
  trial = undefined
})

const PROMOTION = { isPromotion: true, unproved: 'end', markers: 'always', by: 'a test' } as const

async function makeTopic(topic: string, partitions: number, configs: Readonly<Record<string, string>> = {}) {
  await inA.cluster.createTopics([{ topic, partitions, replicationFactor: 1, configs }], signal)
  await eventually(
    `${topic} has leaders`,
    async () => {
      const { topics } = await inA.cluster.metadata([topic], signal)
      return topics[0]?.partitions.length === partitions && topics[0].partitions.every(({ leaderId }) => leaderId >= 0)
        ? true
        : undefined
    },
    () => '',
  )
}

async function send(side: typeof inA, topic: string, partition: number, texts: readonly string[]): Promise<void> {
  const producer = side.kafka.producer({ retry: { retries: 8 } })
  await producer.connect()
  await producer.send({ topic, messages: texts.map((value) => ({ partition, key: `key of ${value}`, value })) })
  await producer.disconnect()
}

/** Everything in region a goes to b; then a writes on by itself and dies, b takes its place and writes, and a is back. */
async function loseRegion(topics: readonly string[], tails: () => Promise<void>, afterwards: () => Promise<void>) {
  const mover = new Mover({ a, b }, topics)
  await mover.copy('a', 'b')
  await mover.untilCopied('a', 'b')
  await mover.stopCopy('a', 'b')
  await tails()
  await a.stopBroker(0, { hard: true })
  const { closed, waiting } = await mover.replicator.moves.close(mover.link('a', 'b'), PROMOTION, signal)
  expect([closed.length > 0, waiting]).toEqual([true, []])
  await mover.stop()
  await afterwards()
  await a.startBroker(0)
  trial = new ReturnTrial({ a, b }, { topics, lost: 'a', active: 'b' })
  return trial
}

const shown = (records: readonly { readonly key: string | null; readonly value: string | null }[]) =>
  records.map(({ key, value }) => `${key} ${value}`)

async function expectEqual(topic: string, partitions: number, offsets: 'identical' | 'shifted'): Promise<void> {
  for (let partition = 0; partition < partitions; partition++) {
    const [there, here] = [await inB.read(topic, partition), await inA.read(topic, partition)]
    if (offsets === 'identical') expect(here).toEqual(there)
    else expect(shown(here)).toEqual(shown(there))
  }
}

describe('the return of a region that was lost', () => {
  it('follows again without copying anything where nothing has diverged', async () => {
    await makeTopic('same', 2)
    for (const partition of [0, 1]) await send(inA, 'same', partition, values(`before ${partition}`, 20))
    const producer = inA.kafka.producer({ transactionalId: 'undecided', idempotent: true, maxInFlightRequests: 1 })
    const running = await loseRegion(
      ['same'],
      async () => {
        // What nobody has committed is nobody's: neither what was aborted, nor what the crash left open.
        await producer.connect()
        for (const isLeftOpen of [false, true]) {
          const transaction = await producer.transaction()
          await transaction.send({ topic: 'same', messages: [{ partition: 1, value: 'never committed' }] })
          if (!isLeftOpen) await transaction.abort()
        }
      },
      () => send(inB, 'same', 0, values('on b', 5)),
    )
    await producer.disconnect().catch(() => undefined)
    expect(await running.run()).toBeUndefined()
    expect(running.phases).toEqual(['scanning', 'rejoining', 'standby'])
    expect(running.role).toBe('standby')
    await send(inB, 'same', 1, values('later on b', 2))
    const texts = async (side: typeof inA) => (await side.readCommitted('same', 1)).map(({ value }) => value)
    const all = [...values('before 1', 20), ...values('later on b', 2)]
    await eventually(
      'what comes later is copied',
      async () => ((await texts(inA)).length === 22 ? true : undefined),
      () => running.describe(),
    )
    expect([await texts(inA), await texts(inB)]).toEqual([all, all])
    await expectEqual('same', 1, 'shifted')
    const flows = running.replicator.status().links[0]?.flows ?? []
    expect(flows.map(({ counters }) => counters.recordsCopied).sort((one, other) => one - other)).toEqual([2, 5])
    const fencing = running.evidenceOf('fencing') as { readonly window: { readonly provedAt: string } }
    expect(fencing.window.provedAt).toMatch(/^20/)
  }, 90_000)

  it('is copied again only where it diverged, by a controller that dies before and after every message', async () => {
    const topics = ['parted', 'tables', 'alone', 'whole']
    await makeTopic('parted', 3)
    await makeTopic('tables', 2, { 'cleanup.policy': 'compact' })
    await makeTopic('alone', 1)
    await makeTopic('whole', 1)
    for (const partition of [0, 1, 2]) await send(inA, 'parted', partition, values(`before ${partition}`, 20))
    for (const partition of [0, 1]) await send(inA, 'tables', partition, values(`row ${partition}`, 10))
    for (const topic of ['alone', 'whole']) await send(inA, topic, 0, values('before', 10))
    const running = await loseRegion(
      topics,
      async () => {
        await send(inA, 'parted', 1, values('only on a', 7))
        await send(inA, 'tables', 0, values('only on a', 3))
        await send(inA, 'alone', 0, values('only on a', 4))
      },
      async () => {
        await send(inB, 'parted', 1, [...values('only on a', 2), ...values('on b', 5)])
        await send(inB, 'alone', 0, values('on b', 5))
        await send(inB, 'whole', 0, values('on b', 5))
      },
    )
    const waiting = await running.run({ deaths: true })
    expect(waiting?.phase).toBe('choosing')
    expect(waiting?.divergence).toEqual({ records: 14, partitions: 3, onlyHere: 0 })
    const { totals } = running.evidenceOf('scanning') as never as { totals: Record<string, number> }
    expect(totals).toMatchObject({ topics: 3, keysInConflict: 2, wholeTopics: 1, recopyOffsets: 28 + 11 + 16 })
    const topicId = { parted: await inA.topicId('parted'), alone: await inA.topicId('alone') }

    running.choose({ kind: 'discard' })
    expect(await running.run({ deaths: true })).toBeUndefined()
    expect(running.phases).toEqual(['scanning', 'choosing', 'reseeding', 'rejoining', 'standby'])
    expect(running.deaths).toBeGreaterThan(3)
    await expectEqual('parted', 3, 'shifted')
    await expectEqual('tables', 2, 'shifted')
    await expectEqual('alone', 1, 'shifted')
    await expectEqual('whole', 1, 'shifted')
    expect(await inA.topicId('parted')).toBe(topicId.parted)
    expect(await inA.topicId('alone')).not.toBe(topicId.alone)
    const policy = async () => {
      const [described] = await inA.cluster.describeTopicConfigs(['tables'], signal)
      return described?.entries.find(({ name }) => name === 'cleanup.policy')?.value
    }
    expect(await policy()).toBe('compact')
    const starts = await inA.cluster.listOffsets(
      {
        isolation: 'read_uncommitted',
        partitions: [0, 1, 2].map((partition) => ({ topic: 'parted', partition, timestamp: -2 })),
      },
      signal,
    )
    expect(starts.map(({ offset }) => offset)).toEqual([0, 27, 0])
    // Home again, as any standby would go there.
    await running.stop()
    trial = undefined
    const mover = new Mover({ a, b }, topics)
    await mover.copy('b', 'a')
    await mover.untilCopied('b', 'a')
    await mover.switchOver('b', 'a')
    await send(inA, 'parted', 1, values('home', 3))
    await send(inA, 'alone', 0, values('home', 3))
    await mover.untilCopied('a', 'b')
    await mover.stop()
    await expectEqual('parted', 3, 'shifted')
    await expectEqual('alone', 1, 'shifted')
  }, 120_000)

  it('has what only it holds written out and appended once, whenever the controller dies', async () => {
    const topics = ['late', 'late-rows']
    await makeTopic('late', 2)
    await makeTopic('late-rows', 1, { 'cleanup.policy': 'compact' })
    for (const partition of [0, 1]) await send(inA, 'late', partition, values(`before ${partition}`, 20))
    await send(inA, 'late-rows', 0, values('row', 5))
    const producer = inA.kafka.producer({ transactionalId: 'late app', idempotent: true, maxInFlightRequests: 1 })
    const running = await loseRegion(
      topics,
      async () => {
        await send(inA, 'late', 0, values('only on a', 3))
        await producer.connect()
        for (const outcome of ['commit', 'abort'] as const) {
          const transaction = await producer.transaction()
          const messages = values(`to ${outcome}`, 2).map((value) => ({ partition: 0, key: null, value }))
          await transaction.send({ topic: 'late', messages })
          await transaction[outcome]()
        }
        const open = await producer.transaction()
        await open.send({ topic: 'late-rows', messages: [{ key: 'left', value: 'open' }] })
        await send(inA, 'late-rows', 0, values('only on a', 2))
      },
      () => send(inB, 'late', 0, values('on b', 5)),
    )
    await producer.disconnect().catch(() => undefined)
    expect((await running.run())?.divergence).toEqual({ records: 7, partitions: 2, onlyHere: 0 })
    running.choose({ kind: 'replay' })
    expect(await running.run({ deaths: true })).toBeUndefined()
    const phases = ['scanning', 'choosing', 'exporting', 'replaying', 'reseeding', 'rejoining', 'standby']
    expect(running.phases).toEqual(phases)
    expect(running.deaths).toBeGreaterThan(10)

    const diverged = [...values('only on a', 3), ...values('to commit', 2)]
    const exported = await inB.readCommitted('isthmus.diverged.late.2')
    expect(exported.map(({ value }) => value)).toEqual(diverged)
    expect(exported.map(({ headers }) => headers)).toEqual(
      [20, 21, 22, 23, 24].map((offset) =>
        expect.objectContaining({
          'isthmus.source-region': 'a',
          'isthmus.topic': 'late',
          'isthmus.partition': '0',
          'isthmus.offset': String(offset),
          'isthmus.epoch': '2',
          'isthmus.return': 'op-late-a',
        }),
      ),
    )
    const onB = (await inB.readCommitted('late')).map(({ value }) => value)
    expect(onB).toEqual([...values('before 0', 20), ...values('on b', 5), ...diverged])
    expect(running.evidenceOf('exporting')).toMatchObject({ records: 7, partitions: 2 })
    expect(running.evidenceOf('replaying')).toEqual({ records: 7 })
    for (const topic of topics) {
      const [there, here] = [await inB.readCommitted(topic), await inA.readCommitted(topic)]
      expect(shown(here)).toEqual(shown(there))
    }
    expect(await inA.readCommitted('late', 1)).toHaveLength(20)
  }, 120_000)

  it('keeps what only it holds where it is, and follows behind it', async () => {
    await makeTopic('kept', 2)
    for (const partition of [0, 1]) await send(inA, 'kept', partition, values(`before ${partition}`, 10))
    const running = await loseRegion(
      ['kept'],
      () => send(inA, 'kept', 0, values('only on a', 4)),
      () => send(inB, 'kept', 0, values('on b', 5)),
    )
    expect((await running.run())?.phase).toBe('choosing')
    running.choose({ kind: 'keep' })
    expect(await running.run({ deaths: true })).toBeUndefined()
    expect(running.phases.slice(-4)).toEqual(['replaying', 'keeping', 'rejoining', 'standby'])
    const [before, own, late] = [
      values('before 0', 10),
      values('only on a', 4),
      [...values('on b', 5), ...values('only on a', 4)],
    ]
    expect((await inA.readCommitted('kept')).map(({ value }) => value)).toEqual([...before, ...own, ...late])
    expect((await inB.readCommitted('kept')).map(({ value }) => value)).toEqual([...before, ...late])
    // Another replicator goes on with it, and so does the way home.
    await running.stop()
    trial = undefined
    const mover = new Mover({ a, b }, ['kept'])
    await mover.copy('b', 'a')
    await mover.untilCopied('b', 'a')
    const { id } = mover.replicator.startVerification({ link: mover.link('b', 'a').name, scope: { kind: 'whole' } })
    const report = await eventually(
      'both are compared',
      () => {
        const found = mover.replicator.verification(id)
        return found.state === 'running' ? undefined : found
      },
      () => mover.describe(),
    )
    expect(report.verdict).toBe('equal')
    expect(report.partitions.reduce((sum, { attributed }) => sum + attributed, 0)).toBe(4)
    await mover.switchOver('b', 'a')
    await send(inA, 'kept', 0, values('home', 3))
    await mover.untilCopied('a', 'b')
    await mover.stop()
    expect((await inB.readCommitted('kept')).map(({ value }) => value)).toEqual([
      ...before,
      ...late,
      ...values('home', 3),
    ])
  }, 120_000)

  it('destroys nothing older that is only there, unless that was allowed', async () => {
    await makeTopic('older', 2)
    for (const partition of [0, 1]) await send(inA, 'older', partition, values(`before ${partition}`, 10))
    const running = await loseRegion(
      ['older'],
      () => send(inA, 'older', 0, values('only on a', 3)),
      async () => {
        const bounds = [0, 1].map((partition) => ({ topic: 'older', partition, offset: 4 }))
        await inB.cluster.deleteRecords(bounds, signal)
      },
    )
    expect((await running.run())?.divergence).toEqual({ records: 3, partitions: 1, onlyHere: 4 })
    running.choose({ kind: 'discard' })
    expect((await running.run())?.stop).toMatchObject({ at: 'reseeding', fault: { code: 'RETURN_LOSES_OLDER' } })
    expect(await inA.read('older')).toHaveLength(13)
    // Somebody writes past the fence: nobody has seen that, so it is not destroyed either.
    await send(inA, 'older', 0, values('past the fence', 1))
    running.choose({ kind: 'discard', losesOlder: true })
    expect((await running.run())?.stop?.fault?.code).toBe('RETURN_TAIL_CHANGED')
    expect(await inA.read('older')).toHaveLength(14)
    running.resume()
    expect((await running.run())?.divergence).toEqual({ records: 4, partitions: 1, onlyHere: 4 })
    running.choose({ kind: 'discard', losesOlder: true })
    expect(await running.run()).toBeUndefined()
    expect((await inA.read('older')).map(({ value }) => value)).toEqual(values('before 0', 10).slice(4))
    expect(shown(await inA.read('older', 1)).length).toBeGreaterThanOrEqual(6)
  }, 120_000)

  it('is copied again into a topic of its own where it had been a copy before', async () => {
    await makeTopic('again', 1)
    await send(inA, 'again', 0, values('first', 10))
    const mover = new Mover({ a, b }, ['again'])
    await mover.copy('a', 'b')
    await mover.untilCopied('a', 'b')
    await mover.switchOver('a', 'b')
    await send(inB, 'again', 0, values('second', 5))
    await mover.untilCopied('b', 'a')
    await mover.switchOver('b', 'a')
    await mover.stop()
    const running = await loseRegion(
      ['again'],
      () => send(inA, 'again', 0, values('only on a', 2)),
      () => send(inB, 'again', 0, values('third', 4)),
    )
    expect((await running.run())?.divergence).toEqual({ records: 2, partitions: 1, onlyHere: 0 })
    const topicId = await inA.topicId('again')
    running.choose({ kind: 'discard' })
    expect(await running.run({ deaths: true })).toBeUndefined()
    expect(await inA.topicId('again')).not.toBe(topicId)
    await expectEqual('again', 1, 'shifted')
    expect((await inA.read('again')).length).toBe(19)
    const { incidents } = running.replicator.status()
    expect(incidents.filter(({ topic, acknowledged }) => topic === 'again' && acknowledged === null)).toEqual([])
  }, 120_000)
})
