import { expect, test } from 'vitest'
import { isFault } from '../../../src/core/index.ts'
import { errorName, isFencedCode, isRetriableCode, staleAfter } from '../../../src/kafka/errors.ts'
import { requestFault } from '../../../src/kafka/request-fault.ts'

test('codes have their names, and a code from the future has one too', () => {
  expect([0, 6, 47, 100, -1].map(errorName)).toEqual([
    'NONE',
    'NOT_LEADER_OR_FOLLOWER',
    'INVALID_PRODUCER_EPOCH',
    'UNKNOWN_TOPIC_ID',
    'UNKNOWN_SERVER_ERROR',
  ])
  expect(errorName(999)).toBe('UNKNOWN_CODE_999')
  expect(isRetriableCode(999)).toBe(false)
})

test('moved leaders, coordinators and controllers are looked up again', () => {
  expect([3, 5, 6, 74, 75, 78, 100].map(staleAfter)).toEqual(Array(7).fill('leader'))
  expect([14, 15, 16].map(staleAfter)).toEqual(Array(3).fill('coordinator'))
  expect(staleAfter(41)).toBe('controller')
  expect(staleAfter(47)).toBeUndefined()
})

test('a fenced producer is told apart from what may be retried and from missing rights', () => {
  expect([47, 90, 45].map(isFencedCode)).toEqual([true, true, false])
  const codes = [47, 90, 51, 53, 40].map((code) => requestFault('eu', 'EndTxn', code).code)
  expect(codes).toEqual([
    'KAFKA_PRODUCER_FENCED',
    'KAFKA_PRODUCER_FENCED',
    'KAFKA_NOT_READY',
    'KAFKA_NOT_AUTHORIZED',
    'KAFKA_REQUEST_FAILED',
  ])
})

test('the fault of a code says what it means and keeps what the broker said', () => {
  const fault = requestFault('eu', 'InitProducerId', 51, 'orders-1')
  expect(fault.message).toBe(
    'eu: InitProducerId cannot be served now: CONCURRENT_TRANSACTIONS (51): the previous transaction of the id is still being completed (orders-1)',
  )
  expect(isFault(fault, 'KAFKA_NOT_READY') && fault.facts['code']).toBe(51)
})
