import type { Fault } from '../core/index.ts'
import { errorMeaning, errorName, isAuthorizationCode, isFencedCode, isRetriableCode } from './errors.ts'
import { kafkaFaults } from './faults.ts'

/** The fault for an error code that ends a whole call. */
export function requestFault(cluster: string, api: string, code: number, detail: string | null = null): Fault {
  const meaning = errorMeaning(code)
  const facts = {
    cluster,
    api,
    code,
    name: errorName(code),
    meaning: meaning === undefined ? '' : `: ${meaning}`,
    detail: detail ? ` (${detail})` : '',
  }
  if (isFencedCode(code)) return kafkaFaults.fault('KAFKA_PRODUCER_FENCED', facts)
  if (isAuthorizationCode(code)) return kafkaFaults.fault('KAFKA_NOT_AUTHORIZED', facts)
  return kafkaFaults.fault(isRetriableCode(code) ? 'KAFKA_NOT_READY' : 'KAFKA_REQUEST_FAILED', facts)
}
