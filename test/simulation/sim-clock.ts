import type { Clock, Timer } from '../../src/core/index.ts'

/**
 * Virtual time: events in the order of their times, and of their making where those are equal, so that a seed gives one
 * run. After an event that may have settled a promise, everything that follows from it happens before the next one.
 */
interface Event {
  readonly atMs: number
  readonly order: number
  readonly action: () => void
  /** Whether code under test runs in it, so that promises have to be waited for. */
  readonly settles: boolean
  isCancelled: boolean
}

export class SimClock {
  nowMs = 0
  readonly #heap: Event[] = []
  #order = 0

  schedule(delayMs: number, action: () => void, settles: boolean): Timer {
    const event = { atMs: this.nowMs + Math.max(0, delayMs), order: this.#order++, action, settles, isCancelled: false }
    this.#push(event)
    return {
      cancel() {
        event.isCancelled = true
      },
    }
  }

  /** Runs until the predicate holds, looked at between events, or the time is over. */
  async runUntil(isOver: () => boolean, limitMs: number): Promise<void> {
    while (!isOver()) {
      const event = this.#pop()
      if (event === undefined || event.atMs > limitMs) return
      if (event.isCancelled) continue
      this.nowMs = event.atMs
      event.action()
      if (event.settles) await new Promise((resolve) => setImmediate(resolve))
    }
  }

  #push(event: Event): void {
    const heap = this.#heap
    let at = heap.push(event) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(event, heap[parent])) break
      heap[at] = heap[parent] as Event
      at = parent
    }
    heap[at] = event
  }

  #pop(): Event | undefined {
    const heap = this.#heap
    const top = heap[0]
    const last = heap.pop()
    if (top === undefined || last === undefined || heap.length === 0) return top
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Event, heap[child])) child += 1
      if (!isBefore(heap[child] as Event, last)) break
      heap[at] = heap[child] as Event
      at = child
    }
    heap[at] = last
    return top
  }
}

function isBefore(one: Event, other: Event | undefined): boolean {
  return other === undefined || one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order)
}

/**
 * A process: its timers and the answers to its calls reach it while it runs, all at once when it wakes up, and never
 * again after it was killed. Its monotonic time goes on while it is stopped.
 */
export class SimProcess implements Clock {
  readonly #sim: SimClock
  #state: 'running' | 'stopped' | 'killed' = 'running'
  #backlog: (() => void)[] = []
  /** How far its wall clock is off. */
  skewMs = 0

  constructor(sim: SimClock) {
    this.#sim = sim
  }

  nowMs(): number {
    return 1_767_225_600_000 + this.#sim.nowMs + this.skewMs
  }

  monotonicMs(): number {
    return this.#sim.nowMs
  }

  setTimer(delayMs: number, action: () => void): Timer {
    return this.#sim.schedule(delayMs, () => this.deliver(action), true)
  }

  deliver(action: () => void): void {
    if (this.#state === 'running') action()
    else if (this.#state === 'stopped') this.#backlog.push(action)
  }

  get isKilled(): boolean {
    return this.#state === 'killed'
  }

  kill(): void {
    this.#state = 'killed'
    this.#backlog = []
  }

  pause(): void {
    if (this.#state === 'running') this.#state = 'stopped'
  }

  wake(): void {
    if (this.#state !== 'stopped') return
    this.#state = 'running'
    const backlog = this.#backlog
    this.#backlog = []
    for (const action of backlog) this.#sim.schedule(0, () => this.deliver(action), true)
  }
}
