/**
 * Keeps every region's copy of the state at what the authority has accepted, so that the authority can be started anew
 * when its own region is gone.
 *
 * What always holds: a region's copies are read before the first of them is written, and again every `recheckMs`,
 * because a process that was frozen may have written an older one late. No copy is ever taken away, and none that is
 * newer than the authority is written over. What waits is never more than the documents there are.
 */
import {
  backoffMs,
  describeError,
  eitherSignal,
  type Events,
  pause,
  type RetryContext,
  type Timer,
} from '../../core/index.ts'
import type { Authority, StoredDocument } from '../authority.ts'
import type { AuthorityEvents } from '../events.ts'
import type { Journal } from '../journal/journal.ts'
import { type CopyRegions, readCopy, type StateCopy } from './copy.ts'
import { type CopyInputs, type CopyRefusal, planCopies } from './plan-copies.ts'

export interface StateCopiesOptions {
  readonly authority: Authority
  readonly journal: Journal
  readonly regions: CopyRegions
  readonly events: Events<AuthorityEvents>
  readonly context: Omit<RetryContext, 'signal'>
  /** How often a region's copies are read again, milliseconds. @defaultValue 5000 */
  readonly recheckMs?: number
}

export interface RegionCopies {
  readonly region: string
  /** Documents whose newest state is not known to be there. */
  readonly behind: number
  /** Since when some are, milliseconds; 0 where none is. */
  readonly behindForMs: number
  /** The highest revision of a document that is known to be there; 0 where none is. */
  readonly upToRevision: number
  /** Why nothing more is known. */
  readonly trouble: string | undefined
  /** Copies that are newer than the authority, or of another one. */
  readonly refused: readonly { readonly key: string; readonly why: CopyRefusal['why'] }[]
  /** Copies of documents that the authority does not have. */
  readonly strays: readonly string[]
  /**
   * `untried` while no attempt to read the region has ended lately, as right after a start, or after a process was frozen;
   * `unread` while nothing is known.
   */
  readonly sight: 'untried' | 'unread' | 'read'
}

/** What is copied: the documents of the failover groups. */
export const COPIED_PREFIX = 'groups/'
const RECHECK_MS = 5_000
/** A region that is gone is not waited for. */
const LOOK_MS = 3_000
/** Longer than it takes from one attempt to the next, and less than a controller is watched for before a restoration. */
const LATELY_MS = 9_000
const FAILURE_DELAYS = { firstMs: 250, mostMs: 5_000 }

interface RegionState {
  /** Undefined until they have been read. */
  copies: Map<string, StateCopy> | undefined
  readAtMs: number
  behindSinceMs: number | undefined
  behind: number
  upToRevision: number
  trouble: string | undefined
  refused: readonly CopyRefusal[]
  strays: readonly string[]
  /** When an attempt to read it has ended last, or has taken long. */
  triedAtMs: number | undefined
  isTold: boolean
  wake: () => void
}

export class StateCopies {
  readonly #options: StateCopiesOptions
  readonly #stop = new AbortController()
  readonly #regions: ReadonlyMap<string, RegionState>
  #documents: readonly StoredDocument[] | undefined
  #running: Promise<unknown> | undefined

  constructor(options: StateCopiesOptions) {
    this.#options = options
    this.#regions = new Map(options.regions.regions.map((region) => [region, newState()]))
  }

  start(): void {
    this.#running ??= Promise.all([
      this.#watch(),
      ...[...this.#regions].map(([name, state]) => this.#keep(name, state)),
    ])
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  status(): readonly RegionCopies[] {
    const nowMs = this.#options.context.clock.monotonicMs()
    return [...this.#regions].map(([region, state]) => {
      const { behind, upToRevision, behindSinceMs, trouble, refused, strays, copies, triedAtMs } = state
      const isTried = triedAtMs !== undefined && nowMs - triedAtMs < LATELY_MS
      return {
        region,
        behind,
        upToRevision,
        behindForMs: behindSinceMs === undefined ? 0 : Math.round(nowMs - behindSinceMs),
        trouble,
        refused: refused.map(({ key, why }) => ({ key, why })),
        strays,
        sight: !isTried ? 'untried' : copies === undefined ? 'unread' : 'read',
      }
    })
  }

  async #watch(): Promise<void> {
    for await (const documents of this.#options.authority.watch(COPIED_PREFIX, this.#stop.signal)) {
      this.#adopt(documents)
      for (const state of this.#regions.values()) {
        this.#count(state)
        state.wake()
      }
    }
  }

  /** The watch may tell an older state than the one that was read besides. */
  #adopt(documents: readonly StoredDocument[]): void {
    if (newestOf(documents) >= newestOf(this.#documents ?? [])) this.#documents = documents
  }

  /** One region, one writer: puts of a key are never under way twice, so none overtakes a later one. */
  async #keep(region: string, state: RegionState): Promise<void> {
    const { clock, random } = this.#options.context
    const { signal } = this.#stop
    for (let failures = 0; !signal.aborted; ) {
      const woken = new AbortController()
      state.wake = () => woken.abort()
      try {
        if (this.#documents !== undefined) await this.#try(state, () => this.#bringUp(region, state))
        failures = 0
        this.#report(region, state)
        const either = eitherSignal(signal, woken.signal)
        await pause(clock, this.#options.recheckMs ?? RECHECK_MS, either.signal)
        either.release()
      } catch (error) {
        if (signal.aborted) return
        state.trouble = describeError(error)
        state.copies = undefined
        this.#count(state)
        this.#report(region, state)
        failures++
        await pause(clock, backoffMs(FAILURE_DELAYS, failures, random), signal)
      }
    }
  }

  async #try(state: RegionState, attempt: () => Promise<void>): Promise<void> {
    const { clock } = this.#options.context
    // As long as the region is asked and does not answer, it is silent: a call into a network that drops packets may take
    // far longer than a look may be old.
    const watchFrom = (sinceMs: number): Timer =>
      clock.setTimer(LOOK_MS, () => {
        const nowMs = clock.monotonicMs()
        // A process that was frozen has not looked meanwhile, and what it asked before may never be answered.
        if (nowMs - sinceMs >= LATELY_MS) return
        state.triedAtMs = nowMs
        timer = watchFrom(nowMs)
      })
    let timer = watchFrom(clock.monotonicMs())
    try {
      await attempt()
    } finally {
      timer.cancel()
      state.triedAtMs = clock.monotonicMs()
    }
  }

  async #bringUp(region: string, state: RegionState): Promise<void> {
    const { authority, journal, regions, context, recheckMs = RECHECK_MS } = this.#options
    const { signal } = this.#stop
    const nowMs = context.clock.monotonicMs()
    if (state.copies === undefined || nowMs - state.readAtMs >= recheckMs) {
      const found = readCopies(await regions.readAll(region, signal))
      // Another controller may have copied what the watch has not told here yet: that is not newer than the authority.
      this.#adopt(await authority.list(COPIED_PREFIX, signal))
      state.copies = found
      state.readAtMs = nowMs
    }
    const copies = state.copies
    const documents = this.#documents ?? []
    const identity = await authority.identity(signal)
    const inputs: CopyInputs = { identity, documents, journal: await journal.head(signal), copies }
    const { puts, refused } = planCopies(inputs)
    this.#refuse(region, state, refused)
    const own = new Set(documents.map(({ key }) => key))
    state.strays = [...copies.keys()].filter((key) => !own.has(key))
    for (const copy of puts) {
      await regions.put(region, copy.key, JSON.stringify(copy), signal)
      copies.set(copy.key, copy)
      this.#count(state)
    }
    state.trouble = undefined
    this.#count(state)
  }

  #count(state: RegionState): void {
    const { copies } = state
    const documents = this.#documents ?? []
    const there = documents.filter(({ key, revision }) => copies?.get(key)?.revision === revision)
    state.behind = documents.length - there.length
    state.upToRevision = there.reduce((highest, { revision }) => Math.max(highest, revision), 0)
    if (state.behind === 0) return
    state.behindSinceMs ??= this.#options.context.clock.monotonicMs()
  }

  #report(region: string, state: RegionState): void {
    const { events, context } = this.#options
    const { behind, behindSinceMs, trouble } = state
    if (behind > 0 && trouble !== undefined && !state.isTold) {
      state.isTold = true
      events.emit('copies:behind', { region, documents: behind, reason: trouble })
    }
    if (behind > 0) return
    if (state.isTold && behindSinceMs !== undefined) {
      state.isTold = false
      const afterMs = Math.round(context.clock.monotonicMs() - behindSinceMs)
      events.emit('copies:caught-up', { region, documents: this.#documents?.length ?? 0, afterMs })
    }
    state.behindSinceMs = undefined
  }

  #refuse(region: string, state: RegionState, refused: readonly CopyRefusal[]): void {
    const known = new Set(state.refused.map(refusalId))
    for (const refusal of refused.filter((one) => !known.has(refusalId(one)))) {
      const { key, why } = refusal
      const [reason, remedy] = wordRefusal(region, refusal)
      this.#options.events.emit('copies:refused', { region, key, why, reason, remedy })
    }
    state.refused = refused
  }
}

function wordRefusal(region: string, { key, why, copy }: CopyRefusal): readonly [reason: string, remedy: string] {
  const { generation, epoch, authority } = copy
  if (why === 'newer') {
    return [
      `${region} has ${key} of generation ${generation}, epoch ${epoch}, which is newer than what the authority has`,
      'Stop the controllers and use `isthmus authority restore`: this authority was reset, or is an older one.',
    ]
  }
  return [
    `${region} has ${key} from authority ${authority}, which is another one of the same generation`,
    'If the other one is lost, stop the controllers and use `isthmus authority restore`. Else two authorities serve the same regions: give every controller the same one.',
  ]
}

function newestOf(documents: readonly StoredDocument[]): number {
  return documents.reduce((newest, { revision }) => Math.max(newest, revision), 0)
}

function refusalId({ key, why, copy }: CopyRefusal): string {
  return `${key} ${why} ${copy.authority} ${copy.generation}`
}

function readCopies(texts: ReadonlyMap<string, string>): Map<string, StateCopy> {
  const copies = [...texts].flatMap(([key, text]) => readCopy(key, text) ?? [])
  return new Map(copies.map((copy) => [copy.key, copy]))
}

function newState(): RegionState {
  return {
    copies: undefined,
    readAtMs: 0,
    behindSinceMs: undefined,
    behind: 0,
    upToRevision: 0,
    trouble: 'not looked at yet',
    refused: [],
    strays: [],
    triedAtMs: undefined,
    isTold: false,
    wake: () => undefined,
  }
}
