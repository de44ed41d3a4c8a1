import type { Verdict } from '../../regions/index.ts'
import { holdsFence } from '../automatic/automatic-record.ts'
import type { GroupDocument } from '../state.ts'
import type { DrillDocument } from './drill-document.ts'

export interface Surroundings {
  /** Of the regions of the group, as this controller judges them. */
  readonly judgements: readonly { readonly region: string; readonly verdict: Verdict; readonly reason: string }[]
  /** The group that is rehearsed and, of a canary drill, the one that is moved; as far as they are recorded. */
  readonly groups: readonly GroupDocument[]
  /** Ids of the operations that the drill orders. */
  readonly own: ReadonlySet<string>
}

/** A region that nothing is known of yet is none that has failed. */
const CALM: ReadonlySet<Verdict> = new Set<Verdict>(['up', 'unknown'])

/** What goes on outside that a drill must not stand in the way of: pure; undefined where nothing does. */
export function findIncident(
  { from, region }: Pick<DrillDocument, 'from' | 'region'>,
  { judgements, groups, own }: Surroundings,
): string | undefined {
  const sick = judgements.find((it) => (it.region === from || it.region === region) && !CALM.has(it.verdict))
  if (sick !== undefined) return `${sick.region} is ${sick.verdict}: ${sick.reason}`
  for (const { group, paused, operation, automatic } of groups) {
    if (holdsFence(automatic)) return `automatic mode has begun to fail group ${group} over`
    if (paused !== undefined) return `group ${group} was paused by ${paused.by}: ${paused.reason}`
    if (operation !== undefined && !own.has(operation.id)) {
      return `${operation.kind} ${operation.id} of group ${group} runs, which ${operation.request.by} asked for`
    }
  }
  return undefined
}
