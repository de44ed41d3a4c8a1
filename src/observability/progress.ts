import type { Logger } from 'pino'
import type { Clock, Timer } from '../core/index.ts'
import type { LinkStatus, ReplicationStatus } from '../replication/index.ts'

const EVERY_MS = 10_000
/** Below this a link keeps up, and saying so every ten seconds would be noise. */
const WORTH_TELLING_RECORDS = 10_000

interface Sample {
  readonly atMs: number
  readonly copied: number
}

export interface Progress {
  start(): void
  stop(): void
}

/** Says every ten seconds how far a link is that has a long way to go: rate, what remains, and how long that takes. */
export function createProgress(options: {
  readonly clock: Clock
  readonly logger: Logger
  status(): ReplicationStatus
}): Progress {
  const { clock, logger } = options
  const samples = new Map<string, Sample>()
  let timer: Timer | undefined
  const look = () => {
    for (const link of options.status().links) {
      const now: Sample = { atMs: clock.monotonicMs(), copied: sum(link, (flow) => flow.counters.recordsCopied) }
      const before = samples.get(link.link)
      samples.set(link.link, now)
      const line = before === undefined ? undefined : describeProgress(link, before, now)
      if (line !== undefined) logger.info({ link: link.link, ...line.fields }, line.sentence)
    }
    timer = clock.setTimer(EVERY_MS, look, { keepAlive: false })
  }
  return {
    start: look,
    stop: () => timer?.cancel(),
  }
}

/** Undefined where the link keeps up. */
export function describeProgress(link: LinkStatus, before: Sample, now: Sample) {
  const remainingRecords = sum(link, (flow) => flow.lagRecords ?? 0)
  if (remainingRecords < WORTH_TELLING_RECORDS || now.atMs <= before.atMs) return undefined
  const recordsPerSecond = Math.round(((now.copied - before.copied) * 1_000) / (now.atMs - before.atMs))
  const etaSeconds = recordsPerSecond > 0 ? Math.ceil(remainingRecords / recordsPerSecond) : null
  const rest = etaSeconds === null ? 'not moving' : `about ${describeDuration(etaSeconds)} at this rate`
  const sentence =
    `link ${link.link} is catching up: ${group(recordsPerSecond)} records/s, ` +
    `${group(remainingRecords)} records to go, ${rest}`
  return { sentence, fields: { recordsPerSecond, remainingRecords, etaSeconds } }
}

function sum(link: LinkStatus, read: (flow: LinkStatus['flows'][number]) => number): number {
  return link.flows.reduce((total, flow) => total + read(flow), 0)
}

function describeDuration(seconds: number): string {
  if (seconds < 90) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

function group(amount: number): string {
  return amount.toLocaleString('en-US')
}
