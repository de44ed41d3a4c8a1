import type { TopicOutcome } from '../cluster.ts'
import type { Api } from './api.ts'
import { writeStructs } from './codec.ts'

/*
  CreatePartitions Request (Version: 2-3) => [topics] timeout_ms validate_only TAG_BUFFER
    topics => name count [assignments] TAG_BUFFER
      count => INT32                                                       the new total
      assignments => [broker_ids] TAG_BUFFER                               null: placed by the controller

  CreatePartitions Response (Version: 2-3) => throttle_time_ms [results] TAG_BUFFER
    results => name error_code error_message TAG_BUFFER
*/
export interface CreatePartitionsRequest {
  readonly topic: string
  readonly count: number
  readonly timeoutMs: number
}

export const createPartitionsApi: Api<CreatePartitionsRequest, TopicOutcome[]> = {
  name: 'CreatePartitions',
  write(writer, { topic, count, timeoutMs }) {
    writeStructs(writer, [topic], () => writer.appendString(topic).appendInt32(count).appendUnsignedVarInt(0))
    writer.appendInt32(timeoutMs).appendBoolean(false).appendTaggedFields()
  },
  read(reader) {
    reader.readInt32()
    return reader.readArray(() => ({
      topic: reader.readString(),
      errorCode: reader.readInt16(),
      message: reader.readNullableString(),
    }))
  },
}
