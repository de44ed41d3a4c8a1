import { describe, expect, test } from 'vitest'
import { nameOf, packDivergence, planReseed } from '../../../../src/failover/effects/returns/divergence-evidence.ts'
import { describeChoices } from '../../../../src/failover/effects/returns/dry-run.ts'
import { describeWindow } from '../../../../src/failover/effects/returns/fence-lost.ts'
import type { Divergence, ForkedPartition } from '../../../../src/replication/index.ts'

function forked(topic: string, partition: number, given: Partial<ForkedPartition> = {}): ForkedPartition {
  const ref = { topic, topicId: topic, partition }
  const active = { ref, logStart: 2, from: 11, end: 20 }
  return { ...ref, logStart: 0, fork: 10, end: 14, tie: { hops: [], at: 10, there: 11 }, active, ...given }
}

function divergence(topic: string, partition: number, given: Partial<Divergence> = {}): Divergence {
  return {
    topic,
    partition,
    from: 10,
    to: 14,
    records: 4,
    bytes: 400,
    firstTimestampMs: 1_000 + partition,
    lastTimestampMs: 2_000 + partition,
    firstOffset: 10,
    sampleKeys: ['x'.repeat(200)],
    keysInConflict: 1,
    areAllKeysCompared: true,
    transactionalProducers: [],
    cutTransactions: [],
    onlyHere: 0,
    digest: 'd'.repeat(64),
    ...given,
  }
}

describe('what is copied again', () => {
  const plan = (all: readonly ForkedPartition[], ...diverged: string[]) =>
    planReseed(all, new Set(diverged)).map(({ topic, isWhole, partitions }) => [topic, isWhole, partitions.map(nameOf)])

  test('is what diverged, and a topic as a whole where all that it holds has', () => {
    const all = [forked('a', 0), forked('a', 1), forked('b', 0), forked('b', 1, { end: 0, fork: 0 }), forked('c', 0)]
    expect(plan(all, 'a-1', 'b-0')).toEqual([
      ['a', false, ['a-1']],
      ['b', true, ['b-0', 'b-1']],
    ])
    expect(plan(all)).toEqual([])
  })

  test('is a topic as a whole where nothing ties what diverged to the active region', () => {
    const loose = forked('a', 1, { tie: undefined })
    expect(plan([forked('a', 0), loose], 'a-1')).toEqual([['a', true, ['a-0', 'a-1']]])
    expect(plan([forked('a', 0), loose], 'a-0')).toEqual([['a', false, ['a-0']]])
    expect(plan([forked('a', 0), forked('a', 1, { active: undefined })], 'a-1')).toEqual([['a', true, ['a-0', 'a-1']]])
  })
})

describe('what a scan leaves behind', () => {
  const where = { topic: 'topic', partition: 0, startOffset: 7 }
  const ended = {
    by: 'marker',
    outcome: 'aborted',
    transactionalId: 'an-id-of-an-application',
    producerId: '4001',
    ...where,
  } as const

  test('fits in a document, with exact totals, however much has diverged', () => {
    const names = Array.from({ length: 20_000 }, (_, at) => [`topic-${at % 500}`, Math.floor(at / 500)] as const)
    const { evidence, totals } = packDivergence(
      names.map(([topic, partition]) => divergence(topic, partition)),
      names.map(([topic, partition]) => forked(topic, partition)),
      Array.from({ length: 1_000 }, () => ended),
    )
    expect(Buffer.byteLength(JSON.stringify(evidence))).toBeLessThan(400 * 1024)
    expect(totals).toMatchObject({ records: 80_000, bytes: 8_000_000, partitions: 20_000, topics: 500 })
    expect(totals).toMatchObject({ recopyOffsets: 360_000, wholeTopics: 500, firstTimestampMs: 1_000 })
    expect(totals.lastTimestampMs).toBe(2_039)
    expect(evidence).toMatchObject({ rowsLeftOut: 15_000, endedTotal: 1_000 })
  })

  test('counts what a whole topic would take along', () => {
    const { totals } = packDivergence(
      [divergence('a', 0), divergence('a', 1, { records: 0, bytes: 0, onlyHere: 7 })],
      [forked('a', 0, { tie: undefined }), forked('a', 1)],
      [],
    )
    expect(totals).toMatchObject({ partitions: 1, records: 4, onlyHere: 7, wholeTopics: 1 })
  })

  test('says of each choice what it writes, destroys and copies', () => {
    const { totals } = packDivergence([divergence('a', 0, { onlyHere: 3 })], [forked('a', 0), forked('a', 1)], [])
    const tail = { records: 4, bytes: 400 }
    const none = { records: 0, bytes: 0 }
    const again = { records: 18, bytes: 1_800 }
    expect(describeChoices(totals)).toEqual([
      expect.objectContaining({ kind: 'export', writesOut: tail, appends: none, destroys: none, copiesAgain: again }),
      expect.objectContaining({ kind: 'replay', appends: tail, keysInConflict: 1, losesOlder: 3 }),
      expect.objectContaining({ kind: 'keep', appends: tail, copiesAgain: none, losesOlder: 0 }),
      expect.objectContaining({ kind: 'discard', writesOut: none, destroys: tail, copiesAgain: again, losesOlder: 3 }),
    ])
  })
})

test('the window of a region that answered from the first look on is not known', () => {
  const seen = { return: 'r', silentAtMs: 1_000, answeredAtMs: 3_000 }
  expect(describeWindow(seen, 4_000)).toMatchObject({
    lastSilentAt: '1970-01-01T00:00:01.000Z',
    firstAnswerAt: '1970-01-01T00:00:03.000Z',
    openMsAtMost: 3_000,
  })
  expect(describeWindow({ ...seen, silentAtMs: undefined }, 4_000)).toMatchObject({ openMsAtMost: null })
})
