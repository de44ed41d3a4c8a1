import { beforeEach, describe, expect, test } from 'vitest'
import { linkName, regionName } from '../../../../src/core/index.ts'
import { packDonated } from '../../../../src/failover/effects/catch-up.ts'
import type { EffectCall } from '../../../../src/failover/effects/group-rooms.ts'
import { promote } from '../../../../src/failover/effects/promote.ts'
import { failoverFaults } from '../../../../src/failover/faults.ts'
import type { MoveKind } from '../../../../src/failover/index.ts'
import type { CloseOptions } from '../../../../src/replication/index.ts'

interface Copy {
  readonly source: string
  readonly topic: string
  readonly partition: number
}
interface Closed extends CloseOptions {
  readonly source: string
}

const { signal } = new AbortController()
/** Into the region that is to be active, as its map has them. */
let open: Copy[]
let closings: Closed[]
/** Copies of this source can take no marker now. */
let stuck: string | undefined
beforeEach(() => {
  open = []
  closings = []
  stuck = undefined
})

const moves = {
  returned: {
    openCopies: async () => open.map(({ topic, ...copy }) => ({ key: { ...copy, topic, targetTopic: topic } })),
  },
  close: async ({ source }: { readonly source: string }, options: CloseOptions) => {
    closings.push({ source, ...options })
    const isMeant = (one: Copy) => one.source === source && (options.onlyTopics?.has(one.topic) ?? true)
    const meant = open.filter(isMeant).map((one) => ({ key: { ...one, targetTopic: one.topic } }))
    if (source === stuck) return { closed: [], waiting: meant.map((one) => ({ ...one, reason: 'no leader' })) }
    open = open.filter((one) => !isMeant(one))
    return { closed: meant, waiting: [] }
  },
  applyConfigs: async () => [],
  [Symbol.asyncDispose]: async () => undefined,
}

const donated = [
  {
    donor: regionName('north'),
    topics: ['late'],
    proofs: [{ topic: 'late', partition: 0, sourceEnd: 9, copiedTo: 8 }],
  },
]

/** From left to right, beside north and south. */
function run(evidence: 'kept' | 'lost' | 'none' = 'none', kind: MoveKind = 'failover') {
  const rooms = {
    linkOf: (source: string, target: string) => ({
      name: linkName(`${source}-${target}`),
      source,
      target,
      topics: { include: ['*'] },
    }),
    replicator: { moves: { permitted: () => moves }, stopLink: async () => undefined },
    recordedConfigs: async () => [],
    topics: { include: ['*'], exclude: [] },
  }
  const [from, to] = [regionName('left'), regionName('right')]
  const call = {
    rooms,
    document: { regions: { left: {}, right: {}, north: {}, south: {} } },
    operation: { id: 'op-2', kind, from, to },
    evidenceOf: async (phase: string) => {
      if (phase !== 'catching-up' || evidence === 'none') return undefined
      if (evidence === 'lost') throw failoverFaults.fault('EVIDENCE_LOST', { key: 'operations/op-2/catching-up' })
      return packDonated(donated)
    },
    from,
    to,
    signal,
  } as unknown as EffectCall
  return promote(call)
}

const sources = () => closings.map(({ source }) => source)

describe('the promotion of a failover', () => {
  test('ends what the catch-up gave by its proofs, then the own copies', async () => {
    open = [
      { source: 'north', topic: 'late', partition: 0 },
      { source: 'left', topic: 'level', partition: 0 },
    ]
    expect(await run('kept')).toMatchObject({ kind: 'done' })
    expect(sources()).toEqual(['north', 'left'])
    expect(closings[0]).toMatchObject({ proofs: donated[0]?.proofs, isPromotion: true })
    expect(open).toEqual([])
  })

  test.each(['lost', 'none', 'kept'] as const)(
    'ends what a catch-up has left: its evidence is %s',
    async (evidence) => {
      open = [
        { source: 'north', topic: 'late', partition: 0 },
        { source: 'south', topic: 'later', partition: 1 },
        { source: 'left', topic: 'level', partition: 0 },
      ]
      expect(await run(evidence)).toMatchObject({ kind: 'done' })
      expect(sources()).toEqual(['north', 'south', 'left'])
      const promotion = { isPromotion: true, unproved: 'end', markers: 'always', by: 'op-2' }
      expect(closings[1]).toEqual({ source: 'south', ...promotion, onlyTopics: new Set(['later']) })
      expect(open).toEqual([])
    },
  )

  test('waits for such a copy that can not end now, before its own ones end', async () => {
    open = [{ source: 'south', topic: 'later', partition: 1 }]
    stuck = 'south'
    expect(await run()).toMatchObject({ kind: 'waiting', reason: 'later-1: no leader' })
    expect(sources()).toEqual(['south'])
  })

  test('leaves copies from outside of the group, and one that the own copy has gone on behind', async () => {
    open = [
      { source: 'elsewhere', topic: 'late', partition: 0 },
      { source: 'north', topic: 'level', partition: 0 },
      { source: 'left', topic: 'level', partition: 0 },
    ]
    expect(await run()).toMatchObject({ kind: 'done' })
    expect(sources()).toEqual(['left'])
  })
})

test('the promotion of a switchover ends its own copies alone', async () => {
  open = [{ source: 'south', topic: 'later', partition: 1 }]
  expect(await run('none', 'switchover')).toMatchObject({ kind: 'done' })
  expect(sources()).toEqual(['left'])
})
