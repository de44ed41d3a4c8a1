import { describe, expect, it } from 'vitest'
import type { CoordinatorEntry } from '../../../../src/kafka/index.ts'
import { judgeDecision } from '../../../../src/replication/moves/coordinator-log.ts'

const OPEN = { producerId: 3n, producerEpoch: 7, topic: 'paid', partition: 0 }
const AT = { topic: 'paid', partition: 0 }
const ELSEWHERE = { topic: 'paid', partition: 1 }

type Line = readonly [
  status: CoordinatorEntry['status'],
  producerEpoch: number,
  partitions?: CoordinatorEntry['partitions'],
]

function judge(...lines: readonly Line[]) {
  const entries = lines.map(([status, producerEpoch, partitions = [AT]]) => {
    return { transactionalId: 'app', producerId: 3n, status, producerEpoch, partitions }
  })
  return judgeDecision(entries, OPEN)
}

describe('a transaction whose marker is missing', () => {
  it('was committed, or aborted, as its coordinator wrote down', () => {
    expect(judge(['ongoing', 7], ['prepare-commit', 8], ['other', 8, []])).toBe('committed')
    expect(judge(['ongoing', 7], ['prepare-abort', 8], ['other', 8, []])).toBe('aborted')
  })

  it('is told from those before and behind it', () => {
    const before: Line[] = [
      ['ongoing', 6],
      ['prepare-abort', 7],
      ['other', 7, []],
    ]
    const behind: Line[] = [
      ['ongoing', 8, [ELSEWHERE]],
      ['prepare-abort', 9, [ELSEWHERE]],
      ['other', 9, []],
    ]
    expect(judge(...before, ['ongoing', 7], ['prepare-commit', 8], ['other', 8, []], ...behind)).toBe('committed')
    expect(judge(...before, ...behind)).toBeUndefined()
  })

  it('is not judged where its client keeps its epoch: the decision may be about another one', () => {
    expect(judge(['ongoing', 7], ['prepare-commit', 7], ['other', 7, []])).toBeUndefined()
    expect(judge(['other', 7, []], ['ongoing', 8], ['prepare-commit', 8], ['other', 8, []])).toBeUndefined()
  })

  it('is not judged where the partition was no part of it, or the log begins too late', () => {
    expect(judge(['ongoing', 7, [ELSEWHERE]], ['prepare-commit', 8, [ELSEWHERE]])).toBeUndefined()
    expect(judge(['prepare-commit', 8], ['other', 8, []])).toBeUndefined()
    expect(judge()).toBeUndefined()
  })
})
