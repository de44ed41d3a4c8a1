import { describe, expect, it } from 'vitest'
import type { ActiveProducer, TransactionDescription } from '../../../../src/kafka/index.ts'
import { type FoundTransaction, judgeHolder } from '../../../../src/replication/transactions/judge-holder.ts'

const partition = { topic: 'orders', partition: 3 }
const HOUR_MS = 3_600_000

const producer = (over: Partial<ActiveProducer> = {}): ActiveProducer => ({
  producerId: 7n,
  producerEpoch: 1,
  lastSequence: 9,
  lastTimestamp: 1_000,
  coordinatorEpoch: 0,
  currentTxnStartOffset: 40,
  ...over,
})
const described = (over: Partial<TransactionDescription> = {}): TransactionDescription => ({
  producerId: 7n,
  producerEpoch: 1,
  state: 'Ongoing',
  partitions: [partition],
  startTimeMs: 900,
  timeoutMs: 60_000,
  ...over,
})
const judge = (
  producers: readonly ActiveProducer[],
  transaction: FoundTransaction | undefined,
  { nowMs = 2_000, maxTimeoutMs = HOUR_MS } = {},
) => judgeHolder({ partition, producers, transactionOf: () => transaction, nowMs, maxTimeoutMs })
const found = (over: Partial<TransactionDescription> = {}): FoundTransaction => {
  return { transactionalId: 'billing', described: described(over) }
}

describe('judgeHolder', () => {
  it('calls a transaction open that its coordinator has, and says since when', () => {
    expect(judge([producer()], found())).toMatchObject({ state: 'open', transactionalId: 'billing', openSinceMs: 900 })
  })

  it('blames the producer whose transaction began first', () => {
    const producers = [
      producer({ producerId: 1n, currentTxnStartOffset: -1 }),
      producer({ producerId: 2n, currentTxnStartOffset: 50 }),
      producer(),
    ]
    expect(judge(producers, found()).producer?.producerId).toBe(7n)
  })

  it.each(['PrepareCommit', 'PrepareAbort', 'PrepareEpochFence'])('waits for the markers of %s', (state) => {
    expect(judge([producer()], found({ state })).state).toBe('ending')
  })

  it.each([
    ['the coordinator has ended it', found({ state: 'CompleteCommit', partitions: [] })],
    ['the next one does not take the partition', found({ partitions: [{ topic: 'orders', partition: 4 }] })],
    ['the transactional id has another producer now', found({ producerId: 8n })],
    ['the coordinator has forgotten it', { transactionalId: 'billing', described: undefined }],
  ])('calls it hanging where %s', (_, transaction) => {
    expect(judge([producer()], transaction).state).toBe('hanging')
  })

  it('proves nothing by silence until no transaction may be so old', () => {
    const silent = (nowMs: number, maxTimeoutMs: number) =>
      judge([producer()], undefined, { nowMs, maxTimeoutMs }).state
    expect(silent(HOUR_MS, HOUR_MS)).toBe('unknown')
    expect(silent(HOUR_MS + 70_000, HOUR_MS)).toBe('hanging')
    expect(silent(1_000 * HOUR_MS, Number.POSITIVE_INFINITY)).toBe('unknown')
  })

  it('waits where no producer has a transaction open any more', () => {
    expect(judge([producer({ currentTxnStartOffset: -1 })], found())).toMatchObject({ state: 'ending', producer: null })
  })
})
