import type { Api } from './api.ts'
import type { BrokerVersions } from './versions.ts'

/*
  ApiVersions Request (Version: 3) => client_software_name client_software_version TAG_BUFFER
    client_software_name => COMPACT_STRING
    client_software_version => COMPACT_STRING

  ApiVersions Response (Version: 3) => error_code [api_keys] throttle_time_ms TAG_BUFFER
    error_code => INT16
    api_keys => api_key min_version max_version TAG_BUFFER
      api_key => INT16
      min_version => INT16
      max_version => INT16
    throttle_time_ms => INT32
  A broker that does not know the version answers 35 in the layout of v0, so nothing behind the code is read then.
*/
export interface ApiVersionsRequest {
  readonly softwareName: string
  readonly softwareVersion: string
}

export interface ApiVersionsResponse {
  readonly errorCode: number
  readonly versions: BrokerVersions
}

export const apiVersionsApi: Api<ApiVersionsRequest, ApiVersionsResponse> = {
  name: 'ApiVersions',
  write(writer, request) {
    writer.appendString(request.softwareName).appendString(request.softwareVersion).appendTaggedFields()
  },
  read(reader) {
    const errorCode = reader.readInt16()
    if (errorCode !== 0) return { errorCode, versions: new Map() }
    const versions = new Map(
      reader.readArray((entry) => {
        const key = entry.readInt16()
        const min = entry.readInt16()
        return [key, { min, max: entry.readInt16() }] as const
      }),
    )
    reader.readInt32()
    return { errorCode, versions }
  },
}
