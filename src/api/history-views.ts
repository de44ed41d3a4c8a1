import type { LinkSample } from '../observability/index.ts'
import type { LinkHistoryBody } from './contract/index.ts'

const POINTS_MAX = 500

/** The last so many seconds of a link, thinned out without losing a peak. Pure. */
export function viewLinkHistory(
  link: string,
  samples: readonly LinkSample[],
  { seconds, nowMs }: { readonly seconds: number; readonly nowMs: number },
): LinkHistoryBody {
  const wanted = samples.filter(({ atMs }) => atMs >= nowMs - seconds * 1_000)
  const stride = Math.max(1, Math.ceil(wanted.length / POINTS_MAX))
  const body: LinkHistoryBody = {
    link,
    atMs: [],
    lagRecords: [],
    lagSeconds: [],
    recordsPerSecond: [],
    bytesPerSecond: [],
  }
  for (let at = 0; at < wanted.length; at += stride) {
    const part = wanted.slice(at, at + stride)
    const last = part.at(-1)
    if (last === undefined) break
    const before = wanted[at - 1]
    body.atMs.push(last.atMs)
    body.lagRecords.push(mostOf(part.map(({ lagRecords }) => lagRecords)))
    body.lagSeconds.push(mostOf(part.map(({ lagSeconds }) => lagSeconds)))
    body.recordsPerSecond.push(rateOf(before, last, ({ recordsCopied }) => recordsCopied))
    body.bytesPerSecond.push(rateOf(before, last, ({ bytesCopied }) => bytesCopied))
  }
  return body
}

function mostOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null)
  return known.length === 0 ? null : Math.max(...known)
}

/** Null where a flow came or went meanwhile, and the sum fell by that. */
function rateOf(before: LinkSample | undefined, now: LinkSample, of: (sample: LinkSample) => number): number | null {
  if (before === undefined || now.atMs <= before.atMs || of(now) < of(before)) return null
  return ((of(now) - of(before)) * 1_000) / (now.atMs - before.atMs)
}
