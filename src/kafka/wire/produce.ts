import type { Reader } from '@platformatic/kafka'
import type { PartitionLeader, ProduceBatch, ProducedPartition, ProduceRequest, ProduceResponse } from '../cluster.ts'
import type { Api } from './api.ts'
import { groupByTopic, readInt64, readTagged } from './codec.ts'
import { readLeader } from './fetch.ts'

/*
  Produce Request (Version: 9-13) => transactional_id acks timeout_ms [topic_data] TAG_BUFFER
    transactional_id => COMPACT_NULLABLE_STRING
    acks => INT16                                                          always -1
    topic_data => (v9-12: name, v13: topic_id) [partition_data] TAG_BUFFER
      partition_data => index records TAG_BUFFER
        records => COMPACT_RECORDS                                         exactly one batch

  Produce Response (Version: 9-13) => [responses] throttle_time_ms TAG_BUFFER
    responses => (v9-12: name, v13: topic_id) [partition_responses] TAG_BUFFER
      partition_responses => index error_code base_offset log_append_time_ms log_start_offset [record_errors]
                             error_message TAG_BUFFER
        record_errors => batch_index batch_index_error_message TAG_BUFFER
        tag 0 (v10) current_leader => leader_id leader_epoch TAG_BUFFER

  Batches are handed to the writer as they are; the connection joins all parts of a request into one buffer when it
  writes, which is the only copy.
*/
const ALL_IN_SYNC = -1
const TOPIC_ID_VERSION = 13

/** As on the wire: from v13 on the topic is an id, before that a name. */
export interface RawProduceResponse extends Omit<ProduceResponse, 'partitions'> {
  readonly partitions: readonly (Omit<ProducedPartition, 'topic'> & { readonly topicOrId: string })[]
}

export const produceApi: Api<ProduceRequest, RawProduceResponse> = {
  name: 'Produce',
  write(writer, request, version) {
    writer
      .appendString(request.transactionalId ?? null)
      .appendInt16(ALL_IN_SYNC)
      .appendInt32(request.timeoutMs)
    const topics = groupByTopic(request.batches)
    writer.appendUnsignedVarInt(topics.size + 1)
    for (const [topic, batches] of topics) {
      if (version >= TOPIC_ID_VERSION) writer.appendUUID(batches[0]?.topicId)
      else writer.appendString(topic)
      writer.appendUnsignedVarInt(batches.length + 1)
      for (const { partition, batch } of batches) {
        writer.appendInt32(partition).appendBytes(batch).appendTaggedFields()
      }
      writer.appendTaggedFields()
    }
    writer.appendTaggedFields()
  },
  read(reader, version) {
    const partitions = reader.readArray(() => {
      const topicOrId = version >= TOPIC_ID_VERSION ? reader.readUUID() : reader.readString()
      return reader.readArray(() => readPartition(reader, topicOrId), true, false)
    })
    return { partitions: partitions.flat(), throttleMs: reader.readInt32() }
  },
}

/** Puts topic names back where the broker answered with ids. */
export function nameTopics(response: RawProduceResponse, batches: readonly ProduceBatch[]): ProduceResponse {
  const names = new Map(batches.flatMap(({ topic, topicId }) => [[topic, topic] as const, [topicId, topic] as const]))
  return {
    throttleMs: response.throttleMs,
    partitions: response.partitions.map(({ topicOrId, ...partition }) => ({
      topic: names.get(topicOrId) ?? topicOrId,
      ...partition,
    })),
  }
}

function readPartition(reader: Reader, topicOrId: string): RawProduceResponse['partitions'][number] {
  const partition = reader.readInt32()
  const errorCode = reader.readInt16()
  const baseOffset = readInt64(reader, 'base_offset')
  const logAppendTimeMs = readInt64(reader, 'log_append_time_ms')
  const logStartOffset = readInt64(reader, 'log_start_offset')
  const recordErrors = reader.readArray(() => {
    return { index: reader.readInt32(), message: reader.readNullableString() }
  })
  const errorMessage = reader.readNullableString() ?? recordErrors[0]?.message ?? null
  let currentLeader: PartitionLeader | undefined
  readTagged(reader, (tag) => {
    if (tag === 0) currentLeader = readLeader(reader)
  })
  return {
    topicOrId,
    partition,
    errorCode,
    baseOffset,
    logAppendTimeMs,
    logStartOffset,
    recordErrors,
    errorMessage,
    currentLeader,
  }
}
