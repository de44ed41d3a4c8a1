import { setTimeout as sleep } from 'node:timers/promises'
import { writeInt64, writeStructs } from '../../../src/kafka/wire/codec.ts'
import { type FakeApi, NO_THROTTLE } from './api.ts'
import { ERRORS } from './errors.ts'
import type { FakePartition } from './partition.ts'
import type { FakeState } from './state.ts'

interface Wanted {
  readonly topicId: string
  readonly partition: number
  readonly leaderEpoch: number
  readonly offset: number
  readonly maxBytes: number
}

/**
 * Whole batches, topics by id, without sessions. Waits for the first append where nothing is there, up to the request's
 * longest wait. The stable end is the log's end: the fake has no open transactions with records.
 */
export const fetch: FakeApi = {
  name: 'Fetch',
  version: 17,
  async handle(state, request, answer) {
    const maxWaitMs = request.readInt32()
    request.skip(4 + 4 + 1 + 4 + 4)
    const wanted = request
      .readArray(() => {
        const topicId = request.readUUID()
        return request.readArray((): Wanted => {
          const partition = request.readInt32()
          const leaderEpoch = request.readInt32()
          const offset = Number(request.readInt64())
          request.skip(4 + 8)
          return { topicId, partition, leaderEpoch, offset, maxBytes: request.readInt32() }
        })
      })
      .flat()
    await untilReadable(state, wanted, maxWaitMs)
    answer.appendInt32(NO_THROTTLE).appendInt16(0).appendInt32(0)
    writeStructs(answer, [...Map.groupBy(wanted, ({ topicId }) => topicId)], (_, [topicId, partitions]) => {
      answer.appendUUID(topicId)
      writeStructs(answer, partitions, (_, each) => {
        const log = logOf(state, each)
        const errorCode = judge(log, each)
        answer.appendInt32(each.partition).appendInt16(errorCode)
        const isRead = errorCode === 0 && log !== undefined
        writeInt64(answer, isRead ? log.end : -1)
        writeInt64(answer, isRead ? log.end : -1)
        writeInt64(answer, isRead ? log.start : -1)
        answer.appendUnsignedVarInt(0).appendInt32(-1)
        answer.appendBytes(isRead ? log.read(each.offset, each.maxBytes) : Buffer.alloc(0))
      })
    })
    answer.appendTaggedFields()
  },
}

function logOf(state: FakeState, { topicId, partition }: Wanted): FakePartition | undefined {
  return state.topicById(topicId)?.partitions[partition]
}

function judge(log: FakePartition | undefined, { leaderEpoch, offset }: Wanted): number {
  if (log === undefined) return ERRORS.UNKNOWN_TOPIC_ID
  if (leaderEpoch >= 0 && leaderEpoch < log.leaderEpoch) return ERRORS.FENCED_LEADER_EPOCH
  if (leaderEpoch > log.leaderEpoch) return ERRORS.UNKNOWN_LEADER_EPOCH
  return offset < log.start || offset > log.end ? ERRORS.OFFSET_OUT_OF_RANGE : 0
}

async function untilReadable(state: FakeState, wanted: readonly Wanted[], maxWaitMs: number): Promise<void> {
  const logs = wanted.flatMap((each) => ({ each, log: logOf(state, each) }))
  const isReadable = logs.some(({ each, log }) => judge(log, each) !== 0 || (log?.end ?? 0) > each.offset)
  if (isReadable) return
  const given = new AbortController()
  const overdue = sleep(maxWaitMs, undefined, { signal: given.signal }).catch(() => undefined)
  await Promise.race([overdue, ...logs.map(({ log }) => log?.untilAppended())])
  given.abort()
}
