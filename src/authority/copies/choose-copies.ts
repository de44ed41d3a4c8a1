import { canonicalJson } from '../../core/index.ts'
import { authorityFaults } from '../faults.ts'
import { compareStamps, type StateCopy } from './copy.ts'

export interface ChosenCopy {
  readonly copy: StateCopy
  /** One that has it. */
  readonly region: string
}

/**
 * The newest copy of each document over all regions. Revisions of two authorities cannot be compared: where both claim
 * the same generation and epoch with different contents, the region that the operator named decides, and without one of
 * them there it is `RESTORE_AMBIGUOUS`.
 */
export function chooseCopies(
  regions: ReadonlyMap<string, ReadonlyMap<string, StateCopy>>,
  from: string,
): ReadonlyMap<string, ChosenCopy> {
  const all = [...regions].flatMap(([region, copies]) => [...copies.values()].map((copy) => ({ copy, region })))
  const byKey = Map.groupBy(all, ({ copy }) => copy.key)
  return new Map([...byKey].map(([key, candidates]) => [key, choose(key, candidates, from)]))
}

function choose(key: string, candidates: readonly ChosenCopy[], from: string): ChosenCopy {
  const ranked = candidates.toSorted((left, right) => compareStamps(right.copy, left.copy))
  const best = ranked[0] as ChosenCopy
  const rivals = ranked.filter((candidate) => isRival(candidate.copy, best.copy))
  const rival = rivals[0]
  if (rival === undefined) return best
  const named = [best, ...rivals].filter(({ region }) => region === from)
  if (named[0] !== undefined) return named[0]
  const { generation, epoch } = best.copy
  throw authorityFaults.fault('RESTORE_AMBIGUOUS', { key, generation, epoch, left: best.region, right: rival.region })
}

function isRival(copy: StateCopy, best: StateCopy): boolean {
  if (copy.generation !== best.generation || copy.epoch !== best.epoch) return false
  if (copy.authority === best.authority && copy.revision !== best.revision) return false
  return canonicalJson(copy.value) !== canonicalJson(best.value)
}
