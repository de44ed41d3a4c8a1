import type { Reader } from '@platformatic/kafka'
import type { Broker, ClusterMetadata, PartitionMetadata, TopicMetadata } from '../cluster.ts'
import { readOperations } from './acl-codes.ts'
import type { Api } from './api.ts'
import { readInt32s, writeStructs } from './codec.ts'

/*
  Metadata Request (Version: 10-13) => [topics] allow_auto_topic_creation (v10: include_cluster_authorized_operations)
                                       include_topic_authorized_operations TAG_BUFFER
    topics => topic_id name TAG_BUFFER                                    null: all topics
      topic_id => UUID
      name => COMPACT_NULLABLE_STRING

  Metadata Response (Version: 10-13) => throttle_time_ms [brokers] cluster_id controller_id [topics]
                                        (v10: cluster_authorized_operations) (v13: error_code) TAG_BUFFER
    brokers => node_id host port rack TAG_BUFFER
    topics => error_code name topic_id is_internal [partitions] topic_authorized_operations TAG_BUFFER
      partitions => error_code partition_index leader_id leader_epoch [replica_nodes] [isr_nodes] [offline_replicas]
                    TAG_BUFFER
*/
export interface MetadataRequest {
  /** Null asks for all topics. */
  readonly topics: readonly string[] | null
  /** Whether to say what the caller may do on each topic. @defaultValue false */
  readonly withRights?: boolean
}

export interface MetadataResponse extends ClusterMetadata {
  readonly errorCode: number
}

export const metadataApi: Api<MetadataRequest, MetadataResponse> = {
  name: 'Metadata',
  write(writer, request, version) {
    writeStructs(writer, request.topics, (_, name) => writer.appendUUID(null).appendString(name))
    writer.appendBoolean(false)
    if (version === 10) writer.appendBoolean(false)
    writer.appendBoolean(request.withRights ?? false).appendTaggedFields()
  },
  read(reader, version) {
    reader.readInt32()
    const brokers = reader.readArray(readBroker)
    const clusterId = reader.readString()
    const controllerId = reader.readInt32()
    const share = createSharing()
    const topics = reader.readArray((each) => readTopic(each, share))
    if (version === 10) reader.readInt32()
    return { errorCode: version >= 13 ? reader.readInt16() : 0, clusterId, controllerId, brokers, topics }
  },
}

function readBroker(reader: Reader): Broker {
  return {
    nodeId: reader.readInt32(),
    host: reader.readString(),
    port: reader.readInt32(),
    rack: reader.readNullableString(),
  }
}

function readTopic(reader: Reader, share: Sharing): TopicMetadata {
  const errorCode = reader.readInt16()
  const name = reader.readString()
  const topicId = reader.readUUID()
  const isInternal = reader.readBoolean()
  const partitions = reader.readArray((each) => readPartition(each, share))
  const rights = readOperations(reader)
  return { name, topicId, isInternal, errorCode, partitions, ...(rights.length > 0 && { rights }) }
}

function readPartition(reader: Reader, share: Sharing): PartitionMetadata {
  const errorCode = reader.readInt16()
  const partition = reader.readInt32()
  const leaderId = reader.readInt32()
  const leaderEpoch = reader.readInt32()
  const replicas = share(readInt32s(reader))
  const isr = share(readInt32s(reader))
  readInt32s(reader)
  return { partition, errorCode, leaderId, leaderEpoch, replicas, isr }
}

/** Answers the same list for the same brokers. */
type Sharing = (ids: readonly number[]) => readonly number[]

/** The answer may be kept, with tens of thousands of partitions on a few brokers. */
function createSharing(): Sharing {
  const lists = new Map<string, readonly number[]>()
  return (ids) => {
    const text = ids.join()
    const known = lists.get(text)
    if (known === undefined) lists.set(text, ids)
    return known ?? ids
  }
}
