import { createHash } from 'node:crypto'
import type { FlowSpec } from '../flows/flow.ts'
import {
  flowKeyText,
  type IncidentAction,
  type IncidentEntry,
  type IncidentFacts,
  type OffsetRange,
} from '../offset-map/index.ts'

/**
 * Decides what an incident that was found adds to those on record: pure.
 *
 * Whoever finds an incident tells it before anything is done about it, and after a crash it is found and told again:
 * so it has an id made of what it is about, and telling it again changes nothing. Where more was lost meanwhile, an
 * open incident grows; an acknowledged one stays what was acknowledged, and the rest is a new one.
 *
 * Bounded: of a flow and a code, at most `OPEN_MAX` open incidents for each way in which it went on, into the newest of
 * which later ones are folded, and `OPEN_MAX` others; of a flow, at most `ACKNOWLEDGED_MAX` acknowledged ones. What
 * stopped a flow or had its topic copied again is acted on by its own id and topic ids, and is never folded: a new one
 * takes the place of the oldest, which is of a topic or a log that is long gone, and counts it.
 */
export interface FoundIncident {
  readonly flow: FlowSpec
  /** Of the fault that describes it. */
  readonly code: string
  /** A sentence for the operator. */
  readonly reason: string
  readonly action: IncidentAction
  /** Source offsets it is about. @defaultValue none */
  readonly source?: OffsetRange
  /** Target offsets it is about. @defaultValue none */
  readonly target?: OffsetRange
}

export interface IncidentPlan {
  readonly id: string
  /** Undefined where all of it is on record. */
  readonly facts: IncidentFacts | undefined
  /** Those that there is no more room for. */
  readonly dropped: readonly IncidentEntry[]
}

export const OPEN_MAX = 50
export const ACKNOWLEDGED_MAX = 20
const WENT_ON: ReadonlySet<IncidentAction> = new Set(['went-on', 'quarantined', 'skipped', 'rebuilt'])

/** @param known - every incident of the flow, the oldest first */
export function planIncident(
  found: FoundIncident,
  known: readonly IncidentEntry[],
  about: { readonly link: string; readonly atMs: number },
): IncidentPlan {
  const { flow, code, reason, action, source = null, target = null } = found
  const id = idOf(found)
  const { sourceTopicId, targetTopicId } = flow
  const same = known.find((entry) => entry.id === id)
  if (same === undefined) {
    const facts: IncidentFacts = {
      code,
      link: about.link,
      sourceTopicId,
      targetTopicId,
      source,
      target,
      reason,
      action,
      atMs: about.atMs,
      folded: 0,
      acknowledged: null,
    }
    return addTo(known, { id, facts })
  }
  const { facts } = same
  const isWider = reachesBeyond(source, facts.source) || (source === null && reachesBeyond(target, facts.target))
  // One that was acknowledged while it named nothing is opened again.
  const isMore = isWider && facts.acknowledged !== null && !isEmpty(source === null ? facts.target : facts.source)
  if (isMore) return planIncident(restOf(found, facts), known, about)
  const wider = { source: hull(facts.source, source), target: hull(facts.target, target), reason, acknowledged: null }
  const next: IncidentFacts = {
    ...facts,
    ...(isWider && wider),
    // What was begun, or asked for by an operator, is not taken back.
    action: facts.action === 'reseed' ? 'reseed' : action,
  }
  const hasChanged = isWider || next.action !== facts.action
  return { id, facts: hasChanged ? next : undefined, dropped: [] }
}

function addTo(known: readonly IncidentEntry[], { id, facts }: { id: string; facts: IncidentFacts }): IncidentPlan {
  const open = known.filter((entry) => entry.facts.acknowledged === null && isAlike(entry.facts, facts))
  const acknowledged = known.filter((entry) => entry.facts.acknowledged !== null)
  const dropped = acknowledged.slice(0, Math.max(0, acknowledged.length - ACKNOWLEDGED_MAX + 1))
  if (open.length < OPEN_MAX) return { id, facts, dropped }
  const newest = open.at(-1)
  if (newest !== undefined && canBeFolded(facts)) {
    const { source, target, folded } = newest.facts
    const widened = { source: hull(source, facts.source), target: hull(target, facts.target), folded: folded + 1 }
    return { id: newest.id, facts: { ...newest.facts, ...widened }, dropped: [] }
  }
  // A reseed of the topic that is there now has still to be done.
  const isOver = (entry: IncidentEntry) =>
    entry.facts.action !== 'reseed' || entry.facts.targetTopicId !== facts.targetTopicId
  const oldest = open.find(isOver) ?? open[0]
  if (oldest === undefined) return { id, facts, dropped }
  return { id, facts: { ...facts, folded: oldest.facts.folded + 1 }, dropped: [...dropped, oldest] }
}

function isAlike(one: IncidentFacts, other: IncidentFacts): boolean {
  const isSameWay = one.action === other.action || !(canBeFolded(one) || canBeFolded(other))
  return one.code === other.code && isSameWay
}

/** Nothing hangs on its own id any more. */
function canBeFolded({ action }: IncidentFacts): boolean {
  return WENT_ON.has(action)
}

/** What the acknowledged one does not name. */
function restOf(found: FoundIncident, { source, target }: IncidentFacts): FoundIncident {
  const behind = (range: OffsetRange | undefined, known: OffsetRange | null): OffsetRange | undefined =>
    range && { from: known?.to ?? range.from, to: range.to }
  return found.source === undefined
    ? { ...found, ...rangeOf('target', behind(found.target, target)) }
    : { ...found, ...rangeOf('source', behind(found.source, source)) }
}

function rangeOf(side: 'source' | 'target', range: OffsetRange | undefined) {
  return range === undefined ? {} : { [side]: range }
}

function idOf({ flow, code, source, target }: FoundIncident): string {
  const { key, sourceTopicId, targetTopicId } = flow
  const first = source?.from ?? target?.from ?? ''
  const text = [flowKeyText(key), code, sourceTopicId, targetTopicId, first].join(' ')
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}

/** An end that is not known any more says no more than one that was. */
function reachesBeyond(range: OffsetRange | null, known: OffsetRange | null): boolean {
  if (range === null || known === null) return range !== null
  return known.to !== null && range.to !== null && range.to > known.to
}

function isEmpty(range: OffsetRange | null): boolean {
  return range === null || range.from === range.to
}

function hull(one: OffsetRange | null, other: OffsetRange | null): OffsetRange | null {
  if (one === null || other === null) return one ?? other
  const to = one.to === null || other.to === null ? null : Math.max(one.to, other.to)
  return { from: Math.min(one.from, other.from), to }
}
