import {
  type Clock,
  describeError,
  type Events,
  isFault,
  type Pass,
  type RegionName,
  runLoop,
  unreachable,
} from '../../core/index.ts'
import type { SecurityEvents } from '../events.ts'
import { STANDING } from './fence-record.ts'
import type { FenceScope } from './fence-scope.ts'
import type { FenceProof } from './judge-fence.ts'
import type { RegionFences } from './region-fences.ts'

/**
 * Proves the standing fences of one region again and again, and tells when one is lost, held or cannot be proved. It
 * changes something only while `mayAct` says so, that is, while this controller leads: then a lost fence is put up
 * again, and fences that are past their time, or came into force late, are taken away.
 */
export interface FenceWatchOptions {
  readonly fences: RegionFences
  /** The groups for which this region is a standby now. */
  readonly scopes: () => readonly FenceScope[]
  readonly mayAct: () => boolean
  readonly clock: Clock
  readonly events: Events<SecurityEvents>
  /** Told what should not happen. */
  readonly onError: (error: unknown) => void
  /** @defaultValue 10000 */
  readonly everyMs?: number
  /** On how many topics of a group the canary is tried in one pass; the others have their turn. @defaultValue 20 */
  readonly topicsMax?: number
}

/** `unavailable` where there can be no fence at all. */
export type FenceState = FenceProof['verdict'] | 'unavailable'

/** What is known of one standing fence. */
export interface WatchedFence {
  readonly region: RegionName
  readonly group: string
  readonly state: FenceState
  /** Wall clock; since when it has been in this state. */
  readonly sinceMs: number
  readonly reason: string
  /** The last one that came about; undefined before. */
  readonly proof: FenceProof | undefined
}

interface Seen {
  readonly state: FenceState
  readonly reason: string
  readonly proof?: FenceProof
}

const EVERY_MS = 10_000
const TOPICS_MAX = 20

export class FenceWatch {
  readonly #options: FenceWatchOptions
  readonly #watched = new Map<string, WatchedFence>()
  readonly #stopped = new AbortController()
  #running: Promise<void> | undefined
  /** Groups whose fence was seen to hold. */
  readonly #held = new Set<string>()
  #turn = 0

  constructor(options: FenceWatchOptions) {
    this.#options = options
  }

  start(): void {
    const { clock, everyMs = EVERY_MS, onError } = this.#options
    const { signal } = this.#stopped
    this.#running ??= runLoop<
      readonly FenceScope[],
      { readonly scopes: readonly FenceScope[]; readonly reason: string }
    >(
      {
        observe: () => Promise.resolve(this.#options.scopes()),
        decide: (scopes) => ({ scopes, reason: `${scopes.length} groups have their standby here` }),
        act: ({ scopes, reason }, signal) => this.#pass(scopes, reason, signal),
      },
      { clock, signal, everyMs, afterErrorMs: everyMs, onError },
    )
  }

  async stop(): Promise<void> {
    this.#stopped.abort(new Error('stopped'))
    await this.#running
  }

  status(): readonly WatchedFence[] {
    return [...this.#watched.values()]
  }

  async #pass(scopes: readonly FenceScope[], reason: string, signal: AbortSignal): Promise<Pass> {
    const groups = new Set(scopes.map(({ group }) => group))
    for (const group of this.#watched.keys()) if (!groups.has(group)) this.#forget(group)
    if (this.#options.mayAct()) await this.#options.fences.tidy(signal)
    for (const scope of scopes) await this.#look(scope, signal)
    this.#turn++
    return { kind: 'done', reason }
  }

  async #look(scope: FenceScope, signal: AbortSignal): Promise<void> {
    const { fences, topicsMax = TOPICS_MAX, mayAct } = this.#options
    const sample = { topicsMax, turn: this.#turn }
    const seen = await this.#prove(scope, sample, signal)
    const isToAct = seen.state === 'open' && mayAct()
    // A standby that is new has lost nothing.
    if (!isToAct || this.#held.has(scope.group)) this.#note(scope.group, seen)
    if (!isToAct) return
    const claim = { operation: STANDING, by: 'isthmus', reason: 'the region is a standby', untilMs: null }
    await fences.apply({ scope, ...claim }, signal)
    this.#note(scope.group, await this.#prove(scope, sample, signal))
  }

  async #prove(
    scope: FenceScope,
    sample: { readonly topicsMax: number; readonly turn: number },
    signal: AbortSignal,
  ): Promise<Seen> {
    try {
      const proof = await this.#options.fences.prove(scope, signal, sample)
      const isImpossible = proof.verdict === 'open' && proof.obstacles.length > 0
      return { state: isImpossible ? 'unavailable' : proof.verdict, reason: proof.reason, proof }
    } catch (error) {
      signal.throwIfAborted()
      if (!isFault(error)) throw error
      return { state: 'unknown', reason: describeError(error) }
    }
  }

  /** The region is no standby of the group any more. */
  #forget(group: string): void {
    this.#watched.delete(group)
    this.#held.delete(group)
  }

  /** The only place where the state of a fence changes, and is told. */
  #note(group: string, seen: Seen): void {
    const { fences, clock, events } = this.#options
    const { region } = fences
    const before = this.#watched.get(group)
    const { state, reason } = seen
    const proof = seen.proof ?? before?.proof
    const sinceMs = before?.state === state ? before.sinceMs : clock.nowMs()
    this.#watched.set(group, { region, group, state, sinceMs, reason, proof })
    if (before?.state === state) return
    switch (state) {
      case 'fenced':
        this.#held.add(group)
        events.emit('fence:held', { region, group, reason })
        return
      case 'open': {
        const brokers = (proof?.brokers ?? []).filter(({ verdict }) => verdict === 'open').map(({ nodeId }) => nodeId)
        events.emit('fence:lost', { region, group, reason, brokers, wasHeld: this.#held.has(group) })
        return
      }
      case 'unknown':
        events.emit('fence:unproved', { region, group, reason })
        return
      case 'unavailable': {
        const remedy = (proof?.obstacles ?? []).map((it) => it.remedy).join(' ')
        events.emit('fence:unavailable', { region, group, reason, remedy })
        return
      }
      default:
        unreachable(state)
    }
  }
}
