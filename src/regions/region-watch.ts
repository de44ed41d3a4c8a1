import {
  type Clock,
  createEvents,
  type Events,
  type Pass,
  type RegionName,
  runLoop,
  type Timer,
} from '../core/index.ts'
import type { CopySum } from './copy-sum.ts'
import type { RegionEvents } from './events.ts'
import { gradeSample } from './grade.ts'
import { foldHealth, type RegionHealth, restartRuns } from './health.ts'
import { HeardReports } from './heard-reports.ts'
import { type Judgement, judgeRegion } from './judge.ts'
import { beginObserver, type Doubt, foldObserver, type ObserverState, TICK_MS } from './observer.ts'
import { type HealthTimings, longestGapMs } from './options.ts'
import { type ProbedCluster, type RegionLook, RegionProbe } from './region-probe.ts'
import { encodeReport, type HeardReport, type VantageReport } from './report.ts'
import type { RegionSample } from './sample.ts'

export interface WatchedRegion {
  readonly name: RegionName
  /** With connect and request timeouts of `timeoutMs`; closed by whoever opened it. */
  readonly cluster: ProbedCluster
  readonly bootstrap: readonly string[]
  /** Whether canaries are written to it. */
  readonly canary: boolean
}

export interface RegionWatchOptions {
  readonly regions: readonly WatchedRegion[]
  /** Unique among all processes that watch. */
  readonly vantage: string
  /** The region this process runs in; null for none of them. */
  readonly standsIn: RegionName | null
  readonly timings: HealthTimings
  readonly clock: Clock
  /** What this process copies, told to the others by link. @defaultValue nothing */
  readonly copies?: () => ReadonlyMap<string, CopySum>
}

export interface RegionsStatus {
  readonly vantage: string
  readonly standsIn: RegionName | null
  /** Why this observer does not trust itself; null where it does. */
  readonly doubt: Doubt | null
  /** In the order of the configuration. */
  readonly regions: readonly RegionStatus[]
  /** The other vantage points. */
  readonly heard: readonly HeardReport[]
}

export interface RegionStatus {
  readonly region: RegionName
  /** Undefined until the first look has ended. */
  readonly health: RegionHealth | undefined
  /** The newest one, whether it counted or not. */
  readonly sample: RegionSample | undefined
  /** Milliseconds since that look ended; undefined before. */
  readonly sampleAgeMs: number | undefined
  readonly judgement: Judgement
}

interface Watched {
  readonly spec: WatchedRegion
  readonly probe: RegionProbe
  health: RegionHealth | undefined
  sample: RegionSample | undefined
  toldVerdict: Judgement['verdict'] | null
  /** Why there was no canary in the newest look, and the last reason that was told. */
  newCanary: string | undefined
  toldCanary: string | undefined
}

interface Looked {
  readonly look: RegionLook
  /** The observer was in doubt at some time between the beginning of the look and its end. */
  readonly isDoubtful: boolean
}

interface Conclusion {
  readonly look: RegionLook
  readonly health: RegionHealth | undefined
  readonly reason: string
}

const AFTER_ERROR_MS = 5_000

/**
 * Watches all regions from here: a loop a region that looks, folds and tells, and a clock that watches the watcher. What
 * it says of a region is never older than a few looks: a region whose looks have stopped has no view, and the verdict on
 * it is `unknown`.
 */
export class RegionWatch {
  readonly events: Events<RegionEvents> = createEvents()
  readonly #options: RegionWatchOptions
  readonly #regions: readonly Watched[]
  readonly #heard: HeardReports
  readonly #lifetime = new AbortController()
  #observer: ObserverState
  #ticker: Timer | undefined
  #sequence: number
  #running: Promise<unknown> | undefined

  constructor(options: RegionWatchOptions) {
    const { regions, vantage, timings, clock } = options
    this.#options = options
    this.#heard = new HeardReports(vantage, timings)
    this.#observer = beginObserver(readClocks(clock))
    this.#sequence = Math.floor(clock.nowMs())
    this.#regions = regions.map((spec) => ({
      spec,
      probe: new RegionProbe({ ...spec, region: spec.name, timings, clock }),
      health: undefined,
      sample: undefined,
      toldVerdict: null,
      newCanary: undefined,
      toldCanary: undefined,
    }))
  }

  start(): void {
    if (this.#running !== undefined || this.#regions.length === 0) return
    this.#observer = beginObserver(readClocks(this.#options.clock))
    this.#tick()
    this.#running = Promise.all(this.#regions.map((watched) => this.#watch(watched)))
  }

  /** Ends the looks under way. May be called again. */
  async stop(): Promise<void> {
    this.#lifetime.abort(new Error('the watching of regions stops'))
    this.#ticker?.cancel()
    await this.#running
  }

  status(): RegionsStatus {
    const { vantage, standsIn, clock } = this.#options
    this.#look()
    const nowMs = clock.monotonicMs()
    const heard = this.#heard.list(nowMs)
    const regions = this.#regions.map((watched): RegionStatus => {
      const { spec, health, sample } = watched
      const sampleAgeMs = sample && nowMs - sample.atMs
      return { region: spec.name, health, sample, sampleAgeMs, judgement: this.#judge(watched, heard) }
    })
    return { vantage, standsIn, doubt: this.#observer.doubt ?? null, regions, heard }
  }

  /** Why this observer does not trust itself now. */
  doubt(): string | undefined {
    this.#look()
    return this.#observer.doubt?.reason
  }

  /** The verdict on one region now; undefined for one that is not watched. */
  judge(region: RegionName): Judgement | undefined {
    this.#look()
    const watched = this.#regions.find(({ spec }) => spec.name === region)
    return watched && this.#judge(watched, this.#heard.list(this.#options.clock.monotonicMs()))
  }

  #watch(watched: Watched): Promise<void> {
    const { clock, timings } = this.#options
    const region = watched.spec.name
    return runLoop(
      {
        observe: (signal) => this.#observe(watched, signal),
        decide: (looked) => this.#decide(watched, looked),
        act: (conclusion) => Promise.resolve(this.#take(watched, conclusion)),
      },
      {
        clock,
        signal: this.#lifetime.signal,
        everyMs: timings.everyMs,
        afterErrorMs: AFTER_ERROR_MS,
        onError: (error) => this.events.emit('region:probe-error', { region, error }),
      },
    )
  }

  async #observe({ probe }: Watched, signal: AbortSignal): Promise<Looked> {
    this.#look()
    const startedMs = this.#options.clock.monotonicMs()
    const look = await probe.look(encodeReport(this.#report()), signal)
    this.#look()
    const { doubt } = this.#observer
    return { look, isDoubtful: doubt !== undefined && doubt.atMs >= startedMs }
  }

  #decide({ health }: Watched, { look, isDoubtful }: Looked): Conclusion {
    const { timings } = this.#options
    if (isDoubtful) {
      const reason = 'the look does not count: the observer was in doubt'
      return { look, health: health && restartRuns(health), reason }
    }
    const graded = { ...gradeSample(look.sample, timings), atMs: look.sample.atMs }
    const folded = foldHealth(health, graded, timings)
    return { look, health: folded, reason: folded.reason }
  }

  #take(watched: Watched, { look, health, reason }: Conclusion): Pass {
    const { name } = watched.spec
    const before = watched.health
    watched.sample = look.sample
    watched.health = health
    this.#heard.note(look.heard, this.#options.clock.monotonicMs())
    if (health !== undefined && health.level !== before?.level) {
      const { findings } = health
      this.events.emit('region:health', {
        region: name,
        from: before?.level ?? null,
        to: health.level,
        reason,
        findings,
      })
    }
    this.#tellCanary(watched)
    return { kind: 'done', reason }
  }

  /** Once, and again when the reason is another one; a topic that was just made is no reason by the next look. */
  #tellCanary(watched: Watched): void {
    const { canary } = watched.sample ?? {}
    const isReached = watched.sample?.brokers.some(({ state }) => state === 'answers') === true
    const reason = watched.spec.canary && isReached && canary?.kind === 'unknown' ? canary.reason : undefined
    if (reason !== undefined && reason === watched.newCanary && reason !== watched.toldCanary) {
      this.events.emit('region:canary-unavailable', { region: watched.spec.name, reason })
      watched.toldCanary = reason
    }
    if (reason === undefined) watched.toldCanary = undefined
    watched.newCanary = reason
  }

  #tick(): void {
    this.#look()
    this.#tellVerdicts()
    const { clock } = this.#options
    this.#ticker = clock.setTimer(TICK_MS, () => this.#tick(), { keepAlive: false })
  }

  /** Reads both clocks; also before anything is concluded, since sockets may be served before timers. */
  #look(): void {
    // Without ticks the time between two calls says nothing.
    if (this.#ticker === undefined || this.#lifetime.signal.aborted) return
    const { clock, timings } = this.#options
    const before = this.#observer.doubt
    this.#observer = foldObserver(this.#observer, readClocks(clock), timings)
    const { doubt, monotonicMs } = this.#observer
    if (doubt !== undefined && doubt !== before) {
      for (const watched of this.#regions) watched.health = watched.health && restartRuns(watched.health)
      this.events.emit('observer:doubt', { reason: doubt.reason })
    }
    if (doubt === undefined && before !== undefined) {
      this.events.emit('observer:trusted', { afterMs: monotonicMs - before.atMs })
    }
  }

  #tellVerdicts(): void {
    const nowMs = this.#options.clock.monotonicMs()
    for (const { kind, report, ageMs } of this.#heard.review(nowMs)) {
      const { vantage, standsIn } = report
      if (kind === 'heard') this.events.emit('vantage:heard', { vantage, standsIn })
      else this.events.emit('vantage:silent', { vantage, standsIn, ageMs })
    }
    const heard = this.#heard.list(nowMs)
    for (const watched of this.#regions) {
      const { region, verdict: to, reason, votes } = this.#judge(watched, heard)
      const from = watched.toldVerdict
      if (from === to || (from === null && to === 'unknown')) continue
      watched.toldVerdict = to
      this.events.emit('region:verdict', { region, from, to, reason, votes })
    }
  }

  #judge({ spec }: Watched, heard: readonly HeardReport[]): Judgement {
    const regions = this.#regions.map((each) => each.spec.name)
    const own = { ...this.#report(), sequence: 0 }
    return judgeRegion({ region: spec.name, regions, own, heard }, this.#options.timings)
  }

  /** A region whose looks have stopped is left out. */
  #report(): VantageReport {
    const { vantage, standsIn, timings, clock, copies } = this.#options
    const oldestMs = clock.monotonicMs() - longestGapMs(timings)
    const sees = this.#regions.flatMap(({ spec, health }) => {
      return health === undefined || health.sampledMs < oldestMs ? [] : [[spec.name, health.level] as const]
    })
    const sequence = ++this.#sequence
    const doubt = this.#observer.doubt?.reason ?? null
    return { vantage, standsIn, sequence, doubt, sees: new Map(sees), ...(copies && { copies: copies() }) }
  }
}

function readClocks(clock: Clock) {
  return { monotonicMs: clock.monotonicMs(), wallMs: clock.nowMs() }
}
