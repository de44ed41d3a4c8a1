import {
  type Clock,
  describeError,
  type Events,
  isFault,
  mayPass,
  type RegionName,
  unreachable,
} from '../../core/index.ts'
import type { ClusterMetadata, TopicMetadata } from '../../kafka/index.ts'
import type { SecurityEvents } from '../events.ts'
import { securityFaults } from '../faults.ts'
import { makeAcknowledgedChange } from './acknowledged-change.ts'
import { applyAcls, type FenceClaim, liftAcls } from './acl-fence.ts'
import {
  applyCommand,
  checkCommand,
  type CheckedCommand,
  type CommandCheck,
  type CommandContext,
  commandPatienceMs,
  type FenceCommand,
  liftCommand,
  liftUnrecordedCommand,
  type OnCommandPart,
} from './command-fence.ts'
import { CommandRuns } from './command-runs.ts'
import { FenceBook } from './fence-book.ts'
import { type FenceMeans, type FenceRecord, type FenceRecords } from './fence-record.ts'
import { type FencedNames, type FenceScope, planNames } from './fence-scope.ts'
import { addLifted, type AppliedFence, type FenceStep, type LiftedFence, NOTHING_LIFTED } from './fence-step.ts'
import { type FenceProof, judgeObstacles } from './judge-fence.ts'
import { type FencePermit, permittedCluster } from './permitted.ts'
import { type FencePlan, planFence } from './plan-fence.ts'
import { type CanaryAccess, proveFence, proveOpen } from './prove-fence.ts'
import { readAcls, readExemption } from './read-acls.ts'
import { callBounded, DEFAULT_TIMINGS, type FenceCluster, type FenceTimings } from './region-access.ts'
import { applyTopicConfig, liftTopicConfig, proveTopicConfig } from './topic-config-fence.ts'

/** How a region is reached and fenced. */
export interface RegionFencesOptions {
  readonly region: RegionName
  /** Under Isthmus's own principal, with `FENCE_REQUEST_TIMEOUT_MS`. */
  readonly cluster: FenceCluster
  /** As the brokers name Isthmus; needed only where it is no super user. */
  readonly principal: string | undefined
  /** Of the brokers, where the operator has said who they are: plans list them. */
  readonly superUsers: readonly string[] | undefined
  readonly canary: CanaryAccess | undefined
  readonly command: FenceCommand | undefined
  /** Whether a region that a failover leaves may be fenced through topic configs. @defaultValue false */
  readonly allowsTopicConfig?: boolean
  readonly records: FenceRecords
  readonly clock: Clock
  readonly events: Events<SecurityEvents>
  /** @defaultValue `DEFAULT_TIMINGS` */
  readonly timings?: Partial<FenceTimings>
  /** Asked right before a command of the operator is run; see `permitted`. */
  readonly permit?: FencePermit
}

export interface TopicFenceRequest extends Omit<FenceClaim, 'group'> {
  readonly scope: FenceScope
  /** Names that are about to be created: they are fenced before they exist. */
  readonly comingTopics?: readonly string[]
}

export interface GroupFenceRequest extends FenceClaim {
  /** Consumer groups, by their ids. */
  readonly consumerGroups: readonly string[]
}

/** Which fence; without `means` all of the operation. */
export interface LiftRequest {
  readonly group: string
  readonly operation: string
  readonly by: string
  readonly means?: FenceMeans
}

/** What is known of a region, by whoever asks. */
interface Shared {
  readonly book: FenceBook
  readonly runs: CommandRuns
  /** Whether entries do not apply to Isthmus; undefined before that was found out. */
  isExempt: boolean | undefined
}

/**
 * The fences of one region: planned, put up, proved and taken down. Each call makes one bounded attempt and may be
 * repeated. Nothing here decides whether a region ought to be fenced.
 */
export class RegionFences {
  readonly #options: RegionFencesOptions
  readonly #context: CommandContext
  readonly #book: FenceBook
  readonly #shared: Shared

  constructor(options: RegionFencesOptions, shared?: Shared) {
    const { region, cluster, clock, events, permit } = options
    const timings = { ...DEFAULT_TIMINGS, ...options.timings }
    this.#options = options
    this.#shared = shared ?? {
      book: new FenceBook({ region, clock, timings }, options.records),
      runs: new CommandRuns(),
      isExempt: undefined,
    }
    const { book, runs } = this.#shared
    this.#book = permit === undefined ? book : book.permitted(permit)
    const own = { region, cluster, clock, events, timings, runs, book: this.#book }
    this.#context = { ...own, ...(permit !== undefined && { permit }) }
  }

  /** The same fences, for one who may lose the right to change anything: asked right before every change. */
  permitted(permit: FencePermit): RegionFences {
    const cluster = permittedCluster(this.#options.cluster, permit)
    return new RegionFences({ ...this.#options, cluster, permit }, this.#shared)
  }

  get hasCommand(): boolean {
    return this.#options.command !== undefined
  }

  /** Whether topic configs may be the last resort; see topic-config-fence.ts. */
  get allowsTopicConfig(): boolean {
    return this.#options.allowsTopicConfig ?? false
  }

  /** Whether its command can be asked if the fence holds. */
  get hasCommandCheck(): boolean {
    return this.#options.command?.check !== undefined
  }

  get region(): RegionName {
    return this.#options.region
  }

  /** What an `acl` fence of the scope would be, or why there can be none. Throws what is retriable: ask again. */
  async plan(scope: FenceScope, signal: AbortSignal): Promise<FencePlan> {
    // Whoever plans wants to know what holds now, also whether Isthmus is still a super user.
    this.#shared.isExempt = undefined
    return this.#planTopics(scope, await this.#metadata(signal), signal)
  }

  /** What a fence of the consumer groups would be. */
  planGroups(consumerGroups: readonly string[], signal: AbortSignal): Promise<FencePlan> {
    return this.#planNames('groups', { prefixes: [], literals: consumerGroups }, signal)
  }

  /** Denies WRITE, DELETE and ALTER on the topics of the scope. */
  apply(request: TopicFenceRequest, signal: AbortSignal): Promise<FenceStep<AppliedFence>> {
    return this.#attempt(signal, async () => {
      const { scope, comingTopics = [], ...claim } = request
      const plan = await this.#planTopics(scope, await this.#metadata(signal), signal, comingTopics)
      return this.#applyPlan({ ...claim, group: scope.group }, 'acl', plan, signal)
    })
  }

  /** Denies READ on consumer groups, which ends their commits at once. */
  applyToGroups(request: GroupFenceRequest, signal: AbortSignal): Promise<FenceStep<AppliedFence>> {
    return this.#attempt(signal, async () => {
      const { consumerGroups, ...claim } = request
      return this.#applyPlan(claim, 'groups', await this.planGroups(consumerGroups, signal), signal)
    })
  }

  /** Runs the operator's command, again where that is asked for; fault `FENCE_COMMAND_MISSING` where there is none. */
  applyCommand(
    claim: FenceClaim,
    signal: AbortSignal,
    { isToRepeat = false, onPart }: { readonly isToRepeat?: boolean; readonly onPart?: OnCommandPart } = {},
  ): Promise<FenceStep<AppliedFence>> {
    return this.#attempt(signal, () =>
      applyCommand(this.#context, { claim, command: this.#command(), isToRepeat, onPart }, signal),
    )
  }

  /** The last resort; see topic-config-fence.ts for what it refuses. */
  applyTopicConfig(request: TopicFenceRequest, signal: AbortSignal): Promise<FenceStep<AppliedFence>> {
    return this.#attempt(signal, async () => {
      const { scope, comingTopics: _, ...claim } = request
      const topics = topicsOf(scope, await this.#metadata(signal))
      return applyTopicConfig(this.#context, { claim: { ...claim, group: scope.group }, topics }, signal)
    })
  }

  /**
   * Whether the `acl` fence of a scope holds now, on every live broker. `topicsMax` bounds on how many topics the canary
   * is tried; `turn` chooses which, so that repeated proofs come round. Throws what is retriable: then nothing is known.
   */
  async prove(
    scope: FenceScope,
    signal: AbortSignal,
    sample?: { readonly topicsMax: number; readonly turn: number },
  ): Promise<FenceProof> {
    const metadata = await this.#metadata(signal)
    const plan = await this.#planTopics(scope, metadata, signal)
    if (plan.kind === 'unavailable') return judgeObstacles(plan.obstacles, this.#options.clock.nowMs())
    const choose = (topics: readonly TopicMetadata[]) =>
      sample === undefined ? topics : takeTurn(topics, sample.topicsMax, sample.turn)
    const { canary } = this.#options
    return proveFence(this.#context, { bindings: plan.bindings, metadata, scope, canary, choose }, signal)
  }

  async proveTopicConfig(scope: FenceScope, signal: AbortSignal): Promise<FenceProof> {
    return proveTopicConfig(this.#context, topicsOf(scope, await this.#metadata(signal)), signal)
  }

  /** How long a fence by the command may take in all, its check included. */
  get commandPatienceMs(): number {
    return commandPatienceMs(this.#command())
  }

  /** What the operator's own check says. */
  async checkCommand(of: Omit<CheckedCommand, 'command'>, signal: AbortSignal): Promise<CommandCheck> {
    return checkCommand(this.#context, { command: this.#command(), ...of }, signal)
  }

  /** After a promotion: every live broker has to accept the canary, on every topic that it has an ALLOW for. */
  proveOpen(scope: FenceScope, signal: AbortSignal): Promise<FenceStep<{ readonly topicsTried: number }>> {
    return this.#attempt(signal, async () => {
      const { canary } = this.#options
      const metadata = await this.#metadata(signal)
      return proveOpen(this.#context, { canary, metadata, topics: topicsOf(scope, metadata) }, signal)
    })
  }

  /** Takes down the fences of an operation for a group. What was never there is done. */
  lift(request: LiftRequest, signal: AbortSignal): Promise<FenceStep<LiftedFence>> {
    return this.#liftWhere(request.by, signal, (record) => {
      const { means = record.means } = request
      return record.group === request.group && record.operation === request.operation && record.means === means
    })
  }

  /** Takes down everything that an operation has put up here, for whichever group; the authority is not needed. */
  liftAllOf(operation: string, by: string, signal: AbortSignal): Promise<FenceStep<LiftedFence>> {
    return this.#liftWhere(by, signal, (record) => record.operation === operation)
  }

  /** Runs the operator's other command where none is on record; see command-fence.ts. */
  liftUnrecordedCommand(claim: FenceClaim, signal: AbortSignal): Promise<FenceStep<LiftedFence>> {
    return this.#attempt(signal, () =>
      liftUnrecordedCommand(this.#context, { claim, command: this.#command() }, signal),
    )
  }

  /** A change that means nothing and is acknowledged; see acknowledged-change.ts. */
  acknowledge(signal: AbortSignal): Promise<FenceStep<{ readonly isPossible: boolean }>> {
    return this.#attempt(signal, () => makeAcknowledgedChange(this.#context, signal))
  }

  /** Names of the topics of a scope that there are here. Throws what is retriable. */
  async topicNames(scope: FenceScope, signal: AbortSignal): Promise<string[]> {
    return topicsOf(scope, await this.#metadata(signal)).map(({ name }) => name)
  }

  /** Those on record; with the reason where the store of records does not answer. */
  records(signal: AbortSignal): ReturnType<FenceBook['list']> {
    return this.#book.list(signal)
  }

  /**
   * Housekeeping of one region: fences past their time are lifted, and lifted ones that came into force late are taken
   * away again, until they have been quiet for long enough.
   */
  async tidy(signal: AbortSignal): Promise<FenceStep<LiftedFence>> {
    const { clock, events } = this.#options
    const nowMs = clock.nowMs()
    const { records } = await this.#book.list(signal)
    for (const record of records.filter(({ lifted }) => lifted !== null)) {
      const again = await this.#attempt(signal, () => this.#liftOne(record, 'isthmus', signal))
      if (again.kind !== 'done') return again
      const { region, group, operation, mayLandLate } = record
      const { removed } = again.evidence
      if (mayLandLate && removed > 0) events.emit('fence:landed-late', { region, group, operation, entries: removed })
    }
    return this.#liftWhere(
      'isthmus',
      signal,
      ({ untilMs, lifted }) => lifted === null && untilMs !== null && untilMs < nowMs,
    )
  }

  async #applyPlan(
    claim: FenceClaim,
    means: 'acl' | 'groups',
    plan: FencePlan,
    signal: AbortSignal,
  ): Promise<FenceStep<AppliedFence>> {
    if (plan.kind === 'possible') return applyAcls(this.#context, { claim, means, plan }, signal)
    const reason = plan.obstacles.map((it) => it.reason).join('; ')
    const remedy = plan.obstacles.map((it) => it.remedy).join(' ')
    const facts = { region: this.region, group: claim.group, reason, remedy }
    return { kind: 'failed', fault: securityFaults.fault('FENCE_UNAVAILABLE', facts) }
  }

  #planTopics(
    scope: FenceScope,
    metadata: ClusterMetadata,
    signal: AbortSignal,
    coming: readonly string[] = [],
  ): Promise<FencePlan> {
    const names = [...metadata.topics.map(({ name }) => name), ...coming]
    return this.#planNames('acl', planNames(scope, names), signal)
  }

  async #planNames(means: 'acl' | 'groups', names: FencedNames, signal: AbortSignal): Promise<FencePlan> {
    if (this.#shared.isExempt === undefined) {
      const exemption = await readExemption(this.#context, signal)
      if (exemption.kind === 'obstacle') return { kind: 'unavailable', obstacles: [exemption.obstacle] }
      this.#shared.isExempt = exemption.isExempt
    }
    const of = { resource: means === 'acl' ? ('topic' as const) : ('group' as const), isExempt: this.#shared.isExempt }
    const reading = await readAcls(this.#context, of, signal)
    if (reading.kind === 'obstacle') return { kind: 'unavailable', obstacles: [reading.obstacle] }
    const { principal: ownPrincipal, superUsers } = this.#options
    return planFence({ means, names, acls: reading.view, ownPrincipal, superUsers })
  }

  #liftWhere(
    by: string,
    signal: AbortSignal,
    isMeant: (record: FenceRecord) => boolean,
  ): Promise<FenceStep<LiftedFence>> {
    return this.#attempt(signal, async () => {
      const { records, trouble } = await this.#book.list(signal)
      let sum = NOTHING_LIFTED
      for (const record of records.filter(isMeant)) {
        const step = await this.#liftOne(record, by, signal)
        if (step.kind !== 'done') return step
        sum = addLifted(sum, step.evidence)
      }
      if (trouble !== undefined) return { kind: 'unknown', reason: `the records of fences cannot be read: ${trouble}` }
      return { kind: 'done', evidence: sum }
    })
  }

  #liftOne(record: FenceRecord, by: string, signal: AbortSignal): Promise<FenceStep<LiftedFence>> {
    switch (record.means) {
      case 'acl':
      case 'groups':
        return liftAcls(this.#context, record, by, signal)
      case 'command':
        return liftCommand(this.#context, { record, command: this.#command(), by }, signal)
      case 'topic-config':
        return liftTopicConfig(this.#context, record, by, signal)
      default:
        return unreachable(record.means)
    }
  }

  /** What may pass is unknown, whatever else a room calls a fault has failed. */
  async #attempt<Evidence>(
    signal: AbortSignal,
    step: () => Promise<FenceStep<Evidence>>,
  ): Promise<FenceStep<Evidence>> {
    try {
      return await step()
    } catch (error) {
      signal.throwIfAborted()
      if (!isFault(error)) throw error
      return mayPass(error) ? { kind: 'unknown', reason: describeError(error) } : { kind: 'failed', fault: error }
    }
  }

  #metadata(signal: AbortSignal): Promise<ClusterMetadata> {
    return callBounded(this.#context, 'Metadata', signal, (signal) => this.#options.cluster.metadata('all', signal))
  }

  #command(): FenceCommand {
    const { command } = this.#options
    if (command === undefined) throw securityFaults.fault('FENCE_COMMAND_MISSING', { region: this.region })
    return command
  }
}

function topicsOf(scope: FenceScope, metadata: ClusterMetadata): TopicMetadata[] {
  return metadata.topics.filter(({ name, errorCode }) => errorCode === 0 && scope.isSelected(name))
}

/** At most `topicsMax` in a row, the next ones with each turn. */
function takeTurn(topics: readonly TopicMetadata[], topicsMax: number, turn: number): TopicMetadata[] {
  const start = topics.length === 0 ? 0 : (turn * topicsMax) % topics.length
  return [...topics.slice(start), ...topics.slice(0, start)].slice(0, topicsMax)
}
