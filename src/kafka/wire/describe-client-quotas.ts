import type { ClientQuota } from '../cluster.ts'
import type { Api } from './api.ts'
import { writeStructs } from './codec.ts'

/*
  DescribeClientQuotas Request (Version: 1) => [components] strict TAG_BUFFER  no component: all

  DescribeClientQuotas Response (Version: 1) => throttle_time_ms error_code error_message [entries] TAG_BUFFER
    entries => [entity] [values] TAG_BUFFER
      entity => entity_type entity_name TAG_BUFFER                             a null name: the default of the type
      values => key value TAG_BUFFER                                           value => FLOAT64
*/
export interface DescribeClientQuotasResponse {
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly quotas: readonly ClientQuota[]
}

export const describeClientQuotasApi: Api<null, DescribeClientQuotasResponse> = {
  name: 'DescribeClientQuotas',
  write(writer) {
    writeStructs(writer, [], () => undefined)
    writer.appendBoolean(false).appendTaggedFields()
  },
  read(reader) {
    reader.readInt32()
    const errorCode = reader.readInt16()
    const errorMessage = reader.readNullableString()
    const quotas = reader.readNullableArray(() => ({
      entity: reader.readArray(() => ({ type: reader.readString(), name: reader.readNullableString() })),
      values: reader.readArray(() => ({ key: reader.readString(), value: reader.readFloat64() })),
    }))
    return { errorCode, errorMessage, quotas: quotas ?? [] }
  },
}
