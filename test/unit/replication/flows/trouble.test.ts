import { describe, expect, it } from 'vitest'
import type { FaultFacts } from '../../../../src/core/index.ts'
import { kafkaFaults } from '../../../../src/kafka/index.ts'
import { replicationFaults } from '../../../../src/replication/faults.ts'
import { judgeRefusal, judgeWriteAhead } from '../../../../src/replication/flows/trouble.ts'
import { answer, KEY, queuedBatch } from './flow-fixtures.ts'

describe('judgeRefusal', () => {
  it.each([
    [47, 'tenure-ended', undefined],
    [59, 'new-epoch', undefined],
    [45, 'recover', 100],
    [7, 'recover', 100],
    [6, 'recover', 100],
    [19, 'recover', 100],
    [20, 'recover', 100],
    [29, 'recover', 5_000],
    [31, 'recover', 5_000],
    [100, 'recover', 500],
    [10, 'refused', undefined],
    [18, 'refused', undefined],
    [32, 'refused', undefined],
    [87, 'refused', undefined],
    [56, 'recover', 100],
    [42, 'stop', undefined],
  ])('%i means %s', (errorCode, kind, afterMs) => {
    const trouble = judgeRefusal(KEY, queuedBatch(4), answer(-1, errorCode))
    expect(trouble.kind).toBe(kind)
    expect('afterMs' in trouble ? trouble.afterMs : undefined).toBe(afterMs)
  })

  it('takes a damaged batch for damage on the way, until it was refused again and again', () => {
    expect(judgeRefusal(KEY, queuedBatch(4), answer(-1, 2), 0).kind).toBe('recover')
    expect(judgeRefusal(KEY, queuedBatch(4), answer(-1, 2), 3).kind).toBe('refused')
  })

  it('hands on what the broker says about the records of a refused batch', () => {
    const recordErrors = [{ index: 3, message: 'no key' }]
    const trouble = judgeRefusal(KEY, queuedBatch(4), { ...answer(-1, 87), errorMessage: 'some records', recordErrors })
    expect(trouble).toMatchObject({
      refused: { error: 'INVALID_RECORD', detail: 'some records', recordErrors, batch: { targetBase: 4 } },
    })
  })

  it('names the batch that is refused for a reason that no record has', () => {
    const trouble = judgeRefusal(KEY, queuedBatch(4), { ...answer(-1, 42), errorMessage: 'what is this' })
    expect(trouble).toMatchObject({ fault: { code: 'FLOW_TARGET_REFUSED' } })
    expect('fault' in trouble && trouble.fault.message).toMatch(/offset 4: INVALID_REQUEST what is this/)
  })
})

describe('judgeWriteAhead', () => {
  const facts = { topic: '__isthmus.quarantine', target: 'us', origin: 'orders-0', offset: 4, error: 'X', detail: '' }

  it.each([
    ['what the quarantine refuses for good stops the flow', quarantineFault(facts), 'stop'],
    ['a target that is not there is tried again', notReady(), 'recover'],
    ['so is one that is lost on the way', connectionLost(), 'recover'],
    ['anything else is the end of the tenure', new Error('the writer has ended'), 'tenure-ended'],
  ])('%s', (_, error, kind) => {
    expect(judgeWriteAhead(error).kind).toBe(kind)
  })
})

function quarantineFault(facts: FaultFacts): Error {
  return replicationFaults.fault('QUARANTINE_REFUSED', facts)
}

function connectionLost(): Error {
  return kafkaFaults.fault('KAFKA_CONNECTION_LOST', { cluster: 'us', address: 'b:1', api: 'Metadata', reason: 'gone' })
}

function notReady(): Error {
  return replicationFaults.fault('TARGET_NOT_READY', { what: 'x', target: 'us', reason: 'gone' })
}
