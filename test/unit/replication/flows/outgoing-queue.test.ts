import { describe, expect, it } from 'vitest'
import { OutgoingQueue } from '../../../../src/replication/flows/outgoing-queue.ts'
import { queuedBatch } from './flow-fixtures.ts'

describe('OutgoingQueue', () => {
  it('hands out in order and counts what it holds', () => {
    const queue = new OutgoingQueue()
    for (let base = 0; base < 300; base++) queue.push(queuedBatch(base, 2))
    const taken = Array.from({ length: 200 }, () => queue.take()?.targetBase)
    expect(taken).toEqual(Array.from({ length: 200 }, (_, index) => index))
    expect([queue.length, queue.bytes, queue.peek()?.targetBase]).toEqual([100, 200, 200])
    expect(queue.clear()).toBe(200)
    expect([queue.length, queue.bytes, queue.take()]).toEqual([0, 0, undefined])
  })
})
