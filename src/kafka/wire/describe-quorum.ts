import type { Reader } from '@platformatic/kafka'
import type { ControllerQuorum, QuorumReplica } from '../quorum.ts'
import type { Api } from './api.ts'
import { readInt64, writeStructs } from './codec.ts'

/*
  DescribeQuorum Request (Version: 1-2) => [topics] TAG_BUFFER
    topics => topic_name [partitions] TAG_BUFFER
      partitions => partition_index TAG_BUFFER

  DescribeQuorum Response (Version: 1-2) => error_code (v2: error_message) [topics] (v2: [nodes]) TAG_BUFFER
    topics => topic_name [partitions] TAG_BUFFER
      partitions => partition_index error_code (v2: error_message) leader_id leader_epoch high_watermark
                    [current_voters] [observers] TAG_BUFFER
        current_voters, observers => replica_id (v2: replica_directory_id) log_end_offset last_fetch_timestamp
                                     last_caught_up_timestamp TAG_BUFFER
    nodes => node_id [listeners] TAG_BUFFER
      listeners => name host port TAG_BUFFER
  Times are of the leader's clock; for itself it gives the time of the answer as its last_caught_up_timestamp.
*/
export interface DescribeQuorumResponse {
  readonly errorCode: number
  /** Undefined where the answer holds no partition. */
  readonly quorum: (ControllerQuorum & { readonly errorCode: number }) | undefined
}

const METADATA_PARTITION = { topic: '__cluster_metadata', partition: 0 }

export const describeQuorumApi: Api<null, DescribeQuorumResponse> = {
  name: 'DescribeQuorum',
  write(writer) {
    writeStructs(writer, [METADATA_PARTITION], (_, { topic, partition }) => {
      writer.appendString(topic)
      writeStructs(writer, [partition], () => writer.appendInt32(partition))
    })
    writer.appendTaggedFields()
  },
  read(reader, version) {
    const errorCode = reader.readInt16()
    if (version >= 2) reader.readNullableString()
    const partitions = reader.readArray(() => {
      reader.readString()
      return reader.readArray(() => readQuorum(reader, version))
    })
    if (version >= 2) reader.readArray(skipNode)
    return { errorCode, quorum: partitions.flat()[0] }
  },
}

function readQuorum(reader: Reader, version: number): ControllerQuorum & { readonly errorCode: number } {
  reader.readInt32()
  const errorCode = reader.readInt16()
  if (version >= 2) reader.readNullableString()
  const leaderId = reader.readInt32()
  const leaderEpoch = reader.readInt32()
  readInt64(reader, 'high_watermark')
  const voters = reader.readArray(() => readReplica(reader, version))
  const observers = reader.readArray(() => readReplica(reader, version))
  return { errorCode, leaderId, leaderEpoch, voters, observers }
}

function readReplica(reader: Reader, version: number): QuorumReplica {
  const nodeId = reader.readInt32()
  if (version >= 2) reader.readUUID()
  return {
    nodeId,
    logEndOffset: readInt64(reader, 'log_end_offset'),
    lastFetchMs: readInt64(reader, 'last_fetch_timestamp'),
    lastCaughtUpMs: readInt64(reader, 'last_caught_up_timestamp'),
  }
}

function skipNode(reader: Reader): void {
  reader.readInt32()
  reader.readArray((listener) => {
    listener.readString()
    listener.readString()
    listener.skip(2)
  })
}
