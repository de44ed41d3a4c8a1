/**
 * Which partitions of a region that is to become active have to be caught up from another survivor, once the source of
 * them all is gone. Pure.
 *
 * What a copy of another region has beyond this one is not lost: it is on that region. A copy that does not tell how far
 * it got is no donor, and one of the region itself that does not tell holds the plan up.
 */
import type { RegionName } from '../../core/index.ts'
import { textOf } from './partition-text.ts'

export interface SurvivingCopy {
  /** At the lost source. */
  readonly topic: string
  readonly partition: number
  /** First source offset that is not there; -1 where that is not known. */
  readonly sourceNext: number
}

export interface CatchUpPlan {
  readonly partitions: readonly PlannedCatchUp[]
  /** Partitions of the region itself of which it is not known how far they got. */
  readonly unknown: readonly string[]
}

export interface PlannedCatchUp {
  readonly topic: string
  readonly partition: number
  readonly from: RegionName
  /** Source offsets that only the donor has, holes included. */
  readonly offsets: number
}

export function planCatchUp(
  own: readonly SurvivingCopy[],
  others: ReadonlyMap<RegionName, readonly SurvivingCopy[]>,
): CatchUpPlan {
  const partitions: PlannedCatchUp[] = []
  for (const { topic, partition, sourceNext } of own) {
    if (sourceNext < 0) continue
    let best: { readonly from: RegionName; readonly sourceNext: number } | undefined
    for (const [from, copies] of others) {
      const found = copies.find((copy) => copy.topic === topic && copy.partition === partition)?.sourceNext ?? -1
      if (found > (best?.sourceNext ?? sourceNext)) best = { from, sourceNext: found }
    }
    if (best !== undefined) {
      partitions.push({ topic, partition, from: best.from, offsets: best.sourceNext - sourceNext })
    }
  }
  return { partitions, unknown: own.filter(({ sourceNext }) => sourceNext < 0).map(textOf) }
}
