import type { DrainStatus, Goal, PartitionCut, ProvedEnd } from '../../replication/index.ts'
import type { Json } from '../outcome.ts'

/**
 * Evidence of cuts and proofs, packed by topic: one document holds them for all partitions of a group, and it may have
 * 512 KiB.
 */
type Row = readonly [partition: number, first: number, second: number]

interface PackedTopic {
  readonly topic: string
  readonly topicId?: string
  readonly rows: readonly Row[]
}

interface Packed<Item> {
  readonly pack: (item: Item) => Row
  readonly unpack: (topic: PackedTopic, row: Row) => Item
}

const CUTS: Packed<PartitionCut> = {
  pack: ({ partition, cut, end }) => [partition, cut, end],
  unpack: ({ topic, topicId = '' }, [partition, cut, end]) => ({ topic, topicId, partition, cut, end }),
}

const PROOFS: Packed<ProvedEnd> = {
  pack: ({ partition, sourceEnd, copiedTo }) => [partition, sourceEnd, copiedTo],
  unpack: ({ topic }, [partition, sourceEnd, copiedTo]) => ({ topic, partition, sourceEnd, copiedTo }),
}

export function packCuts(cuts: readonly PartitionCut[]): Json {
  return packAll(cuts, CUTS)
}

export function unpackCuts(evidence: Json | undefined): PartitionCut[] {
  return unpackAll(evidence, CUTS)
}

export function packProofs(proofs: readonly ProvedEnd[]): Json {
  return packAll(proofs, PROOFS)
}

/** Proved ends, as the judgement of groups knows them. */
export function drainedOf(proofs: readonly ProvedEnd[]): DrainStatus[] {
  return proofs.map(({ topic, partition, sourceEnd: source, copiedTo: target }) => {
    return { topic, partition, leftOffsets: 0, reason: undefined, copied: { source, target } }
  })
}

export function unpackProofs(evidence: Json | undefined): ProvedEnd[] {
  return unpackAll(evidence, PROOFS)
}

/** Of cuts, what a target is to hold. */
export function goalsOf(cuts: readonly PartitionCut[]): Goal[] {
  return cuts.map(({ topic, partition, cut }) => ({ topic, partition, cut }))
}

function packAll<Item extends { readonly topic: string; readonly topicId?: string }>(
  items: readonly Item[],
  { pack }: Packed<Item>,
): Json {
  const topics = Map.groupBy(items, ({ topic }) => topic)
  return {
    topics: [...topics].map(([topic, of]) => {
      const topicId = of[0]?.topicId
      return { topic, ...(topicId !== undefined && { topicId }), rows: of.map(pack) }
    }),
  }
}

function unpackAll<Item>(evidence: Json | undefined, { unpack }: Packed<Item>): Item[] {
  const packed = evidence as { readonly topics: readonly PackedTopic[] } | undefined
  return (packed?.topics ?? []).flatMap((topic) => topic.rows.map((row) => unpack(topic, row)))
}
