import type { Clock } from '../core/index.ts'
import type { DeliveryStatus } from './delivery-metrics.ts'
import { EventFeed } from './feed/event-feed.ts'
import { JournalFollower } from './feed/journal-follower.ts'
import { type RelayedEvents, relayEvents } from './feed/relay-events.ts'
import { uidOf, wordEntry } from './feed/word-entry.ts'
import { Notifier, type NotifierOptions } from './notifications/notifier.ts'

export interface DeliveryOptions extends Omit<NotifierOptions, 'feed'> {
  readonly events: RelayedEvents
}

/** How what a process sees, and what the journal tells every process, gets to those who want to know. */
export class Delivery {
  readonly feed: EventFeed
  /** Counted by the API. */
  readonly streams = { open: 0, cut: 0 }
  readonly clock: Clock
  readonly #follower: JournalFollower | undefined
  readonly #stopRelaying: () => void
  readonly #context: Omit<NotifierOptions, 'targets'>
  #notifier: Notifier

  constructor({ events, control, ...context }: DeliveryOptions) {
    const { clock } = context
    this.clock = clock
    this.feed = new EventFeed(context)
    const { feed } = this
    this.#stopRelaying = relayEvents(feed, events)
    const { targets, ...given } = context
    this.#context = { ...given, control, feed }
    this.#notifier = new Notifier({ ...this.#context, targets })
    if (control === undefined) return
    this.#follower = new JournalFollower({
      clock,
      journal: control.journal,
      onError: control.onError,
      onEntry: (entry) => void feed.tell(wordEntry(entry), { uid: uidOf(entry), at: entry.at }),
    })
  }

  /** Those who are told, as of now. */
  get notifications(): Notifier {
    return this.#notifier
  }

  /** Tells other receivers from now on. What waits for the former ones is given up after half a second. */
  async retarget(targets: NotifierOptions['targets']): Promise<void> {
    await this.#notifier.stop()
    this.#notifier = new Notifier({ ...this.#context, targets })
    this.#notifier.start()
  }

  start(): void {
    this.notifications.start()
    this.#follower?.start()
  }

  /** Before what tells the journal is closed. */
  async stop(): Promise<void> {
    await this.#follower?.stop()
    await this.notifications.stop()
    this.#stopRelaying()
  }

  status(): DeliveryStatus {
    return { notifications: this.notifications.status(), streams: this.streams }
  }
}
