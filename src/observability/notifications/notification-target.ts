import { backoffMs, type Clock, eitherSignal, pause, type Random, untilAborted } from '../../core/index.ts'
import type { FeedEvent, News } from '../feed/feed-event.ts'
import type { NotificationTargetOptions } from './options.ts'
import { originOf, postNotification, type PostOutcome } from './post-notification.ts'

export interface NotificationTargetContext {
  readonly clock: Clock
  readonly random: Random
  readonly fetch: typeof fetch
  /** Makes an event of what this receiver's trouble is. */
  readonly tell: (news: News) => FeedEvent
}

/** How a receiver does, since this process has started. */
export interface NotificationStatus {
  readonly name: string
  /** Scheme and host. */
  readonly where: string
  readonly sent: number
  /** Given up after many attempts, or because the receiver does not take it. */
  readonly failed: number
  /** Never tried: too many were waiting. */
  readonly dropped: number
  readonly waiting: number
  /** Since when nothing was delivered, wall clock; undefined where the last attempt was. */
  readonly failingSinceMs: number | undefined
  /** Of the last attempt that failed; '' where the last one did not. */
  readonly reason: string
}

interface Waiting {
  readonly event: FeedEvent
  readonly settled: () => void
}

const WAITING_MAX = 1_000
const ATTEMPTS_MAX = 10
/** Ten attempts take some five minutes. */
const DELAYS = { firstMs: 1_000, mostMs: 60_000 }

/**
 * One receiver: events go to it one after the other, in order, each until it is delivered or given up. What waits is
 * bounded: the oldest is dropped for a new one, and the receiver is told how many were.
 */
export class NotificationTarget {
  readonly options: NotificationTargetOptions
  readonly #context: NotificationTargetContext
  readonly #stopping = new AbortController()
  readonly #waiting: Waiting[] = []
  #sent = 0
  #failed = 0
  #dropped = 0
  #droppedUntold = 0
  #failingSinceMs: number | undefined
  #reason = ''
  #wake = new AbortController()
  #running: Promise<void> | undefined

  constructor(options: NotificationTargetOptions, context: NotificationTargetContext) {
    this.options = options
    this.#context = context
  }

  start(): void {
    this.#running ??= this.#run()
  }

  /** Gives what is waiting `withinMs` to be delivered. */
  async stop(withinMs: number): Promise<void> {
    const late = new AbortController()
    const timer = this.#context.clock.setTimer(withinMs, () => late.abort())
    while (this.#waiting.length > 0 && !late.signal.aborted && this.#failingSinceMs === undefined) {
      await pause(this.#context.clock, 20, late.signal)
    }
    timer.cancel()
    this.#stopping.abort(new Error('stopping'))
    await this.#running
  }

  /** `settled` is called once it is delivered, given up or dropped. */
  offer(event: FeedEvent, settled: () => void = () => undefined): void {
    if (this.#waiting.length >= WAITING_MAX) {
      this.#dropped++
      this.#droppedUntold++
      // The very first one is being delivered.
      for (const { settled: settle } of this.#waiting.splice(1, 1)) settle()
    }
    this.#waiting.push({ event, settled })
    this.#wake.abort()
  }

  status(): NotificationStatus {
    return {
      name: this.options.name,
      where: originOf(this.options.url),
      sent: this.#sent,
      failed: this.#failed,
      dropped: this.#dropped,
      waiting: this.#waiting.length,
      failingSinceMs: this.#failingSinceMs,
      reason: this.#reason,
    }
  }

  /** One attempt beside what waits, whatever it comes to. */
  async test(event: FeedEvent, signal: AbortSignal): Promise<PostOutcome> {
    const either = eitherSignal(signal, this.#stopping.signal)
    try {
      return await this.#post(event, either.signal)
    } finally {
      either.release()
    }
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      const [first] = this.#waiting
      if (first === undefined) {
        await this.#sleep()
        continue
      }
      await untilAborted(this.#deliver(first.event), signal)
      if (signal.aborted) return
      this.#waiting.shift()
      first.settled()
      await this.#tellDropped()
    }
  }

  /** Until something is offered, or this stops. */
  async #sleep(): Promise<void> {
    this.#wake = new AbortController()
    const either = eitherSignal(this.#wake.signal, this.#stopping.signal)
    await untilAborted(new Promise(() => undefined), either.signal)
    either.release()
  }

  async #deliver(event: FeedEvent): Promise<void> {
    const { clock, random } = this.#context
    const { signal } = this.#stopping
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.#post(event, signal)
      if (outcome.kind === 'delivered') {
        this.#sent++
        return
      }
      if (!outcome.mayPass || attempt >= ATTEMPTS_MAX) {
        this.#failed++
        return
      }
      await pause(clock, backoffMs(DELAYS, attempt, random), signal)
      signal.throwIfAborted()
    }
  }

  async #post(event: FeedEvent, signal: AbortSignal): Promise<PostOutcome> {
    const outcome = await postNotification(event, this.options, this.#context, signal)
    this.#note(outcome)
    return outcome
  }

  #note(outcome: PostOutcome): void {
    const { clock, tell } = this.#context
    const { name } = this.options
    const isNews = (this.#failingSinceMs === undefined) !== (outcome.kind === 'delivered')
    this.#reason = outcome.kind === 'delivered' ? '' : outcome.reason
    if (outcome.kind === 'delivered') this.#failingSinceMs = undefined
    else this.#failingSinceMs ??= clock.nowMs()
    if (!isNews) return
    const sentence = outcome.kind === 'delivered' ? 'are delivered again' : `are not delivered: ${outcome.reason}`
    const [kind, severity] =
      outcome.kind === 'delivered'
        ? (['notification:delivered', 'info'] as const)
        : (['notification:failing', 'error'] as const)
    tell(newsOf({ name, kind, severity, sentence: `notifications for ${name} ${sentence}` }))
  }

  /** As soon as something was delivered again. */
  async #tellDropped(): Promise<void> {
    if (this.#droppedUntold === 0 || this.#failingSinceMs !== undefined) return
    const { name } = this.options
    const count = this.#droppedUntold
    this.#droppedUntold = 0
    const sentence = `${count} notifications for ${name} were dropped: more than ${WAITING_MAX} were waiting`
    const kind = 'notification:dropped'
    const event = this.#context.tell(newsOf({ name, kind, severity: 'error', sentence, count }))
    await untilAborted(this.#deliver(event), this.#stopping.signal)
  }
}

interface OwnNews extends Pick<News, 'kind' | 'severity' | 'sentence'> {
  readonly name: string
  readonly count?: number
}

function newsOf({ name, count, ...said }: OwnNews): News {
  const facts = { name, ...(count !== undefined && { count }) }
  return { ...said, group: null, region: null, link: null, operation: null, facts }
}
