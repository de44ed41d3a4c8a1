import { systemClock, type Timer } from '../../core/index.ts'
import { liveEvents } from './event-stream.ts'
import { askApi, type Problem, problemOfError } from './http.ts'
import { session } from './session.ts'

/**
 * One thing of the API that is shown: asked for while somebody looks at it, every so often and at once when an event
 * comes, never twice at a time. What was last heard stays when it does not answer, with its age.
 */
export interface Shown<Body> {
  /** Undefined before the first answer. */
  readonly body: Body | undefined
  /** When it was true, by `systemClock.monotonicMs`. */
  readonly heardMs: number | undefined
  /** Why nothing newer is known. */
  readonly problem: Problem | undefined
}

const NOTHING = { body: undefined, heardMs: undefined, problem: undefined }
/** Events come in bursts: one question answers all of them. */
const BURST_MS = 150
/** What is asked for no more often makes the process look at the regions: events do not hurry it, and it may take longer. */
const SLOW_EVERY_MS = 30_000
const SLOW_TIMEOUT_MS = 30_000
const resources = new Map<string, Resource>()

export class Resource {
  readonly #path: string
  readonly #everyMs: number
  readonly #isSlow: boolean
  readonly #listeners = new Set<() => void>()
  #shown: Shown<unknown> = NOTHING
  #tag: string | null = null
  #timer: Timer | undefined
  #isAsking = false
  #isDue = false
  #stop: () => void = () => undefined

  constructor(path: string, everyMs: number) {
    this.#path = path
    this.#everyMs = everyMs
    this.#isSlow = everyMs >= SLOW_EVERY_MS
  }

  get shown(): Shown<unknown> {
    return this.#shown
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    if (this.#listeners.size === 1) this.#start()
    return () => {
      this.#listeners.delete(listener)
      if (this.#listeners.size === 0) this.#end()
    }
  }

  /** Asks as soon as it may. */
  refresh(delayMs = 0): void {
    this.#timer?.cancel()
    if (this.#isAsking) {
      this.#isDue = true
      return
    }
    this.#timer = systemClock.setTimer(delayMs, () => void this.#ask())
  }

  #start(): void {
    const stopEvents = liveEvents.on((event) => event !== undefined && !this.#isSlow && this.refresh(BURST_MS))
    const stopSession = session.onChange(() => this.refresh())
    const onVisible = () => !document.hidden && this.refresh()
    document.addEventListener('visibilitychange', onVisible)
    this.#stop = () => {
      stopEvents()
      stopSession()
      document.removeEventListener('visibilitychange', onVisible)
    }
    this.refresh()
  }

  #end(): void {
    this.#timer?.cancel()
    this.#stop()
    resources.delete(this.#path)
  }

  async #ask(): Promise<void> {
    this.#isAsking = true
    this.#isDue = false
    const { token } = session
    try {
      const patience = this.#isSlow ? { timeoutMs: SLOW_TIMEOUT_MS } : {}
      const { body, tag } = await askApi<unknown>(this.#path, { token, tag: this.#tag, ...patience })
      this.#tag = tag
      const heardMs = systemClock.monotonicMs()
      this.#show({ body: body ?? this.#shown.body, heardMs, problem: undefined })
    } catch (error) {
      const problem = problemOfError(error)
      if (problem.status === 401 && token === session.token) session.refuse()
      this.#show({ ...this.#shown, problem })
    }
    this.#isAsking = false
    if (this.#listeners.size === 0) return
    // A page that nobody sees asks for nothing; it does so when it is looked at again.
    if (this.#isDue) this.refresh()
    else if (!document.hidden) this.refresh(this.#everyMs)
  }

  #show(shown: Shown<unknown>): void {
    this.#shown = shown
    for (const listener of this.#listeners) listener()
  }
}

/** The same for everybody who shows the same. */
export function resourceOf(path: string, everyMs: number): Resource {
  const known = resources.get(path)
  if (known !== undefined) return known
  const made = new Resource(path, everyMs)
  resources.set(path, made)
  return made
}

/** After an order: whatever is on the page is asked for again. */
export function refreshAll(): void {
  for (const resource of resources.values()) resource.refresh()
}
