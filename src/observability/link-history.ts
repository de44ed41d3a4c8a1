import type { Clock, Timer } from '../core/index.ts'
import type { ReplicationStatus } from '../replication/index.ts'

/**
 * What links did within the last day, kept by the process itself, so that it can be looked at where no metrics are
 * collected. Each link costs 230 KB at most; one that is gone is forgotten with its last sample. The ring is of this
 * process: a restart begins anew.
 */
const EVERY_MS = 15_000
const SAMPLES_MAX = 86_400_000 / EVERY_MS
const LINKS_MAX = 200

export interface LinkSample {
  /** Milliseconds since 1970. */
  readonly atMs: number
  /** Null where nothing is known. */
  readonly lagRecords: number | null
  readonly lagSeconds: number | null
  readonly recordsCopied: number
  readonly bytesCopied: number
}

export interface LinkHistory {
  start(): void
  stop(): void
  /** The oldest first; nothing of a link that is not known. */
  of(link: string): readonly LinkSample[]
}

export function createLinkHistory({
  clock,
  status,
}: {
  readonly clock: Clock
  readonly status: () => ReplicationStatus
}): LinkHistory {
  const rings = new Map<string, LinkSample[]>()
  let timer: Timer | undefined
  const look = () => {
    const { atMs, links } = status()
    for (const { link, flows } of links.slice(0, LINKS_MAX)) {
      const ring = rings.get(link) ?? []
      rings.set(link, ring)
      ring.push(sampleOf(flows, atMs))
    }
    for (const [link, ring] of rings) {
      while (ring.length > SAMPLES_MAX || (ring[0]?.atMs ?? atMs) < atMs - SAMPLES_MAX * EVERY_MS) ring.shift()
      if (ring.length === 0) rings.delete(link)
    }
    timer = clock.setTimer(EVERY_MS, look, { keepAlive: false })
  }
  return {
    start: look,
    stop: () => timer?.cancel(),
    of: (link) => rings.get(link) ?? [],
  }
}

function sampleOf(flows: ReplicationStatus['links'][number]['flows'], atMs: number): LinkSample {
  let lagRecords: number | null = null
  let lagSeconds: number | null = null
  let recordsCopied = 0
  let bytesCopied = 0
  for (const flow of flows) {
    if (flow.lagRecords !== null) lagRecords = (lagRecords ?? 0) + flow.lagRecords
    if (flow.lagSeconds !== null) lagSeconds = Math.max(lagSeconds ?? 0, flow.lagSeconds)
    recordsCopied += flow.counters.recordsCopied
    bytesCopied += flow.counters.bytesCopied
  }
  return { atMs, lagRecords, lagSeconds, recordsCopied, bytesCopied }
}
