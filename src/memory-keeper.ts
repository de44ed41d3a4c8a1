import { performance } from 'node:perf_hooks'
import type { Clock, Timer } from './core/index.ts'
import type { Logger } from './observability/index.ts'

/**
 * Gives memory back to the machine. A start of thousands of flows takes several times the memory that they need from
 * then on, and V8 keeps what it has freed for itself unless it is told that memory is scarce.
 *
 * That stops everything for a moment (0.7 s and more with 10,000 flows). So it is done only where much has come since
 * the last time, when it has been quiet for ten seconds, and at most every ten minutes.
 */
export interface MemoryKeeper {
  start(): void
  stop(): void
}

export interface MemoryKeeperOptions {
  readonly clock: Clock
  readonly logger: Logger
  /** @defaultValue of this process */
  readonly residentBytes?: () => number
  /** The part of the time since the last call in which the process was busy. @defaultValue that of the event loop */
  readonly busyShare?: () => number
  /** @defaultValue V8's; nothing where Node was started without `--expose-gc` */
  readonly collect?: () => void
}

const EVERY_MS = 5_000
const NOT_BEFORE_MS = 600_000
const GROWN_BYTES = 64 * 1024 * 1024
const QUIET_SHARE = 0.2
/** In a row: a start that waits for brokers is quiet for a moment, too. */
const QUIET_LOOKS = 2
const MEGA = 1e6

export function createMemoryKeeper(options: MemoryKeeperOptions): MemoryKeeper {
  const { clock, logger, residentBytes = () => process.memoryUsage.rss(), busyShare = watchEventLoop() } = options
  const collect = options.collect ?? findCollector()
  let timer: Timer | undefined
  let leastBytes = 0
  let notBeforeMs = 0
  let quietLooks = 0

  const look = () => {
    quietLooks = busyShare() < QUIET_SHARE ? quietLooks + 1 : 0
    const beforeBytes = residentBytes()
    const hasGrown = beforeBytes - leastBytes > GROWN_BYTES
    if (hasGrown && quietLooks >= QUIET_LOOKS && clock.monotonicMs() >= notBeforeMs) giveBack(beforeBytes)
    timer = clock.setTimer(EVERY_MS, look, { keepAlive: false })
  }

  const giveBack = (beforeBytes: number) => {
    const startedMs = clock.monotonicMs()
    collect?.()
    leastBytes = residentBytes()
    notBeforeMs = clock.monotonicMs() + NOT_BEFORE_MS
    const tookMs = Math.round(clock.monotonicMs() - startedMs)
    const [before, after] = [beforeBytes, leastBytes].map((bytes) => Math.round(bytes / MEGA))
    logger.info({ before, after, tookMs }, `memory was given back: ${before} MB before, ${after} MB now`)
  }

  return {
    start() {
      if (collect === undefined) return
      leastBytes = residentBytes()
      timer = clock.setTimer(EVERY_MS, look, { keepAlive: false })
    },
    stop: () => timer?.cancel(),
  }
}

/** Only this flavor also empties the pool of pages that V8 keeps. */
function findCollector(): (() => void) | undefined {
  const { gc } = globalThis
  return gc && (() => gc({ type: 'major', flavor: 'last-resort', execution: 'sync' }))
}

function watchEventLoop(): () => number {
  let last = performance.eventLoopUtilization()
  return () => {
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, last)
    last = now
    return utilization
  }
}
