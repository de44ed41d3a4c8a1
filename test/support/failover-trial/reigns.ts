import type { WriteNote } from './app-notes.ts'

/**
 * Who accepted writes when, told from the applications' own notes on one clock: a region may accept from the moment it
 * is ordered to become active until the first write that its successor accepts.
 */
export interface Order {
  readonly to: string
  readonly atMs: number
}

export interface Overlap {
  /** Writes that a region accepted outside of its reigns. */
  readonly writes: number
  /** The longest that such a write was away from a reign of its region. */
  readonly longestMs: number
}

interface Reign {
  readonly region: string
  readonly fromMs: number
  readonly untilMs: number
}

/** The orders in turn; the first is that of the region which was active from the beginning. */
export function judgeOverlap(writes: readonly WriteNote[], orders: readonly Order[]): Overlap {
  const away = findOverlaps(writes, orders)
  return { writes: away.length, longestMs: Math.max(0, ...away.map(({ awayMs }) => awayMs)) }
}

/** When a region that was lost was open by design: from the start of its brokers until it was fenced. */
export interface OpenWindow {
  readonly region: string
  readonly fromMs: number
  readonly untilMs: number
}

/** Those writes that a returned region accepted before it was fenced, and all others: which have no such excuse. */
export function splitByWindow(writes: readonly WriteNote[], windows: readonly OpenWindow[]) {
  const isInside = ({ verdict, region, sentMs, answeredMs }: WriteNote) =>
    verdict === 'kept' && windows.some((it) => it.region === region && answeredMs >= it.fromMs && sentMs <= it.untilMs)
  return { inside: writes.filter(isInside), others: writes.filter((note) => !isInside(note)) }
}

/** Writes that a region accepted outside of its reigns, and how far away from them. */
export function findOverlaps(
  writes: readonly WriteNote[],
  orders: readonly Order[],
): { readonly note: WriteNote; readonly awayMs: number }[] {
  const accepted = writes.filter(({ verdict }) => verdict === 'kept')
  const reigns = orders.map(({ to: region, atMs: fromMs }, at): Reign => {
    const next = orders[at + 1]
    const first = next && firstAccepted(accepted, next, orders[at + 2]?.atMs)
    return { region, fromMs, untilMs: first?.answeredMs ?? Number.POSITIVE_INFINITY }
  })
  return accepted.map((note) => ({ note, awayMs: distance(note, reigns) })).filter(({ awayMs }) => awayMs > 0)
}

/** Last accepted on the old region to first accepted on the new one, for each move; of one writer's notes. */
export function writePauses(writes: readonly WriteNote[], orders: readonly Order[]): number[] {
  const accepted = writes.filter(({ verdict }) => verdict === 'kept')
  return orders.slice(1).flatMap((order, at) => {
    const first = firstAccepted(accepted, order, orders[at + 2]?.atMs)
    const last = accepted.findLast(({ region, sentMs }) => {
      return first !== undefined && region !== order.to && sentMs < first.sentMs
    })
    return first === undefined || last === undefined ? [] : [first.answeredMs - last.answeredMs]
  })
}

function firstAccepted(accepted: readonly WriteNote[], { to, atMs }: Order, beforeMs = Number.POSITIVE_INFINITY) {
  let first: WriteNote | undefined
  for (const note of accepted) {
    if (note.region !== to || note.sentMs < atMs || note.sentMs > beforeMs) continue
    if (first === undefined || note.answeredMs < first.answeredMs) first = note
  }
  return first
}

/** 0 where the write may have been accepted within a reign of its region. */
function distance({ region, sentMs, answeredMs }: WriteNote, reigns: readonly Reign[]): number {
  const own = reigns.filter((reign) => reign.region === region)
  if (own.length === 0) return Math.max(1, answeredMs - (reigns[0]?.fromMs ?? 0))
  return Math.min(...own.map(({ fromMs, untilMs }) => Math.max(0, fromMs - answeredMs, sentMs - untilMs)))
}
