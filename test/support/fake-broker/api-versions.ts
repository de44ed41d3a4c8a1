import { writeStructs } from '../../../src/kafka/wire/codec.ts'
import { API_VERSIONS } from '../../../src/kafka/wire/versions.ts'
import { type FakeApi, NO_THROTTLE } from './api.ts'

/** Says which APIs the fake speaks: each in one version only, so that a client has nothing to choose. */
export function apiVersions(apis: readonly FakeApi[]): FakeApi {
  const self: FakeApi = {
    name: 'ApiVersions',
    version: 3,
    handle(_state, _request, answer) {
      answer.appendInt16(0)
      writeStructs(answer, [self, ...apis], (_, { name, version }) => {
        answer.appendInt16(API_VERSIONS[name].key).appendInt16(version).appendInt16(version)
      })
      answer.appendInt32(NO_THROTTLE).appendTaggedFields()
    },
  }
  return self
}
