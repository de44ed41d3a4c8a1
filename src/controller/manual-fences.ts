import type { FencesView, FenceOrder, FenceResult, GroupFence, UnfenceOrder } from '../api/index.ts'
import type { FailoverGroupConfig } from '../config/index.ts'
import { type Clock, isFault, pause, type RegionName } from '../core/index.ts'
import { failoverFaults, type JournalEntry, type JournalPort, type Leadership } from '../failover/index.ts'
import { type FenceStep, isByHand, MANUAL, type RegionFences, STANDING } from '../security/index.ts'
import { scopeOf } from './controlled-group.ts'
import type { GroupDocuments } from './group-documents.ts'
import { wantOf } from './standing-fences.ts'

type FencedGroup = Pick<FailoverGroupConfig, 'name' | 'topics' | 'regions'>

export interface ManualFencesOptions {
  readonly groups: readonly FencedGroup[]
  readonly fences: ReadonlyMap<RegionName, RegionFences>
  readonly documents: Pick<GroupDocuments, 'get'>
  readonly leadership: Pick<Leadership, 'lease' | 'hold'>
  readonly journal: JournalPort
  readonly standing: { of(group: string): readonly GroupFence[] }
  readonly clock: Clock
}

type About = Pick<JournalEntry, 'actor' | 'group'> & { readonly operation: string }

/** How long a request is tried before it is answered with what is not known. */
const TRY_MS = 20_000
const AGAIN_MS = 500

/**
 * Fences that a person puts up and takes down. They stand beside those of moves and standbys, are on record with who
 * and why, and end with the next move that makes their region active.
 */
export class ManualFences implements FencesView {
  readonly #options: ManualFencesOptions

  constructor(options: ManualFencesOptions) {
    this.#options = options
  }

  of(group: string): readonly GroupFence[] {
    return this.#options.standing.of(group)
  }

  async fence({ group, region, by, reason }: FenceOrder, signal: AbortSignal): Promise<FenceResult> {
    const { config, fences } = this.#find(group, region)
    const claim = { operation: `${MANUAL}${by}`, by, reason, untilMs: null }
    const about = { actor: by, group, operation: claim.operation }
    await this.#tell('request', about, { reason: `fence ${region}: ${reason}` }, signal)
    const attempt = async () => {
      const applied = await fences.apply({ scope: scopeOf(config), ...claim }, signal)
      const isImpossible = applied.kind === 'failed' && applied.fault.code === 'FENCE_UNAVAILABLE'
      return isImpossible && fences.hasCommand ? await fences.applyCommand({ group, ...claim }, signal) : applied
    }
    const step = await this.#settle(attempt, signal)
    const done =
      step.kind === 'done' ? `fenced by ${step.evidence.means}, ${step.evidence.added} entries were added` : ''
    return await this.#end(about, `fence ${region}`, { step, done }, signal)
  }

  async unfence({ group, region, by, operation }: UnfenceOrder, signal: AbortSignal): Promise<FenceResult> {
    const { fences } = this.#find(group, region)
    if (operation !== undefined) this.#checkLiftable(group, region, operation)
    const about = { actor: by, group, operation: operation ?? MANUAL }
    await this.#tell('request', about, { reason: `unfence ${region}` }, signal)
    const attempt = async (): Promise<FenceStep<{ found: number; removed: number }>> => {
      const { records, trouble } = await fences.records(signal)
      if (trouble !== undefined) return { kind: 'unknown', reason: `the records of fences cannot be read: ${trouble}` }
      const own = records.filter((it) => it.group === group && it.lifted === null)
      const meant = own.filter((it) => (operation === undefined ? isByHand(it) : it.operation === operation))
      let removed = 0
      for (const one of new Set(meant.map((record) => record.operation))) {
        const step = await fences.lift({ group, operation: one, by }, signal)
        if (step.kind !== 'done') return step
        removed += step.evidence.removed
      }
      return { kind: 'done', evidence: { found: meant.length, removed } }
    }
    const step = await this.#settle(attempt, signal)
    const counts = step.kind === 'done' ? step.evidence : { found: 0, removed: 0 }
    const none = operation === undefined ? 'nobody has fenced it by hand' : `${operation} has no fence there`
    const done = counts.found === 0 ? none : `${counts.found} fences were lifted, ${counts.removed} entries went`
    return await this.#end(about, `unfence ${region}`, { step, done }, signal)
  }

  /** What something else sees to would be put up again, or is not a person's to take away now. */
  #checkLiftable(group: string, region: string, operation: string): void {
    const document = this.#options.documents.get(group)
    const refuse = (reason: string) => {
      throw failoverFaults.fault('FENCE_STAYS', { operation, region, group, reason })
    }
    if (operation === STANDING && document !== undefined && wantOf(document, region) === 'fenced') {
      refuse('a standby carries its fence until a move makes it active')
    }
    if (document?.operation?.id === operation) refuse('the operation is still under way: abort it')
  }

  #find(group: string, name: string): { readonly config: FencedGroup; readonly fences: RegionFences } {
    const { groups, fences, leadership } = this.#options
    const config = groups.find((it) => it.name === group)
    if (config === undefined) throw failoverFaults.fault('FAILOVER_GROUP_UNKNOWN', { group })
    const region = config.regions.find((it) => it === name)
    const own = region && fences.get(region)
    if (own === undefined) {
      throw failoverFaults.fault('REGION_NOT_OF_GROUP', { region: name, group, known: config.regions.join(', ') })
    }
    const permit = () => {
      const hold = leadership.hold()
      if (hold !== undefined) throw failoverFaults.fault('NOT_LEADING', { reason: hold })
    }
    permit()
    return { config, fences: own.permitted(permit) }
  }

  /** Repeats what is not settled, as every attempt may be. */
  async #settle<Evidence>(
    attempt: () => Promise<FenceStep<Evidence>>,
    signal: AbortSignal,
  ): Promise<FenceStep<Evidence>> {
    const { clock } = this.#options
    const startedMs = clock.monotonicMs()
    for (;;) {
      const step = await attempt().catch(rethrowHold)
      const isOver = clock.monotonicMs() - startedMs >= TRY_MS || signal.aborted
      if (step.kind === 'done' || step.kind === 'failed' || isOver) return step
      await pause(clock, AGAIN_MS, signal)
    }
  }

  async #end(
    about: About,
    effect: string,
    { step, done }: { readonly step: FenceStep<unknown>; readonly done: string },
    signal: AbortSignal,
  ): Promise<FenceResult> {
    const reason = step.kind === 'failed' ? step.fault.message : step.kind === 'done' ? done : step.reason
    await this.#tell('effect-ended', about, { effect, outcome: step.kind, reason }, signal)
    if (step.kind === 'failed') throw step.fault
    return { state: step.kind === 'done' ? 'done' : 'unknown', reason }
  }

  async #tell(
    kind: 'request' | 'effect-ended',
    about: About,
    facts: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#options.journal.append({ ...about, kind, facts }, signal)
  }
}

/** What the permit has thrown is the answer; the calls of a region only carry it (see `askPermit`). */
function rethrowHold(error: unknown): never {
  const carried = error instanceof Error ? error.cause : undefined
  throw isFault(carried, 'NOT_LEADING') ? carried : error
}
