import { describe, expect, it } from 'vitest'
import { takeMerged } from '../../../../src/replication/flows/merge-queued.ts'
import { OutgoingQueue, type QueuedBatch } from '../../../../src/replication/flows/outgoing-queue.ts'
import { modelDecode } from '../../kafka/records/model.ts'
import { IDENTITY, plainBatch, plainModel, queuedBatch } from './flow-fixtures.ts'
import { modelEncode } from '../../kafka/records/model.ts'

const rules = {
  identityAt: (targetOffset: number) => ({ ...IDENTITY, baseSequence: targetOffset }),
  limitBytes: undefined as number | undefined,
}

function waiting(base: number, count: number, more: Partial<QueuedBatch> = {}): QueuedBatch {
  const bytes = plainBatch(base, count)
  return { ...queuedBatch(base), bytes, recordCount: count, sourceEnd: base + count, ...more }
}

function queueOf(...batches: QueuedBatch[]): OutgoingQueue {
  const queue = new OutgoingQueue()
  for (const batch of batches) queue.push(batch)
  return queue
}

describe('takeMerged', () => {
  it('makes one batch of those that wait, at the place of the first', () => {
    const queue = queueOf(waiting(5, 2), waiting(7, 1), waiting(8, 3))
    const batch = takeMerged(queue, rules)
    expect(batch).toMatchObject({
      targetBase: 5,
      sourceBase: 5,
      sourceEnd: 11,
      recordCount: 6,
      sourceBatches: 3,
      fate: 'merged',
    })
    const { records, baseSequence } = modelDecode(batch!.bytes)
    expect(baseSequence).toBe(5)
    expect(records.map(({ value }) => value?.toString())).toEqual([5, 6, 7, 8, 9, 10].map((at) => `value of ${at}`))
    expect([queue.length, queue.bytes]).toEqual([0, 0])
  })

  it('gives a batch that is alone as it is', () => {
    const only = waiting(5, 2)
    expect(takeMerged(queueOf(only), rules)).toBe(only)
  })

  it('ends in front of a gate that is closed, and of a batch that is large enough by itself', () => {
    const closed = { isOpen: false }
    const queue = queueOf(waiting(0, 1), waiting(1, 1), waiting(2, 1, { gate: closed }))
    expect(takeMerged(queue, rules)?.recordCount).toBe(2)
    expect(queue.length).toBe(1)
    const value = Buffer.alloc(40_000)
    const record = { offset: 2, timestamp: 1n, attributes: 0, key: null, value, headers: [] }
    const large = { ...waiting(2, 1), bytes: modelEncode(plainModel(2, 1, { records: [record] })) }
    expect(takeMerged(queueOf(waiting(0, 1), waiting(1, 1), large), rules)?.recordCount).toBe(2)
    expect(takeMerged(queueOf(large, waiting(3, 1)), rules)).toBe(large)
  })

  it('makes nothing that is over the limit of the target', () => {
    const queue = queueOf(...Array.from({ length: 20 }, (_, at) => waiting(at, 1)))
    const batch = takeMerged(queue, { ...rules, limitBytes: 500 })
    expect(batch?.bytes.length).toBeLessThanOrEqual(500)
    expect(batch?.recordCount).toBeGreaterThan(1)
    expect(queue.peek()?.targetBase).toBe(batch?.recordCount)
  })
})
