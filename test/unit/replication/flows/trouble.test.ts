import { describe, expect, it } from 'vitest'
import { judgeRefusal } from '../../../../src/replication/flows/trouble.ts'
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
    [10, 'stop', undefined],
    [32, 'stop', undefined],
    [87, 'stop', undefined],
  ])('%i means %s', (errorCode, kind, afterMs) => {
    const trouble = judgeRefusal(KEY, queuedBatch(4), answer(-1, errorCode))
    expect(trouble.kind).toBe(kind)
    expect('afterMs' in trouble ? trouble.afterMs : undefined).toBe(afterMs)
  })

  it('takes a damaged batch for damage on the way, until it was refused again and again', () => {
    expect(judgeRefusal(KEY, queuedBatch(4), answer(-1, 2), 0).kind).toBe('recover')
    expect(judgeRefusal(KEY, queuedBatch(4), answer(-1, 2), 3).kind).toBe('stop')
  })

  it('names the batch that is refused for good', () => {
    const trouble = judgeRefusal(KEY, queuedBatch(4), { ...answer(-1, 10), errorMessage: 'too large for the topic' })
    expect(trouble).toMatchObject({ fault: { code: 'FLOW_TARGET_REFUSED' } })
    expect('fault' in trouble && trouble.fault.message).toMatch(/offset 4: MESSAGE_TOO_LARGE too large for the topic/)
  })
})
