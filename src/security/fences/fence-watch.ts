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
import { coversTopic, type FenceRecord, isByHand, STANDING } from './fence-record.ts'
import type { FenceScope } from './fence-scope.ts'
import type { FenceProof } from './judge-fence.ts'
import type { RegionFences } from './region-fences.ts'

/**
 * Proves the standing fences of one region again and again, and tells when one is lost, held or cannot be proved. It
 * changes something only while `mayAct` says so, that is, while this controller leads: then a lost fence is put up
 * again, a standing one is taken away where applications are to write, and fences that are past their time, or came into
 * force late, are taken away.
 */
export interface FenceWatchOptions {
  readonly fences: RegionFences
  /** What is to be here, asked anew in each pass and before each change. */
  readonly subjects: () => readonly FenceSubject[]
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

/** One group in the region. */
export interface FenceSubject {
  readonly scope: FenceScope
  /** `fenced`: it is a standby. `open`: applications write here. `as-is`: something else sees to it. */
  readonly want: 'fenced' | 'open' | 'as-is'
  /** Of the group, while one runs: its fences are its own. */
  readonly operation: string | undefined
  /** Names that may be created here, and have to be fenced before. */
  readonly comingTopics?: (signal: AbortSignal) => Promise<readonly string[]>
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
  /** The last one that came about; undefined before, and where the operator's command fences. */
  readonly proof: FenceProof | undefined
  /** Wall clock, of the last time that it was found out; undefined before. */
  readonly provedAtMs: number | undefined
}

interface Seen {
  readonly state: FenceState
  readonly reason: string
  readonly means: 'acl' | 'command'
  readonly proof?: FenceProof
}

const EVERY_MS = 10_000
const TOPICS_MAX = 20
const CLAIM = { operation: STANDING, by: 'isthmus', reason: 'the region is a standby', untilMs: null }

export class FenceWatch {
  readonly #options: FenceWatchOptions
  readonly #watched = new Map<string, WatchedFence>()
  readonly #stopped = new AbortController()
  #running: Promise<void> | undefined
  /** Groups whose fence was seen to hold. */
  readonly #held = new Set<string>()
  #records: readonly FenceRecord[] = []
  #turn = 0

  constructor(options: FenceWatchOptions) {
    this.#options = options
  }

  start(): void {
    const { clock, everyMs = EVERY_MS, onError } = this.#options
    const { signal } = this.#stopped
    this.#running ??= runLoop<
      readonly FenceSubject[],
      { readonly subjects: readonly FenceSubject[]; readonly reason: string }
    >(
      {
        observe: () => Promise.resolve(this.#options.subjects()),
        decide: (subjects) => ({ subjects, reason: `${subjects.length} groups have a part here` }),
        act: ({ subjects, reason }, signal) => this.#pass(subjects, reason, signal),
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

  /** What was on record of a group when it was last looked at, but for what is on its way out. */
  recordsOf(group: string): readonly FenceRecord[] {
    return this.#records.filter((record) => record.group === group && record.lifted === null)
  }

  async #pass(subjects: readonly FenceSubject[], reason: string, signal: AbortSignal): Promise<Pass> {
    const { fences, mayAct } = this.#options
    const fenced = subjects.filter(({ want }) => want === 'fenced')
    const groups = new Set(fenced.map(({ scope }) => scope.group))
    for (const group of this.#watched.keys()) if (!groups.has(group)) this.#forget(group)
    if (mayAct()) await fences.tidy(signal)
    await this.#read(signal)
    for (const subject of fenced) await this.#look(subject, signal)
    for (const subject of subjects) if (subject.want === 'open') await this.#open(subject, signal)
    this.#turn++
    return { kind: 'done', reason }
  }

  async #look(subject: FenceSubject, signal: AbortSignal): Promise<void> {
    const { scope } = subject
    const { group } = scope
    const seen = await this.#prove(scope, signal)
    const isToAct = seen.state === 'open' && this.#mayChange(subject)
    // A standby that is new has lost nothing.
    if (!isToAct || this.#held.has(group)) this.#note(group, seen)
    const changed = isToAct
      ? await this.#putUp(subject, seen.means, signal)
      : seen.state === 'fenced' && (await this.#complete(subject, seen.means, signal))
    if (!changed) return
    await this.#read(signal)
    if (isToAct) this.#note(group, await this.#prove(scope, signal))
  }

  /** What holds already is on record as the standing fence, and reaches what is about to be created. */
  async #complete(subject: FenceSubject, means: Seen['means'], signal: AbortSignal): Promise<boolean> {
    const { group } = subject.scope
    const own = this.recordsOf(group).find((record) => record.operation === STANDING && record.means === means)
    const coming = means === 'acl' ? await this.#findComing(subject, signal) : []
    const isWhole = own !== undefined && coming.every((topic) => coversTopic(own, topic))
    if (!isWhole) return await this.#putUp(subject, means, signal, coming)
    // Behind it, what an operation has left is not needed any more, and would outlive it. Topic configs refuse copies.
    const left = this.recordsOf(group).filter(
      (record) =>
        [means, 'topic-config'].includes(record.means) &&
        ![STANDING, subject.operation].includes(record.operation) &&
        !isByHand(record),
    )
    for (const { operation, means: of } of left) {
      await this.#change(subject, (fences) => fences.lift({ group, operation, by: CLAIM.by, means: of }, signal))
    }
    return left.length > 0
  }

  async #putUp(
    subject: FenceSubject,
    means: Seen['means'],
    signal: AbortSignal,
    comingTopics?: readonly string[],
  ): Promise<boolean> {
    const { scope } = subject
    const coming = comingTopics ?? (await this.#findComing(subject, signal))
    return await this.#change(subject, (fences) =>
      means === 'acl'
        ? fences.apply({ scope, ...CLAIM, comingTopics: coming }, signal)
        : fences.applyCommand({ ...CLAIM, group: scope.group }, signal, { isToRepeat: true }),
    )
  }

  /** Applications are to write here: a standing fence is one that was put up by a controller that knew no better. */
  async #open(subject: FenceSubject, signal: AbortSignal): Promise<void> {
    const { group } = subject.scope
    if (!this.recordsOf(group).some(({ operation }) => operation === STANDING)) return
    await this.#change(subject, (fences) => fences.lift({ group, operation: STANDING, by: CLAIM.by }, signal))
    await this.#read(signal)
  }

  async #findComing({ comingTopics }: FenceSubject, signal: AbortSignal): Promise<readonly string[]> {
    try {
      return (await comingTopics?.(signal)) ?? []
    } catch (error) {
      signal.throwIfAborted()
      if (!isFault(error)) throw error
      // What cannot be asked for now is not created now, either.
      return []
    }
  }

  /** Makes a change for as long as it is asked for; false where it is not. */
  async #change(subject: FenceSubject, run: (fences: RegionFences) => Promise<unknown>): Promise<boolean> {
    if (!this.#mayChange(subject)) return false
    const permit = () => {
      if (!this.#mayChange(subject)) throw new Error('this is not asked for any more')
    }
    try {
      await run(this.#options.fences.permitted(permit))
      return true
    } catch (error) {
      if (this.#mayChange(subject)) throw error
      return false
    }
  }

  #mayChange({ scope: { group }, want }: FenceSubject): boolean {
    const { mayAct, subjects } = this.#options
    return mayAct() && subjects().some((it) => it.scope.group === group && it.want === want)
  }

  async #read(signal: AbortSignal): Promise<void> {
    this.#records = (await this.#options.fences.records(signal)).records
  }

  async #prove(scope: FenceScope, signal: AbortSignal): Promise<Seen> {
    const { fences, topicsMax = TOPICS_MAX } = this.#options
    try {
      const proof = await fences.prove(scope, signal, { topicsMax, turn: this.#turn })
      const isImpossible = proof.verdict === 'open' && proof.obstacles.length > 0
      if (isImpossible && fences.hasCommand) return await this.#checkCommand(scope.group, signal)
      return { state: isImpossible ? 'unavailable' : proof.verdict, reason: proof.reason, means: 'acl', proof }
    } catch (error) {
      signal.throwIfAborted()
      if (!isFault(error)) throw error
      return { state: 'unknown', reason: describeError(error), means: 'acl' }
    }
  }

  /** Where no ACL can fence, the operator's command does; without a check of his its success has to do. */
  async #checkCommand(group: string, signal: AbortSignal): Promise<Seen> {
    const { verdict, reason, isChecked } = await this.#options.fences.checkCommand(
      { group, operation: STANDING },
      signal,
    )
    if (isChecked) return { state: verdict, reason, means: 'command' }
    const hasRun = this.recordsOf(group).some((record) => record.means === 'command' && record.hasRun)
    const said = hasRun ? 'the fence command has succeeded' : 'the fence command has not run yet'
    return { state: hasRun ? 'fenced' : 'open', reason: `${said}; ${reason}`, means: 'command' }
  }

  /** The region is no standby of the group any more. */
  #forget(group: string): void {
    this.#watched.delete(group)
    this.#held.delete(group)
  }

  /** The only place where the state of a fence changes, and is told. */
  #note(group: string, seen: Seen): void {
    const { fences, clock } = this.#options
    const { region } = fences
    const before = this.#watched.get(group)
    const { state, reason, means } = seen
    const nowMs = clock.nowMs()
    const proof = means === 'command' ? undefined : (seen.proof ?? before?.proof)
    const provedAtMs = state === 'unknown' ? before?.provedAtMs : nowMs
    const sinceMs = before?.state === state ? before.sinceMs : nowMs
    this.#watched.set(group, { region, group, state, sinceMs, reason, proof, provedAtMs })
    if (before?.state !== state) this.#tell(group, { state, reason, proof })
  }

  #tell(group: string, { state, reason, proof }: Pick<WatchedFence, 'state' | 'reason' | 'proof'>): void {
    const { fences, events } = this.#options
    const { region } = fences
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
