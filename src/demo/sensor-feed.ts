import {
  type Aggregate,
  type AggregateRecord,
  type Alert,
  meanOf,
  mergeAggregates,
  type OutgoingRecord,
  TOPICS,
} from '../local/index.ts'

/** A window of a site, put together from what each partition of the readings has of it. */
export interface WindowView {
  /** Event time, milliseconds since 1970. */
  readonly startMs: number
  readonly count: number
  readonly mean: number
  readonly min: number
  readonly max: number
  /** Where it was written first; behind a move the others publish it anew. */
  readonly region: string
}

export interface SiteView {
  readonly site: string
  readonly kind: string
  /** Oldest first. */
  readonly windows: readonly WindowView[]
}

export interface AlertView extends Alert {
  readonly region: string
}

export interface MoveView {
  readonly atMs: number
  readonly from: string
  readonly to: string
  readonly epoch: number
}

export interface FeedView {
  readonly sites: readonly SiteView[]
  /** Latest first. */
  readonly alerts: readonly AlertView[]
  readonly moves: readonly MoveView[]
  /** Alerts that a move has brought a second time; they are shown once. */
  readonly alertsAgain: number
}

const WINDOWS_KEPT = 30
const ALERTS_KEPT = 100
const MOVES_KEPT = 20

interface SiteWindow {
  readonly region: string
  /** By partition of the readings. */
  readonly parts: Map<number, Aggregate>
}

interface Site {
  readonly site: string
  readonly kind: string
  /** By start. */
  readonly windows: Map<number, SiteWindow>
}

/**
 * The windows and alerts that the analytics have committed lately, whichever region they ran in. A window that is
 * published anew behind a move takes the place of what was there, and an alert with the key of another one is that one:
 * what a move repeats shows once.
 */
export class SensorFeed {
  /** By `site/kind`. */
  readonly #sites = new Map<string, Site>()
  readonly #alerts = new Map<string, AlertView>()
  readonly #moves: MoveView[] = []
  #region: string
  #alertsAgain = 0

  constructor(home: string) {
    this.#region = home
  }

  /** The applications have left one region, and are about to start in another. */
  moved(move: MoveView): void {
    this.#region = move.to
    this.#moves.push(move)
    if (this.#moves.length > MOVES_KEPT) this.#moves.shift()
  }

  take(records: readonly OutgoingRecord[]): void {
    for (const { topic, key, value } of records) {
      if (value === null) continue
      if (topic === TOPICS.aggregates) this.#takeAggregate(JSON.parse(value) as AggregateRecord)
      if (topic === TOPICS.alerts) this.#takeAlert(key, JSON.parse(value) as Alert)
    }
  }

  view(): FeedView {
    const sites = [...this.#sites.values()].map(({ site, kind, windows }) => {
      return { site, kind, windows: [...windows.values()].map(putTogether).sort((a, b) => a.startMs - b.startMs) }
    })
    return {
      sites: sites.sort((a, b) => `${a.site} ${a.kind}`.localeCompare(`${b.site} ${b.kind}`)),
      alerts: [...this.#alerts.values()].reverse(),
      moves: [...this.#moves],
      alertsAgain: this.#alertsAgain,
    }
  }

  #takeAggregate(record: AggregateRecord): void {
    const { scope, subject, site, kind, part, windowStart } = record
    if (scope !== 'site' || part === null) return
    const { windows } = this.#sites.get(subject) ?? { windows: new Map<number, SiteWindow>() }
    this.#sites.set(subject, { site, kind, windows })
    const window = windows.get(windowStart) ?? { region: this.#region, parts: new Map<number, Aggregate>() }
    windows.set(windowStart, window)
    window.parts.set(part, record)
    if (windows.size > WINDOWS_KEPT) windows.delete(Math.min(...windows.keys()))
  }

  #takeAlert(key: string, alert: Alert): void {
    if (this.#alerts.has(key)) {
      this.#alertsAgain++
      return
    }
    this.#alerts.set(key, { ...alert, region: this.#region })
    const [oldest] = this.#alerts.keys()
    if (this.#alerts.size > ALERTS_KEPT && oldest !== undefined) this.#alerts.delete(oldest)
  }
}

function putTogether({ region, parts }: SiteWindow): WindowView {
  const whole = [...parts.values()].reduce(mergeAggregates)
  const { windowStart: startMs, count, min, max } = whole
  return { startMs, count, mean: meanOf(whole), min, max, region }
}
