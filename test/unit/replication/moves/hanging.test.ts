import { describe, expect, it } from 'vitest'
import type { Cluster } from '../../../../src/kafka/index.ts'
import { type CoordinatorSight, idsOfEach, namedIds } from '../../../../src/replication/moves/coordinator-sight.ts'
import { endHanging, judgeHanging, makeHangingMemory } from '../../../../src/replication/moves/hanging.ts'
import type { UnknownTransaction } from '../../../../src/replication/moves/plan-settling.ts'

function open(told: UnknownTransaction['told'], startOffset = 12): UnknownTransaction {
  const at = { topic: 'orders', partition: 0, startOffset, lastTimestampMs: 0 }
  return { ...at, producerId: 7n, producerEpoch: 1, coordinatorEpoch: 0, transactionalId: null, told }
}

const ALL: CoordinatorSight = { complete: '0 1 4' }
const GAP: CoordinatorSight = { gap: 'one has no leader' }

type Look = readonly [one: UnknownTransaction | undefined, atMs: number, sight: CoordinatorSight]

/** How many are to be aborted after each look. */
function judge(...looks: readonly Look[]): number[] {
  const memory = makeHangingMemory()
  return looks.map(([one, nowMs, sight]) => judgeHanging(one ? [one] : [], memory, { nowMs, sight }).length)
}

describe('a transaction that no coordinator counts a partition to', () => {
  it('hangs where its coordinator says twice that it is over', () => {
    expect(judge([open('over'), 0, GAP], [open('over'), 1_000, GAP])).toEqual([0, 1])
  })

  it('is not judged by two looks at nearly the same time', () => {
    expect(judge([open('over'), 0, ALL], [open('over'), 999, ALL], [open('over'), 1_001, ALL])).toEqual([0, 0, 1])
  })

  it('hangs where nobody tells of it, although everybody would', () => {
    expect(judge([open('nothing'), 0, ALL], [open('nothing'), 1_000, ALL])).toEqual([0, 1])
  })

  it('does not where one look could have missed it', () => {
    const looks = [GAP, ALL, GAP, ALL, ALL].map((sight, at): Look => [open('nothing'), at * 1_000, sight])
    expect(judge(...looks)).toEqual([0, 0, 0, 0, 1])
  })

  it('does not where a coordinator moved between the looks', () => {
    const moved = { complete: '0 2 5' }
    expect(judge([open('nothing'), 0, ALL], [open('nothing'), 1_000, moved])).toEqual([0, 0])
  })

  it('does not while its producer has another one open', () => {
    expect(judge([open('busy'), 0, ALL], [open('busy'), 1_000, ALL], [open('over'), 2_000, ALL])).toEqual([0, 0, 0])
  })

  it('is left to a person where it may have been committed, also once that is forgotten', () => {
    expect(judge([open('unclear'), 0, ALL], [open('unclear'), 5_000, ALL])).toEqual([0, 0])
    const forgotten = [open('unclear'), open('nothing'), open('nothing'), open('over'), open('over')]
    expect(judge(...forgotten.map((one, at): Look => [one, at * 5_000, ALL]))).toEqual([0, 0, 0, 0, 0])
  })

  it.each(['committed', 'aborted'] as const)(
    'hangs where the log of its coordinator has it as %s, also late',
    (told) => {
      expect(judge([open(told), 0, GAP], [open(told), 1_000, GAP])).toEqual([0, 1])
      expect(judge([open('unclear'), 0, ALL], [open(told), 5_000, ALL], [open(told), 6_000, ALL])).toEqual([0, 0, 1])
    },
  )

  it('is ended as its coordinator had decided, under the epoch of that decision', async () => {
    const sent: unknown[] = []
    const cluster = {
      writeTxnMarkers: async (marker: unknown, at: readonly { topic: string; partition: number }[]) => {
        sent.push(marker)
        return at.map((one) => ({ ...one, errorCode: 0 }))
      },
    } as unknown as Cluster
    const all = (['committed', 'aborted', 'over'] as const).map((told) => open(told))
    for (const one of all) await endHanging(cluster, [one], makeHangingMemory(), new AbortController().signal)
    expect(sent).toMatchObject([
      { outcome: 'commit', producerEpoch: 2 },
      { outcome: 'abort', producerEpoch: 2 },
      { outcome: 'abort', producerEpoch: 1 },
    ])
  })

  it('is another one where it begins elsewhere, or was gone in between', () => {
    expect(judge([open('over'), 0, ALL], [open('over', 15), 1_000, ALL])).toEqual([0, 0])
    expect(judge([open('over'), 0, ALL], [undefined, 1_000, ALL], [open('over'), 2_000, ALL])).toEqual([0, 0, 0])
  })
})

it('one id is asked about of every partition of the coordinators', () => {
  // As Java's String.hashCode has it.
  const hashOf = (text: string) => Buffer.from(text).reduce((hash, one) => (hash * 31 + one) | 0, 0)
  for (const partitions of [1, 3, 50, 1_000]) {
    const covered = new Set(idsOfEach(partitions).map((id) => Math.abs(hashOf(id)) % partitions))
    expect(covered.size).toBe(partitions)
  }
})

it('ids with ACLs of their own are asked about, each once', () => {
  expect(namedIds([{ name: '*' }, { name: 'app' }, { name: 'bills-' }, { name: 'app' }])).toEqual(['app', 'bills-'])
})
