import type { Reader } from '@platformatic/kafka'
import type {
  AbortedTransaction,
  FetchedPartition,
  FetchPartition,
  FetchRequest,
  FetchResponse,
  PartitionLeader,
} from '../cluster.ts'
import type { Api } from './api.ts'
import { readInt64, readTagged, writeInt32s } from './codec.ts'

/*
  Fetch Request (Version: 13-17) => (v13-14: replica_id) max_wait_ms min_bytes max_bytes isolation_level session_id
                                    session_epoch [topics] [forgotten_topics_data] rack_id TAG_BUFFER
    topics => topic_id [partitions] TAG_BUFFER
      partitions => partition current_leader_epoch fetch_offset last_fetched_epoch log_start_offset
                    partition_max_bytes TAG_BUFFER
    forgotten_topics_data => topic_id [partition] TAG_BUFFER

  Fetch Response (Version: 13-17) => throttle_time_ms error_code session_id [responses] TAG_BUFFER
    responses => topic_id [partitions] TAG_BUFFER
      partitions => partition_index error_code high_watermark last_stable_offset log_start_offset
                    [aborted_transactions] preferred_read_replica records TAG_BUFFER
        aborted_transactions => producer_id first_offset TAG_BUFFER
        records => COMPACT_RECORDS
        tag 0 diverging_epoch => epoch end_offset TAG_BUFFER
        tag 1 current_leader => leader_id leader_epoch TAG_BUFFER

  Records stay an untouched view on the response frame. A fetch names many partitions and is sent many times a second,
  so the fixed-size part of each is laid into one buffer instead of passing through the writer field by field. The order
  of the partitions is kept, since a broker fills its answer from the front: a topic is named again where it comes back.
*/
const CONSUMER_REPLICA_ID = -1
const NO_SESSION = { id: 0, epoch: -1, forgotten: [] }
const PARTITION_BYTES = 33

export const fetchApi: Api<FetchRequest, FetchResponse> = {
  name: 'Fetch',
  write(writer, request, version) {
    if (version < 15) writer.appendInt32(CONSUMER_REPLICA_ID)
    writer.appendInt32(request.maxWaitMs).appendInt32(request.minBytes).appendInt32(request.maxBytes)
    writer.appendInt8(request.isolation === 'read_committed' ? 1 : 0)
    const { id, epoch, forgotten } = request.session ?? NO_SESSION
    writer.appendInt32(id).appendInt32(epoch)
    const topics = runsOfTopics(request.partitions)
    writer.appendUnsignedVarInt(topics.length + 1)
    for (const partitions of topics) {
      writer.appendUUID(partitions[0]?.topicId).appendUnsignedVarInt(partitions.length + 1)
      writer.append(layPartitions(partitions)).appendTaggedFields()
    }
    const left = runsOfTopics(forgotten)
    writer.appendUnsignedVarInt(left.length + 1)
    for (const partitions of left) {
      writer.appendUUID(partitions[0]?.topicId)
      const indexes = partitions.map(({ partition }) => partition)
      writeInt32s(writer, indexes)
      writer.appendTaggedFields()
    }
    writer.appendString(request.rack).appendTaggedFields()
  },
  read(reader) {
    const throttleMs = reader.readInt32()
    const errorCode = reader.readInt16()
    const sessionId = reader.readInt32()
    const partitions: FetchedPartition[] = []
    reader.readArray(() => {
      const topicId = reader.readUUID()
      reader.readArray(() => partitions.push(readPartition(reader, topicId)), true, false)
    })
    return { errorCode, throttleMs, sessionId, partitions }
  },
}

/** Neighbours of the same topic together. */
function runsOfTopics<Item extends { readonly topicId: string }>(items: readonly Item[]): Item[][] {
  const runs: Item[][] = []
  let run: Item[] | undefined
  for (const item of items) {
    if (run?.[0]?.topicId === item.topicId) run.push(item)
    else runs.push((run = [item]))
  }
  return runs
}

function layPartitions(partitions: readonly FetchPartition[]): Buffer {
  const laid = Buffer.allocUnsafe(partitions.length * PARTITION_BYTES)
  let at = 0
  for (const { partition, currentLeaderEpoch, fetchOffset, lastFetchedEpoch, maxBytes } of partitions) {
    at = laid.writeInt32BE(partition, at)
    at = laid.writeInt32BE(currentLeaderEpoch, at)
    at = laid.writeInt32BE(Math.floor(fetchOffset / 2 ** 32), at)
    at = laid.writeUInt32BE(fetchOffset >>> 0, at)
    at = laid.writeInt32BE(lastFetchedEpoch, at)
    // The log start offset is a follower's; -1 for consumers.
    at = laid.writeInt32BE(-1, at)
    at = laid.writeInt32BE(-1, at)
    at = laid.writeInt32BE(maxBytes, at)
    at = laid.writeUInt8(0, at)
  }
  return laid
}

function readPartition(reader: Reader, topicId: string): FetchedPartition {
  const partition = reader.readInt32()
  const errorCode = reader.readInt16()
  const highWatermark = readInt64(reader, 'high_watermark')
  const lastStableOffset = readInt64(reader, 'last_stable_offset')
  const logStartOffset = readInt64(reader, 'log_start_offset')
  const aborted = reader.readArray(readAborted)
  const preferredReadReplica = reader.readInt32()
  const records = reader.readBytes()
  let divergingEpoch: FetchedPartition['divergingEpoch']
  let currentLeader: PartitionLeader | undefined
  readTagged(reader, (tag) => {
    if (tag === 0) divergingEpoch = { epoch: reader.readInt32(), endOffset: readInt64(reader, 'end_offset') }
    else if (tag === 1) currentLeader = readLeader(reader)
  })
  return {
    topicId,
    partition,
    errorCode,
    highWatermark,
    lastStableOffset,
    logStartOffset,
    aborted,
    currentLeader,
    divergingEpoch,
    preferredReadReplica,
    records,
  }
}

function readAborted(reader: Reader): AbortedTransaction {
  return { producerId: reader.readInt64(), firstOffset: readInt64(reader, 'first_offset') }
}

/** Undefined where the broker does not know the leader either. */
export function readLeader(reader: Reader): PartitionLeader | undefined {
  const leaderId = reader.readInt32()
  const leaderEpoch = reader.readInt32()
  return leaderId < 0 ? undefined : { leaderId, leaderEpoch }
}
