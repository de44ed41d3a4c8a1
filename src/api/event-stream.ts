import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Timer } from '../core/index.ts'
import { type FeedEvent, isAtLeast, isKind } from '../observability/index.ts'
import type { EventsQuery } from './contract/index.ts'
import type { StreamsView } from './ports.ts'

/**
 * One client that follows the events. It has no queue of its own: it reads on in the ring whenever its socket takes more,
 * so that a slow one costs a socket's buffer and nothing else. One that takes nothing for too long, or whom the ring has
 * overtaken, is cut off, and asks for the rest with the id it has.
 */
export interface EventStreamOptions extends StreamsView {
  readonly query: EventsQuery
  readonly lastEventId: string | undefined
  /** Those that every answer has. */
  readonly headers: OutgoingHttpHeaders
  readonly closing: AbortSignal
}

const KEEP_ALIVE_MS = 15_000
/** How long a client may take nothing. */
const STALLED_MS = 30_000
const RETRY_MS = 3_000
/** What a client that was told why may take to read it. */
const LINGER_MS = 10_000

export function followEvents(response: ServerResponse, options: EventStreamOptions): void {
  new EventStream(response, options).start()
}

class EventStream {
  readonly #response: ServerResponse
  readonly #options: EventStreamOptions
  readonly #onClosing = () => this.#end('the API is stopping')
  #after = 0
  #isBlocked = false
  #isOver = false
  #stopListening: () => void = () => undefined
  #alive: Timer | undefined
  #stalled: Timer | undefined

  constructor(response: ServerResponse, options: EventStreamOptions) {
    this.#response = response
    this.#options = options
  }

  start(): void {
    const { feed, streams, headers, query, lastEventId, closing } = this.#options
    streams.open++
    this.#response.on('close', () => this.#release())
    this.#response.on('error', () => this.#response.destroy())
    this.#response.on('drain', () => this.#resume())
    this.#response.writeHead(200, {
      ...headers,
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    })
    const first = { after: query.from === 'oldest' ? feed.beforeOldest : feed.last, reset: undefined }
    const { after, reset } = lastEventId === undefined ? first : feed.placeOf(lastEventId)
    this.#after = after
    // With an id and without data: it shows nothing, and says where to go on where nothing else comes.
    this.#write(`retry: ${RETRY_MS}\nid: ${feed.idOf(after)}\n\n`)
    if (reset !== undefined) this.#write(frame('reset', { reason: reset }, feed.idOf(after)))
    closing.addEventListener('abort', this.#onClosing, { once: true })
    if (closing.aborted) return this.#onClosing()
    this.#keepAlive()
    this.#stopListening = feed.onEvent(() => this.#pump())
    this.#pump()
  }

  /** Everything that is there and not written yet, as long as the socket takes it; one who was overtaken is cut off. */
  #pump(): void {
    const { feed, query } = this.#options
    while (!this.#isOver && this.#after < feed.last) {
      const event = feed.next(this.#after)
      if (event === undefined) return this.#cut('events came faster than they were read')
      if (this.#isBlocked) return
      this.#after++
      if (this.#isWanted(event)) this.#write(frame(event.kind, event, event.id))
    }
    if (query.follow === false && this.#after === feed.last) this.#end('that was all')
  }

  #isWanted({ group, kind, severity }: FeedEvent): boolean {
    const { query } = this.#options
    if (query.group !== undefined && group !== query.group) return false
    if (query.kind !== undefined && !isKind(kind, query.kind)) return false
    return query.severity === undefined || isAtLeast(severity, query.severity)
  }

  #write(text: string): void {
    if (this.#isOver || this.#response.write(text)) return
    this.#isBlocked = true
    this.#stalled ??= this.#options.clock.setTimer(STALLED_MS, () => {
      this.#cut(`nothing was read for ${STALLED_MS / 1_000} s`)
    })
  }

  #resume(): void {
    this.#stalled?.cancel()
    this.#stalled = undefined
    this.#isBlocked = false
    this.#pump()
  }

  /** An id without data moves the client on past what its filter leaves out, and shows it nothing. */
  #keepAlive(): void {
    this.#alive = this.#options.clock.setTimer(KEEP_ALIVE_MS, () => {
      if (!this.#isBlocked) this.#write(`: alive\nid: ${this.#options.feed.idOf(this.#after)}\n\n`)
      this.#keepAlive()
    })
  }

  #cut(reason: string): void {
    this.#options.streams.cut++
    this.#end(reason)
  }

  #end(reason: string): void {
    if (this.#isOver) return
    // Without an id: the client goes on behind the last event that it has read.
    this.#write(frame('end', { reason }))
    this.#isOver = true
    this.#alive?.cancel()
    this.#stopListening()
    this.#response.end()
    this.#stalled?.cancel()
    // Keeps nobody from stopping: a client that does not read its end is hung up on.
    this.#stalled = this.#options.clock.setTimer(LINGER_MS, () => this.#response.destroy(), { keepAlive: false })
  }

  #release(): void {
    const { streams, closing } = this.#options
    streams.open--
    this.#isOver = true
    this.#alive?.cancel()
    this.#stalled?.cancel()
    this.#stopListening()
    closing.removeEventListener('abort', this.#onClosing)
  }
}

/** JSON has no line breaks of its own, so that one line of data is enough. */
function frame(event: string, data: object, id?: string): string {
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`
}
