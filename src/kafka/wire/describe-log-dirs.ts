import type { LogDir } from '../cluster.ts'
import type { Api } from './api.ts'
import { readInt64, writeStructs } from './codec.ts'

/*
  DescribeLogDirs Request (Version: 4) => [topics] TAG_BUFFER                  empty: no topic is listed

  DescribeLogDirs Response (Version: 4) => throttle_time_ms error_code [results] TAG_BUFFER
    results => error_code log_dir [topics] total_bytes usable_bytes TAG_BUFFER
      topics => name [partitions] TAG_BUFFER
        partitions => partition_index partition_size offset_lag is_future_key TAG_BUFFER
  total_bytes, usable_bytes: of the volume (KIP-827); -1 where they cannot be found out.
*/
export interface DescribeLogDirsResponse {
  readonly errorCode: number
  readonly dirs: readonly LogDir[]
}

export const describeLogDirsApi: Api<null, DescribeLogDirsResponse> = {
  name: 'DescribeLogDirs',
  write(writer) {
    writeStructs(writer, [], () => undefined)
    writer.appendTaggedFields()
  },
  read(reader) {
    reader.readInt32()
    const errorCode = reader.readInt16()
    const dirs = reader.readArray(() => {
      const code = reader.readInt16()
      const path = reader.readString()
      reader.readArray(() => {
        reader.readString()
        reader.readArray((partition) => partition.skip(4 + 8 + 8 + 1))
      })
      const totalBytes = readInt64(reader, 'total_bytes')
      return { errorCode: code, path, totalBytes, usableBytes: readInt64(reader, 'usable_bytes') }
    })
    return { errorCode, dirs }
  },
}
