import type { Logger } from 'pino'
import type { Clock, Timer } from '../core/index.ts'
import type { LinkProgress } from '../replication/index.ts'

const EVERY_MS = 10_000
/** Below this a link keeps up, and saying so every ten seconds would be noise. */
const WORTH_TELLING_RECORDS = 10_000

interface Sample extends LinkProgress {
  readonly atMs: number
}

export interface Progress {
  start(): void
  stop(): void
}

/** Says every ten seconds how far a link is that has a long way to go: rate, what remains, and how long that takes. */
export function createProgress(options: {
  readonly clock: Clock
  readonly logger: Logger
  progress(): readonly LinkProgress[]
}): Progress {
  const { clock, logger } = options
  const samples = new Map<string, Sample>()
  let timer: Timer | undefined
  const look = () => {
    for (const progress of options.progress()) {
      const now: Sample = { ...progress, atMs: clock.monotonicMs() }
      const before = samples.get(now.link)
      samples.set(now.link, now)
      const line = before === undefined ? undefined : describeProgress(before, now)
      if (line !== undefined) logger.info({ link: now.link, ...line.fields }, line.sentence)
    }
    timer = clock.setTimer(EVERY_MS, look, { keepAlive: false })
  }
  return {
    start: look,
    stop: () => timer?.cancel(),
  }
}

/** Undefined where the link keeps up. */
function describeProgress(before: Sample, now: Sample) {
  const { link, remainingRecords } = now
  if (remainingRecords < WORTH_TELLING_RECORDS || now.atMs <= before.atMs) return undefined
  const copied = now.recordsCopied - before.recordsCopied
  const recordsPerSecond = Math.round((copied * 1_000) / (now.atMs - before.atMs))
  const etaSeconds = recordsPerSecond > 0 ? Math.ceil(remainingRecords / recordsPerSecond) : null
  const rest = etaSeconds === null ? 'not moving' : `about ${describeDuration(etaSeconds)} at this rate`
  const sentence =
    `link ${link} is catching up: ${group(recordsPerSecond)} records/s, ` +
    `${group(remainingRecords)} records to go, ${rest}`
  return { sentence, fields: { recordsPerSecond, remainingRecords, etaSeconds } }
}

function describeDuration(seconds: number): string {
  if (seconds < 90) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

function group(amount: number): string {
  return amount.toLocaleString('en-US')
}
