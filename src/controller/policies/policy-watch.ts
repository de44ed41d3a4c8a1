import {
  canonicalJson,
  type Clock,
  describeError,
  type Events,
  isFault,
  type RegionName,
  runLoop,
} from '../../core/index.ts'
import {
  type AclBinding,
  decideCorrection,
  entityText,
  findDrift,
  type PolicyDrift,
  type SecurityEvents,
} from '../../security/index.ts'
import type { PlannedPlace, PolicyDesk } from './policy-desk.ts'

/**
 * Compares the regions with the policies again and again, while this process leads: tells what differs, and puts right
 * what may be put right unasked, at a limited rate. One that stays as it is is told of once.
 */
export interface PolicyWatchOptions {
  readonly desk: Pick<PolicyDesk, 'look' | 'replan' | 'change'>
  readonly everyMs: number
  /** Why this process must not act now; undefined where it may. */
  readonly hold: () => string | undefined
  readonly events: Events<SecurityEvents>
  readonly clock: Clock
  readonly onError: (error: unknown) => void
}

/** A policy in a region, as it was last seen. */
export interface WatchedPolicy {
  readonly owner: string
  readonly region: RegionName
  /** Undefined where it could not be looked at. */
  readonly drift: PolicyDrift | undefined
  /** Why not. */
  readonly trouble: string | undefined
  /** Wall clock, of the last look that came about; undefined before. */
  readonly lookedAtMs: number | undefined
  /** Entries, users and quotas that were put up or taken away unasked, since the process started. */
  readonly corrected: number
}

interface Kept extends WatchedPolicy {
  readonly told: string
  readonly stuck: string
  readonly enforcedMs: number
}

/** Between two corrections by `enforce` in one region: whoever works against it must not be fought at full speed. */
const ENFORCE_EVERY_MS = 60_000
const NOTHING = canonicalJson([])

export class PolicyWatch {
  readonly #options: PolicyWatchOptions
  readonly #kept = new Map<string, Kept>()
  readonly #stopping = new AbortController()
  #running: Promise<void> | undefined

  constructor(options: PolicyWatchOptions) {
    this.#options = options
  }

  /** Empty in a process that does not lead. */
  status(): readonly WatchedPolicy[] {
    return this.#options.hold() === undefined ? [...this.#kept.values()] : []
  }

  start(): void {
    const { everyMs, clock, onError } = this.#options
    const { signal } = this.#stopping
    this.#running ??= runLoop(
      {
        observe: async () => ({ hold: this.#options.hold() }),
        decide: ({ hold }) => ({ isLeading: hold === undefined, reason: hold ?? 'it leads' }),
        act: async ({ isLeading, reason }, signal) => {
          if (isLeading) await this.lookOnce(signal)
          return { kind: 'done', reason }
        },
      },
      { clock, signal, everyMs, afterErrorMs: everyMs, onError },
    )
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('stopping'))
    await this.#running
  }

  /** One pass over every policy in each of its regions. */
  async lookOnce(signal: AbortSignal): Promise<void> {
    const { planned, troubles } = await this.#options.desk.look({ removal: { kind: 'off' } }, signal)
    for (const { owner, region, reason, remedy } of troubles) {
      this.#keep(owner, region, { drift: undefined, trouble: reason })
      this.#tellStuck({ owner, region }, { reason, remedy })
    }
    await Promise.all(planned.map((place) => this.#see(place, signal)))
  }

  async #see(place: PlannedPlace, signal: AbortSignal): Promise<void> {
    const { policy, access, desired, plan } = place
    const { owner } = policy
    const { region } = access
    const drift = findDrift(desired, plan)
    const ref = refOf(place)
    this.#keep(owner, region, { drift, trouble: undefined, lookedAtMs: this.#options.clock.nowMs() })
    this.#tellDrift(ref, drift)
    try {
      await this.#correct(place, signal)
    } catch (error) {
      if (signal.aborted || !isFault(error)) throw error
      this.#tellStuck(ref, { reason: describeError(error), remedy: error.remedy })
    }
  }

  async #correct(place: PlannedPlace, signal: AbortSignal): Promise<void> {
    const { desk, clock, events } = this.#options
    const { policy, access, plan } = place
    const correction = decideCorrection(policy, place.desired, plan)
    const kept = this.#kept.get(keyOf(policy.owner, access.region))
    if (correction === undefined || kept === undefined) return this.#tellStuck(refOf(place), undefined)
    const { why, desired, removal } = correction
    const nowMs = clock.monotonicMs()
    if (why === 'enforced' && nowMs - kept.enforcedMs < ENFORCE_EVERY_MS) return
    if (why === 'enforced') this.#keep(policy.owner, access.region, { enforcedMs: nowMs })
    const meant = { policy, access, desired }
    const { hash } = await desk.replan(meant, removal, signal)
    const { added, removed, users, quotas } = await desk.change(meant, { hash, removal }, signal)
    this.#tellStuck(refOf(place), undefined)
    const all = added + removed + users + quotas
    if (all === 0) return
    this.#keep(policy.owner, access.region, { corrected: kept.corrected + all })
    events.emit('policy:corrected', { ...refOf(place), why, added, removed, users, quotas })
  }

  #tellDrift(ref: Ref, drift: PolicyDrift): void {
    const { missing, extraOwned, extraForeign, changed, users, quotas } = drift
    const all = [...missing, ...changed.map(({ declared }) => declared), ...extraOwned, ...extraForeign]
    const told = canonicalJson([...all, ...users, ...quotas])
    const kept = this.#kept.get(keyOf(ref.owner, ref.region))
    if (kept === undefined || kept.told === told) return
    this.#keep(ref.owner, ref.region, { told })
    const example = exampleOf(all, drift)
    if (example === undefined) return this.#options.events.emit('policy:held', ref)
    this.#options.events.emit('policy:drifted', {
      ...ref,
      missing: missing.length,
      extraOwned: extraOwned.length,
      extraForeign: extraForeign.length,
      changed: changed.length,
      users: users.length,
      quotas: quotas.length,
      example,
    })
  }

  /** Undefined: it is not stuck any more. */
  #tellStuck(ref: Ref, why: { readonly reason: string; readonly remedy: string } | undefined): void {
    const stuck = why?.reason ?? ''
    if (this.#kept.get(keyOf(ref.owner, ref.region))?.stuck === stuck) return
    this.#keep(ref.owner, ref.region, { stuck })
    if (why !== undefined) this.#options.events.emit('policy:stuck', { ...ref, ...why })
  }

  #keep(owner: string, region: RegionName, news: Partial<Kept>): void {
    const key = keyOf(owner, region)
    const none = { drift: undefined, trouble: undefined, lookedAtMs: undefined, corrected: 0 }
    const first = { owner, region, ...none, told: NOTHING, stuck: '', enforcedMs: -Infinity }
    this.#kept.set(key, { ...(this.#kept.get(key) ?? first), ...news })
  }
}

function exampleOf([first]: readonly AclBinding[], { users, quotas }: PolicyDrift): string | undefined {
  const [user] = users
  const [quota] = quotas
  if (first !== undefined) {
    const { principal, operation, resource, name, pattern } = first
    return `${principal} ${operation.toUpperCase()} on ${resource} ${name}${pattern === 'prefixed' ? '*' : ''}`
  }
  if (user !== undefined) return `the user ${user.user} of ${user.mechanism}`
  return quota && `${quota.key} of ${entityText(quota.entity)}`
}

interface Ref {
  readonly owner: string
  readonly region: RegionName
  readonly group?: string
}

function refOf({ policy: { owner, applies }, access: { region } }: PlannedPlace): Ref {
  return { owner, region, ...(applies.failoverGroup !== undefined && { group: applies.failoverGroup }) }
}

function keyOf(owner: string, region: string): string {
  return `${owner} ${region}`
}
