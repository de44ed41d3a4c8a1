import { readByTopic, writeByTopic, writeInt64 } from '../../../src/kafka/wire/codec.ts'
import { type FakeApi, NO_THROTTLE } from './api.ts'
import { ERRORS } from './errors.ts'
import type { FakePartition } from './partition.ts'

const LATEST = -1
const EARLIEST = -2
const NEWEST = -3

/** Log start, log end, the newest or the first batch as new as a timestamp; -1 with epoch -1 where there is none. */
export const listOffsets: FakeApi = {
  name: 'ListOffsets',
  version: 9,
  handle(state, request, answer) {
    request.skip(4 + 1)
    const asked = readByTopic(request, (_, topic) => {
      const partition = request.readInt32()
      request.readInt32()
      return { topic, partition, timestamp: Number(request.readInt64()) }
    })
    answer.appendInt32(NO_THROTTLE)
    writeByTopic(answer, asked, (_, { topic, partition, timestamp }) => {
      const log = state.partition(topic, partition)
      const newest = timestamp === NEWEST ? log?.newest() : undefined
      const offset = newest?.offset ?? (log === undefined ? -1 : offsetOf(log, timestamp))
      answer.appendInt32(partition).appendInt16(log === undefined ? ERRORS.UNKNOWN_TOPIC_OR_PARTITION : 0)
      writeInt64(answer, newest?.timestamp ?? -1)
      writeInt64(answer, offset)
      answer.appendInt32(offset < 0 ? -1 : (log?.leaderEpoch ?? -1))
    })
    answer.appendTaggedFields()
  },
}

function offsetOf(log: FakePartition, timestamp: number): number {
  if (timestamp === LATEST) return log.end
  if (timestamp === NEWEST) return -1
  return timestamp === EARLIEST ? log.start : log.offsetAt(timestamp)
}
