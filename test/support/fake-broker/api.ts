import type { Reader, Writer } from '@platformatic/kafka'
import type { ApiName } from '../../../src/kafka/wire/versions.ts'
import type { FakeState } from './state.ts'

/** One API of the fake broker, in the one version that it speaks. */
export interface FakeApi {
  readonly name: ApiName
  readonly version: number
  /** Reads the request's body and writes the answer's. */
  handle(state: FakeState, request: Reader, answer: Writer): void | Promise<void>
}

export const NO_THROTTLE = 0
