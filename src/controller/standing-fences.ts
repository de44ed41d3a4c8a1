import type { GroupFence } from '../api/index.ts'
import type { FailoverGroupConfig } from '../config/index.ts'
import { type Clock, type Events, pause, type RegionName } from '../core/index.ts'
import { type GroupDocument, holdsFence, isWritePaused } from '../failover/index.ts'
import {
  coversTopic,
  type FenceMeans,
  type FenceRecord,
  type FenceState,
  type FenceSubject,
  FenceWatch,
  reachesAll,
  type RegionFences,
  type SecurityEvents,
  STANDING,
  type WatchedFence,
} from '../security/index.ts'
import { scopeOf } from './controlled-group.ts'
import type { GroupDocuments } from './group-documents.ts'

export interface StandingFencesOptions {
  readonly groups: readonly FailoverGroupConfig[]
  readonly fences: ReadonlyMap<RegionName, RegionFences>
  readonly documents: Pick<GroupDocuments, 'get'>
  readonly isLeading: () => boolean
  readonly events: Events<SecurityEvents>
  readonly clock: Clock
  /** Told what should not happen. */
  readonly onError: (region: RegionName, error: unknown) => void
}

const FIRST_LOOK_MS = 3_000
const LOOK_EVERY_MS = 50

/**
 * Every region that is not active carries a fence for good: one watch a region proves those of all groups, and puts them
 * up where this controller leads. What the groups' documents say counts anew before each change.
 */
export class StandingFences {
  readonly #options: StandingFencesOptions
  readonly #watches: ReadonlyMap<RegionName, FenceWatch>

  constructor(options: StandingFencesOptions) {
    const { groups, fences, isLeading, events, clock, onError } = options
    this.#options = options
    this.#watches = new Map(
      [...fences].map(([region, of]) => {
        const own = groups.filter(({ regions }) => regions.includes(region))
        const watch = new FenceWatch({
          fences: of,
          subjects: () => own.map((group) => this.#subjectOf(group, region)),
          mayAct: isLeading,
          clock,
          events,
          onError: (error) => onError(region, error),
          everyMs: Math.min(...own.map(({ timings }) => timings.fenceCheckMs)),
        })
        return [region, watch]
      }),
    )
  }

  start(): void {
    for (const watch of this.#watches.values()) watch.start()
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#watches.values()].map((watch) => watch.stop()))
  }

  /** Of every standby, as it was last found. */
  status(): readonly WatchedFence[] {
    return [...this.#watches.values()].flatMap((watch) => watch.status())
  }

  /** Of every region of a group, in their ranks. */
  of(group: string): readonly GroupFence[] {
    const regions = this.#options.groups.find(({ name }) => name === group)?.regions ?? []
    return regions.flatMap((region) => {
      const watch = this.#watches.get(region)
      if (watch === undefined) return []
      const watched = watch.status().find((one) => one.group === group)
      return [{ region, watched, records: watch.recordsOf(group) }]
    })
  }

  /**
   * Sees to it that the fences of a region reach topics before they are created there: undefined where they do, and where
   * there can be none; else what has to be waited for.
   */
  async cover(region: RegionName, topics: readonly string[], signal: AbortSignal): Promise<string | undefined> {
    const { groups, isLeading } = this.#options
    for (const group of groups.filter(({ regions }) => regions.includes(region))) {
      const { scope, want } = this.#subjectOf(group, region)
      if (want !== 'fenced' || !topics.some((topic) => scope.isSelected(topic))) continue
      const state = await this.#awaitState(group.name, region, signal)
      // A command closes the region whatever its topics are called.
      if (state === 'fenced' && this.#ownRecord(group.name, region, 'command')?.hasRun === true) continue
      const isImpossible = state === 'unavailable'
      const own = this.#ownRecord(group.name, region, 'acl')
      const bare = topics.filter((topic) => scope.isSelected(topic) && !(own !== undefined && coversTopic(own, topic)))
      if (bare.length === 0 || isImpossible) continue
      if (!isLeading()) return `the controller that leads has not fenced ${region} for ${bare[0]} yet`
      const trouble = await this.#fence(group, region, bare, signal)
      if (trouble !== undefined) return trouble
    }
    return undefined
  }

  /** What the first look came to, which is under way when a process starts; undefined where it takes too long. */
  async #awaitState(group: string, region: RegionName, signal: AbortSignal): Promise<FenceState | undefined> {
    const { clock } = this.#options
    const startedMs = clock.monotonicMs()
    const find = () =>
      this.#watches
        .get(region)
        ?.status()
        .find((one) => one.group === group)?.state
    while (find() === undefined && clock.monotonicMs() - startedMs < FIRST_LOOK_MS && !signal.aborted) {
      await pause(clock, LOOK_EVERY_MS, signal)
    }
    return find()
  }

  async #fence(
    group: FailoverGroupConfig,
    region: RegionName,
    comingTopics: readonly string[],
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const { fences, isLeading } = this.#options
    const permit = () => {
      const { want } = this.#subjectOf(group, region)
      if (!isLeading() || want !== 'fenced') throw new Error(`${region} is not to be fenced by this process any more`)
    }
    const claim = { operation: STANDING, by: 'isthmus', reason: 'the region is a standby', untilMs: null }
    const step = await fences
      .get(region)
      ?.permitted(permit)
      .apply({ scope: scopeOf(group), ...claim, comingTopics }, signal)
    if (step === undefined || step.kind === 'done') return undefined
    // Where there can be no fence, a topic cannot wait for it.
    if (step.kind === 'failed') return step.fault.code === 'FENCE_UNAVAILABLE' ? undefined : step.fault.message
    return step.reason
  }

  #ownRecord(group: string, region: RegionName, by: FenceMeans): FenceRecord | undefined {
    const records = this.#watches.get(region)?.recordsOf(group)
    return records?.find(({ operation, means }) => operation === STANDING && means === by)
  }

  #subjectOf(group: FailoverGroupConfig, region: RegionName): FenceSubject {
    const scope = scopeOf(group)
    const document = this.#options.documents.get(group.name)
    return {
      scope,
      want: document === undefined ? 'as-is' : wantOf(document, region),
      operation: document?.operation?.id,
      comingTopics: async (signal) => {
        const active = document === undefined ? undefined : this.#options.fences.get(document.active)
        const own = this.#ownRecord(group.name, region, 'acl')
        if (active === undefined || (own !== undefined && reachesAll(scope, own.denied))) return []
        return await active.topicNames(scope, signal)
      },
    }
  }
}

/** Pure: what the document of a group asks of a region. A lost one is fenced by its return. */
export function wantOf(document: GroupDocument, region: string): FenceSubject['want'] {
  const { active, operation, regions, automatic } = document
  // A move that holds writes up, or is about to begin unasked, has a fence of its own there, or has not opened it yet.
  const isHeld = (operation !== undefined && isWritePaused(operation)) || holdsFence(automatic)
  if (active === region) return isHeld ? 'as-is' : 'open'
  const role = Object.hasOwn(regions, region) ? regions[region]?.role : undefined
  return role === 'standby' || role === 'returning' || role === 'reseeding' ? 'fenced' : 'as-is'
}
