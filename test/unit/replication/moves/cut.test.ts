import { describe, expect, it } from 'vitest'
import { findLeaks } from '../../../../src/replication/moves/cut.ts'

const cut = { topic: 'orders', topicId: 'an id', partition: 0, cut: 41, end: 42 }
const ends = (logEnd: number, highWatermark = logEnd, errorCode = 0) => {
  return [{ topic: 'orders', partition: 0, errorCode, highWatermark, logEnd, stableEnd: highWatermark }]
}

describe('the ends after a cut', () => {
  it('are as the cut left them', () => {
    expect(findLeaks([cut], ends(42))).toEqual([])
  })

  it('tell of whoever writes past the fence, replicated or not', () => {
    expect(findLeaks([cut], ends(43))).toMatchObject([{ topic: 'orders', partition: 0, cut: 41 }])
    expect(findLeaks([cut], ends(43, 42))).toMatchObject([{ cut: 41 }])
  })

  it('tell of a log that has lost the cut', () => {
    expect(findLeaks([cut], ends(41))).toHaveLength(1)
  })

  it('do not pass where they are not told', () => {
    expect(findLeaks([cut], ends(42, 42, 5))[0]?.reason).toContain('LEADER_NOT_AVAILABLE')
    expect(findLeaks([cut], [])).toHaveLength(1)
  })
})
