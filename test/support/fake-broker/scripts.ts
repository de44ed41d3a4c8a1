/**
 * What the fake broker is trusted for: each script talks to a broker and answers what it saw. A real broker and the
 * fake have to give the same. Ids, addresses and times differ by nature and are left out, or counted from the first.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock, systemRandom } from '../../../src/core/index.ts'
import {
  type Cluster,
  encodeBatch,
  encodeDamagedBatch,
  isControl,
  type ProducerIdentity,
  readBatch,
} from '../../../src/kafka/index.ts'

export type Script = (broker: ScriptContext) => Promise<unknown>

export interface ScriptContext {
  readonly cluster: Cluster
  readonly signal: AbortSignal
  /** A new topic of one partition, ready. */
  readonly topic: () => Promise<Place>
}

export const SCRIPTS: Readonly<Record<string, Script>> = {
  async 'metadata of what is there and what is not'({ cluster, signal, topic }) {
    const { name } = await topic()
    const { topics } = await cluster.metadata([name, 'nowhere'], signal)
    const seen = topics.map(({ errorCode, partitions }) => ({ errorCode, partitions: partitions.length }))
    return seen.toSorted((a, b) => a.errorCode - b.errorCode)
  },

  async 'a topic that is made twice'({ cluster, signal, topic }) {
    const { name } = await topic()
    const again = await cluster.createTopics(
      [{ topic: name, partitions: 1, replicationFactor: 1, configs: {} }],
      signal,
    )
    return again.map(({ errorCode, message }) => ({ errorCode, message: message?.replace(name, 'TOPIC') }))
  },

  async 'sequences: in order, the same again, a gap, an old one'(context) {
    const send = await sender(context)
    const one = { producerId: 900n, producerEpoch: 0 }
    return [
      await send(one, 0, 3),
      await send(one, 3, 2),
      await send(one, 3, 2),
      await send(one, 0, 3),
      await send(one, 9, 1),
      await send(one, 5, 1),
      await send(one, 4, 1),
    ]
  },

  async 'sequences: one of more than five batches ago is out of order'(context) {
    const send = await sender(context)
    const one = { producerId: 900n, producerEpoch: 0 }
    const seen = []
    for (let sequence = 0; sequence < 7; sequence++) seen.push(await send(one, sequence, 1))
    return [...seen, await send(one, 2, 1), await send(one, 1, 1), await send(one, 0, 1)]
  },

  async 'sequences: a producer that nobody knows may begin anywhere'(context) {
    const send = await sender(context)
    const one = { producerId: 901n, producerEpoch: 4 }
    return [await send(one, 77, 2), await send(one, 79, 1), await send(one, 78, 2)]
  },

  async 'epochs: a newer one begins at 0 and fences the older'(context) {
    const send = await sender(context)
    const older = { producerId: 900n, producerEpoch: 1 }
    const newer = { producerId: 900n, producerEpoch: 2 }
    return [
      await send(older, 0, 2),
      await send(newer, 2, 1),
      await send(newer, 0, 1),
      await send(older, 2, 1),
      await send(newer, 1, 1),
    ]
  },

  async 'sequences wrap around behind the largest'(context) {
    const send = await sender(context)
    const one = { producerId: 900n, producerEpoch: 0 }
    const largest = 2 ** 31 - 1
    return [await send(one, largest - 1, 2), await send(one, 0, 1), await send(one, 1, 1)]
  },

  async 'a topic id that is not there'({ cluster, signal }) {
    return (await sendTo(cluster, signal, { name: 'gone', topicId: '11111111-2222-4333-8444-555555555555' }))(
      { producerId: -1n, producerEpoch: -1 },
      -1,
      1,
    )
  },

  async 'a fence: a marker of a newer epoch, and then only 0'(context) {
    const { cluster, signal, topic } = context
    const at = await topic()
    const send = await sendTo(cluster, signal, at)
    const transactionalId = `fence-${at.name}`
    const older = await cluster.initProducerId(transactionalId, 60_000, signal)
    const seen = [await send(older, 0, 3)]
    const newer = await cluster.initProducerId(transactionalId, 60_000, signal)
    seen.push(await send(older, 3, 1))
    const txn = { transactionalId, ...newer }
    const added = await cluster.addPartitionsToTxn(txn, [{ topic: at.name, partition: 0 }], signal)
    await cluster.endTxn(txn, 'abort', signal)
    const described = await untilComplete(cluster, transactionalId, signal)
    seen.push(await send(older, 4, 1), await send(newer, 1, 1), await send(newer, 0, 1))
    return {
      epochs: [older.producerEpoch, newer.producerEpoch],
      isSameId: older.producerId === newer.producerId,
      added: added.map(({ errorCode }) => errorCode),
      described: { state: described.state, partitions: described.partitions, epoch: described.producerEpoch },
      seen,
      log: await readLog(cluster, at, 0, signal),
    }
  },

  async 'transactions of an id or an epoch that is not on record'({ cluster, signal, topic }) {
    const { name } = await topic()
    const known = await cluster.initProducerId(`known-${name}`, 60_000, signal)
    const places = [{ topic: name, partition: 0 }]
    const add = async (transactionalId: string, producer: ProducerIdentity) => {
      const answered = await outcome(cluster.addPartitionsToTxn({ transactionalId, ...producer }, places, signal))
      return Array.isArray(answered) ? answered.map((one) => (one as { errorCode: number }).errorCode) : answered
    }
    return [
      await add(`known-${name}`, { ...known, producerEpoch: known.producerEpoch + 1 }),
      await add(`known-${name}`, { ...known, producerId: known.producerId + 1_000n }),
      await add(`unknown-${name}`, known),
      await outcome(cluster.describeTransaction(`unknown-${name}`, signal)),
    ]
  },

  async 'offsets: start, end, and what is not there'(context) {
    const { cluster, signal, topic } = context
    const at = await topic()
    await (await sendTo(cluster, signal, at))({ producerId: -1n, producerEpoch: -1 }, -1, 4)
    const list = async (timestamp: number) => {
      const partitions = [{ topic: at.name, partition: 0, timestamp }]
      const listed = await cluster.listOffsets({ isolation: 'read_uncommitted', partitions }, signal)
      return listed.map(({ errorCode, offset, leaderEpoch }) => ({ errorCode, offset, leaderEpoch }))
    }
    return [await list(-2), await list(-1), await list(1), await list(Date.now() + 1_000_000)]
  },

  async 'a batch whose checksum is wrong'({ cluster, signal, topic }) {
    const produce = await producerFor(cluster, signal, await topic())
    return [await produce(encodeDamagedBatch(1_000)), await produce(encodeDamagedBatch(1_000))]
  },

  async 'the record with the largest timestamp'({ cluster, signal, topic }) {
    const at = await topic()
    const list = async () => {
      const partitions = [{ topic: at.name, partition: 0, timestamp: -3 }]
      const listed = await cluster.listOffsets({ isolation: 'read_uncommitted', partitions }, signal)
      return listed.map(({ errorCode, offset, timestamp }) => ({ errorCode, offset, timestamp }))
    }
    const seen = [await list()]
    const produce = await producerFor(cluster, signal, at)
    for (const timestamp of [1_000, 3_000, 2_000]) {
      const records = [{ timestamp, key: null, value: Buffer.from('v') }]
      await produce(encodeBatch({ records, codec: 'none', producerId: -1n, producerEpoch: -1, baseSequence: -1 }))
    }
    return [...seen, await list()]
  },

  async 'a group that is deleted, and one that is not there'({ cluster, signal, topic }) {
    const { name } = await topic()
    const group = `group-${name}`
    const position = { topic: name, partition: 0, offset: 7, leaderEpoch: -1, metadata: null }
    await cluster.commitGroupOffsets(group, [position], signal)
    const deleted = await cluster.deleteGroups([group, `none-${name}`], signal)
    const { groups } = await cluster.listGroups(signal)
    const codes = deleted.map(({ errorCode }) => errorCode).toSorted((one, other) => one - other)
    return [codes, groups.some(({ groupId }) => groupId === group)]
  },

  async 'a fetch: whole batches, the end, and beyond'(context) {
    const { cluster, signal, topic } = context
    const at = await topic()
    const send = await sendTo(cluster, signal, at)
    for (let batch = 0; batch < 3; batch++) await send({ producerId: -1n, producerEpoch: -1 }, -1, 2)
    const fetched = []
    for (const offset of [0, 3, 6, 7]) fetched.push(await readLog(cluster, at, offset, signal))
    return fetched
  },

  async 'a fetch of a newer leader epoch'(context) {
    const { cluster, signal, topic } = context
    const at = await topic()
    return (await fetchOnce(cluster, at, { offset: 0, leaderEpoch: 5 }, signal)).errorCode
  },

  async 'positions of a group, and of one that is not there'({ cluster, signal, topic }) {
    const { name } = await topic()
    const position = { topic: name, partition: 0, offset: 7, leaderEpoch: -1, metadata: 'from the source' }
    const group = `group-${name}`
    await cluster.fetchGroupOffsets([group], signal)
    const committed = await cluster.commitGroupOffsets(group, [position, { ...position, partition: 5 }], signal)
    const fetched = await cluster.fetchGroupOffsets([group, `none-${name}`], signal)
    return {
      committed: committed.map(({ partition, errorCode }) => ({ partition, errorCode })),
      fetched: fetched.map(({ errorCode, positions }) => ({
        errorCode,
        positions: positions.map(({ topic: _topic, ...rest }) => rest),
      })),
    }
  },
}

/** Makes what scripts are given; topics are named anew in every run. */
export function scriptContext(cluster: Cluster, signal: AbortSignal): ScriptContext {
  let topics = 0
  const run = systemRandom.next().toString(36).slice(2, 8)
  return {
    cluster,
    signal,
    topic: async () => {
      const name = `script-${run}-${++topics}`
      await cluster.createTopics([{ topic: name, partitions: 1, replicationFactor: 1, configs: {} }], signal)
      for (;;) {
        const { topics: found } = await cluster.metadata([name], signal)
        const [one] = found
        if ((one?.partitions[0]?.leaderId ?? -1) >= 0) return { name, topicId: one?.topicId ?? '' }
        await sleep(50, undefined, { signal })
      }
    },
  }
}

type Place = { readonly name: string; readonly topicId: string }
type Send = (producer: ProducerIdentity, sequence: number, records: number) => Promise<string>

async function sender({ cluster, signal, topic }: ScriptContext): Promise<Send> {
  return sendTo(cluster, signal, await topic())
}

/** Sends batches and says `ok at 3`, or the error code. */
async function sendTo(cluster: Cluster, signal: AbortSignal, at: Place): Promise<Send> {
  const produce = await producerFor(cluster, signal, at)
  return async (producer, baseSequence, count) => {
    const records = Array.from({ length: count }, () => ({ timestamp: 1_000, key: null, value: Buffer.from('v') }))
    return await produce(encodeBatch({ records, codec: 'none', ...producer, baseSequence }))
  }
}

async function producerFor(cluster: Cluster, signal: AbortSignal, { name, topicId }: Place) {
  const { brokers } = await cluster.metadata([], signal)
  return async (batch: Buffer) => {
    const channel = await cluster.openChannel(brokers[0]?.nodeId ?? -1, signal)
    try {
      const answer = await channel.produce({
        timeoutMs: 5_000,
        batches: [{ topic: name, topicId, partition: 0, batch }],
      })
      const [one] = answer.partitions
      return one?.errorCode === 0 ? `ok at ${one.baseOffset}` : `error ${one?.errorCode}`
    } finally {
      await channel.close()
    }
  }
}

async function fetchOnce(
  cluster: Cluster,
  { topicId }: Place,
  { offset, leaderEpoch }: { offset: number; leaderEpoch: number },
  signal: AbortSignal,
) {
  const { brokers } = await cluster.metadata([], signal)
  const channel = await cluster.openChannel(brokers[0]?.nodeId ?? -1, signal)
  const wanted = { topicId, partition: 0, currentLeaderEpoch: leaderEpoch, fetchOffset: offset, lastFetchedEpoch: -1 }
  try {
    const isolation = 'read_uncommitted' as const
    const partitions = [{ ...wanted, maxBytes: 100 }]
    const limits = { maxWaitMs: 50, minBytes: 1, maxBytes: 1_000_000 }
    const { partitions: found } = await channel.fetch({ ...limits, isolation, rack: '', partitions })
    if (found[0] === undefined) throw new Error('the broker left the partition out of its answer')
    return found[0]
  } finally {
    await channel.close()
  }
}

/** Headers of the batches that one fetch answers. */
async function readLog(cluster: Cluster, at: Place, offset: number, signal: AbortSignal) {
  const fetched = await fetchOnce(cluster, at, { offset, leaderEpoch: -1 }, signal)
  const batches = []
  for (let position = 0; ; ) {
    const header = readBatch(fetched.records, position)
    if (header === undefined) break
    const { baseOffset, lastOffsetDelta, producerEpoch, baseSequence } = header
    batches.push({ baseOffset, lastOffsetDelta, producerEpoch, baseSequence, isControl: isControl(header) })
    position += header.sizeBytes
  }
  const { errorCode, highWatermark, lastStableOffset, logStartOffset } = fetched
  return { errorCode, highWatermark, lastStableOffset, logStartOffset, batches }
}

/** A real coordinator answers EndTxn before the markers are written. */
async function untilComplete(cluster: Cluster, transactionalId: string, signal: AbortSignal) {
  for (;;) {
    const found = await cluster.describeTransaction(transactionalId, signal)
    if (found?.state.startsWith('Complete')) return found
    await sleep(20, undefined, { signal })
  }
}

/** The answer, or the code of the fault. */
async function outcome(call: Promise<unknown>): Promise<unknown> {
  return call.catch((error: unknown) => (error as { code?: string }).code ?? String(error))
}

export const SCRIPT_CONTEXT = { clock: systemClock, random: systemRandom }
