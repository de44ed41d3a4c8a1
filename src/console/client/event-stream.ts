import type { EventBody } from '../../api/contract/index.ts'
import { pause, systemClock } from '../../core/index.ts'
import { apiUrl, authorization } from './http.ts'
import { session } from './session.ts'
import { SseParser } from './sse-frames.ts'

/**
 * The events of the API, as they happen. After a break it goes on behind the last one that it has (`Last-Event-ID`), so
 * that none is missed; what is shown besides is asked for again all the same.
 */
export interface LiveState {
  readonly kind: 'connecting' | 'live' | 'lost'
  /** When the stream was last heard of, by `systemClock.monotonicMs`. */
  readonly heardMs: number | undefined
}

const EVENTS_KEPT = 200
/** The server says every 15 s that it is there. */
const SILENT_MS = 40_000
const RETRY_MS = [1_000, 2_000, 5_000, 10_000]

const listeners = new Set<(event: EventBody | undefined) => void>()
let state: LiveState = { kind: 'connecting', heardMs: undefined }
let recent: readonly EventBody[] = []
let lastEventId: string | undefined
let running: AbortController | undefined

export const liveEvents = {
  get state(): LiveState {
    return state
  },
  /** The newest first. */
  get recent(): readonly EventBody[] {
    return recent
  },
  /** Called with each event, and with undefined where the state of the connection changes. */
  on(listener: (event: EventBody | undefined) => void): () => void {
    listeners.add(listener)
    return () => listeners.delete(listener)
  },
  /** Follows from now on, as whom the session says. */
  restart(): void {
    running?.abort()
    running = new AbortController()
    void follow(running.signal)
  },
}

async function follow(signal: AbortSignal): Promise<void> {
  for (let failures = 0; !signal.aborted; failures++) {
    const before = state.heardMs
    await readStream(signal).catch(() => {
      // Why does not matter: it is tried again, and the state says since when nothing was heard.
    })
    if (signal.aborted) return
    enter({ ...state, kind: 'lost' })
    if (state.heardMs !== before) failures = 0
    await pause(systemClock, RETRY_MS[Math.min(failures, RETRY_MS.length - 1)] ?? 10_000, signal)
  }
}

async function readStream(signal: AbortSignal): Promise<void> {
  const silence = new AbortController()
  let timer = systemClock.setTimer(SILENT_MS, () => silence.abort())
  try {
    const from = lastEventId === undefined ? '?from=oldest' : ''
    const response = await fetch(apiUrl(`/events${from}`), {
      headers: {
        accept: 'text/event-stream',
        ...authorization(session.token),
        ...(lastEventId !== undefined && { 'last-event-id': lastEventId }),
      },
      cache: 'no-store',
      signal: AbortSignal.any([signal, silence.signal]),
    })
    if (response.status === 401) session.refuse()
    if (!response.ok || response.body === null) return
    const parser = new SseParser()
    for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
      timer.cancel()
      timer = systemClock.setTimer(SILENT_MS, () => silence.abort())
      enter({ kind: 'live', heardMs: systemClock.monotonicMs() })
      for (const frame of parser.push(piece)) {
        if (frame.id !== undefined) lastEventId = frame.id
        if (frame.event === 'end' || frame.event === 'reset' || frame.data === null) continue
        take(JSON.parse(frame.data) as EventBody)
      }
    }
  } finally {
    timer.cancel()
  }
}

function take(event: EventBody): void {
  if (recent.some(({ uid }) => uid === event.uid)) return
  recent = [event, ...recent].slice(0, EVENTS_KEPT)
  for (const listener of listeners) listener(event)
}

function enter(next: LiveState): void {
  const isSame = next.kind === state.kind
  state = next
  if (!isSame) for (const listener of listeners) listener(undefined)
}
