import {
  type Authority,
  type AuthorityEvents,
  MemoryStore,
  type Mishap,
  openAuthority,
} from '../../../src/authority/index.ts'
import { createEvents, seededRandom } from '../../../src/core/index.ts'
import { ManualClock } from '../replication/flows/flow-fixtures.ts'

export const never = new AbortController().signal

/** Authorities of several processes on one store, with one clock that is passed on by hand. */
export function stageInMemory() {
  const clock = new ManualClock()
  const random = seededRandom(7)
  const events = createEvents<AuthorityEvents>()
  const told: string[] = []
  events.onAny((name) => told.push(name))
  /** What happens to the next calls; taken one by one. */
  const mishaps: (Mishap | undefined)[] = []
  let isDown = false
  let commitDelayMs = 0
  const store = new MemoryStore({
    clock,
    delayMs: (call) => (call === 'commit' ? commitDelayMs : 0),
    mishap: (call) => (isDown ? 'unreachable' : call === 'commit' ? mishaps.shift() : undefined),
  })
  const context = { clock, random }
  const open = (): Authority => openAuthority({ kind: 'memory', store }, { ...context, events })
  return {
    clock,
    context,
    events,
    told,
    mishaps,
    store,
    open,
    /** How long commits that begin now are on their way, there and back each. */
    delayCommits: (ms: number) => {
      commitDelayMs = ms
    },
    down: () => {
      isDown = true
    },
    up: () => {
      isDown = false
    },
    /** Passes time until the promise settles. */
    async through<Result>(promise: Promise<Result>): Promise<Result> {
      const state = { isSettled: false }
      const settled = promise.finally(() => {
        state.isSettled = true
      })
      settled.catch(() => undefined)
      for (let step = 0; step < 2_000 && !state.isSettled; step++) await clock.pass(50)
      return settled
    },
  }
}
