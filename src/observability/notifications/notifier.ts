import type { Authority, Journal, JournalEntry } from '../../authority/index.ts'
import type { Clock, Random } from '../../core/index.ts'
import type { EventFeed } from '../feed/event-feed.ts'
import type { FeedEvent } from '../feed/feed-event.ts'
import { uidOf, wordEntry } from '../feed/word-entry.ts'
import { JournalNotices } from './journal-notices.ts'
import { type NotificationStatus, NotificationTarget } from './notification-target.ts'
import type { NotificationTargetOptions } from './options.ts'
import { isWanted, TEST_KIND } from './render-notification.ts'

export interface NotifierOptions {
  readonly targets: readonly NotificationTargetOptions[]
  readonly feed: EventFeed
  /** Undefined where this process has no failover groups, and so no journal. */
  readonly control:
    | {
        readonly journal: Pick<Journal, 'read' | 'head'>
        readonly authority: Pick<Authority, 'read' | 'write'>
        readonly isLeading: () => boolean
        readonly onError: (error: unknown) => void
      }
    | undefined
  readonly clock: Clock
  readonly random: Random
  readonly fetch: typeof fetch
}

/** What a test of one receiver came to. */
export interface NotificationTest {
  readonly name: string
  readonly isDelivered: boolean
  /** '' where it was delivered. */
  readonly reason: string
}

/** What is waiting when the process stops may take so long. */
const STOP_MS = 500

/** Sends events to every receiver that wants them; see `NotificationOptions`. */
export class Notifier {
  readonly #options: NotifierOptions
  readonly #targets: readonly NotificationTarget[]
  readonly #notices: JournalNotices | undefined
  #stopListening: () => void = () => undefined

  constructor(options: NotifierOptions) {
    const { targets, feed, control, clock, random, fetch } = options
    this.#options = options
    const context = { clock, random, fetch, tell: (news: Parameters<EventFeed['tell']>[0]) => feed.tell(news) }
    this.#targets = targets.map((target) => new NotificationTarget(target, context))
    if (control === undefined || targets.length === 0) return
    this.#notices = new JournalNotices({ ...control, clock, hand: (entry) => this.#hand(entry) })
  }

  start(): void {
    // What the journal tells has a uid of its own, and is for the leader.
    this.#stopListening = this.#options.feed.onEvent((event) => {
      if (event.uid !== event.id) return
      for (const target of this.#targets) if (isWanted(event, target.options)) target.offer(event)
    })
    for (const target of this.#targets) target.start()
    this.#notices?.start()
  }

  async stop(): Promise<void> {
    this.#stopListening()
    await this.#notices?.stop()
    await Promise.all(this.#targets.map((target) => target.stop(STOP_MS)))
  }

  status(): readonly NotificationStatus[] {
    return this.#targets.map((target) => target.status())
  }

  /** One attempt at each receiver, or at the one that is named. */
  async test(by: string, name: string | undefined, signal: AbortSignal): Promise<readonly NotificationTest[]> {
    const targets = this.#targets.filter(({ options }) => name === undefined || options.name === name)
    if (targets.length === 0) return []
    const event = this.#options.feed.tell({
      kind: TEST_KIND,
      severity: 'info',
      sentence: `${by} has asked for a notification to see whether it arrives`,
      group: null,
      region: null,
      link: null,
      operation: null,
      facts: { by },
    })
    return await Promise.all(
      targets.map(async (target) => {
        const outcome = await target.test(event, signal)
        const isDelivered = outcome.kind === 'delivered'
        return { name: target.options.name, isDelivered, reason: isDelivered ? '' : outcome.reason }
      }),
    )
  }

  /** An entry that is in nobody's feed yet: every process makes the same of it. */
  async #hand(entry: JournalEntry): Promise<void> {
    const uid = uidOf(entry)
    const event: FeedEvent = { id: uid, uid, at: entry.at, ...wordEntry(entry) }
    const wanting = this.#targets.filter(({ options }) => isWanted(event, options))
    await Promise.all(wanting.map((target) => new Promise<void>((resolve) => target.offer(event, resolve))))
  }
}
