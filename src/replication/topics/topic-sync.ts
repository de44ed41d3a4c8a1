import {
  type Clock,
  describeError,
  type Events,
  type Fault,
  type LinkName,
  type Pass,
  type Reconciler,
  runLoop,
  sleep,
} from '../../core/index.ts'
import { type Cluster, errorName } from '../../kafka/index.ts'
import type { ReplicationEvents } from '../events.ts'
import type { CopiedFlow } from '../offset-map/index.ts'
import { DeletionGrace, type DeletionPolicy, type PendingDeletion } from './deletions.ts'
import { ConfigSight } from './config-sight.ts'
import { chunksOf } from './create-chunks.ts'
import { topicFaults } from './faults.ts'
import type { Lineage } from './lineage.ts'
import { observeTopics, type TopicsBefore } from './observe-topics.ts'
import {
  type FlowSpec,
  type ObservedTopics,
  type PlannedConfigure,
  type PlannedCreate,
  type PlannedGrow,
  planTopics,
  type TopicPlan,
  type TopicRefusal,
} from './plan-topics.ts'
import { compileSelection, type Selection } from './selection.ts'

/**
 * Keeps the target topics of one link in step with the source: creates, grows and configures them, and tells which
 * flows there are. A topic that is refused is reported and tried again on the next pass; it stops no other topic.
 *
 * The flows of a topic that is gone from the source are no longer listed. Its copy stays, unless the link follows
 * deletions and the grace is over.
 */
export interface TopicSyncOptions {
  readonly link: LinkName
  readonly source: Cluster
  readonly target: Cluster
  readonly selection: Selection
  /** Pattern of the target names; see `renameTopic`. @defaultValue the same names */
  readonly rename?: string | undefined
  /** @defaultValue `default`, the target brokers' own */
  readonly replicationFactor?: number | 'default'
  /** Between passes, milliseconds. @defaultValue 4000 */
  readonly everyMs?: number
  readonly clock: Clock
  readonly events: Events<ReplicationEvents>
  /** True where the offset map names the target topic as a copy of this link. Any other is altered only while empty. */
  isCopy(targetTopicId: string, signal: AbortSignal): Promise<boolean>
  /** Keeps records from going round. */
  readonly lineage: Lineage
  /** @defaultValue deletions are not followed */
  readonly deletions?: DeletionPolicy | undefined
  /** Every copy that the link has made, as the offset map names them. */
  copies?(): readonly CopiedFlow[]
  /** The copy is deleted: the offset map need not know its flows any more. */
  forget?(flows: readonly CopiedFlow[], signal: AbortSignal): Promise<void>
  /** Told the id of the target cluster before anything is done there; throws where that is not the one to copy into. */
  checkTarget?(clusterId: string): void
  /**
   * Whether this process changes the target topic; of several replicators that share the work one does, the others
   * wait for what comes of it. @defaultValue always
   */
  readonly mayChange?: (topic: { readonly topic: string; readonly targetTopic: string }) => boolean
  /** What topics that are to be created have to wait for; undefined where that is nothing. @defaultValue nothing */
  readonly creationGate?:
    | ((targetTopics: readonly string[], signal: AbortSignal) => Promise<string | undefined>)
    | undefined
  /** Told every flow there is now, after each pass that got through, changed or not. */
  onFlows(flows: readonly FlowSpec[]): void
}

interface Steps {
  readonly done: number
  readonly refusals: readonly TopicRefusal[]
}

const EVERY_MS = 4_000
/** Between a change and the look at what came of it: brokers learn of it one after the other. */
const AFTER_CHANGE_MS = 200
/** What another replicator is to change is looked for this often, and so many times in a row. */
const OTHERS_POLL_MS = 1_000
const OTHERS_LOOKS_MAX = 10
const LEADERS_WAIT_MS = 10_000
const LEADERS_POLL_MS = 100
/** Kafka's TOPIC_ALREADY_EXISTS: a broker's metadata was behind, the next pass sees the topic. */
const ALREADY_EXISTS = 36

export class TopicSync implements Reconciler<ObservedTopics, TopicPlan> {
  readonly #options: TopicSyncOptions
  readonly #isSelected: (topic: string) => boolean
  readonly #configs: { readonly source: ConfigSight; readonly target: ConfigSight }
  #before: TopicsBefore = { baseline: undefined, flows: [], wanted: new Map() }
  #looksForOthers = 0
  /** What was told of each refused topic, so that a lasting refusal is told once. */
  #told = new Map<string, string>()
  #refusals: readonly TopicRefusal[] = []
  readonly #grace: DeletionGrace | undefined
  #pending: readonly PendingDeletion[] = []

  /** @throws `SELECTION_INVALID` */
  constructor(options: TopicSyncOptions) {
    this.#options = options
    this.#isSelected = compileSelection(options.selection)
    this.#configs = { source: new ConfigSight(options.source), target: new ConfigSight(options.target) }
    const { deletions } = options
    if (deletions?.follow) this.#grace = new DeletionGrace(options.clock, deletions.graceMs)
  }

  /** Topics that the last pass did not copy, and why. */
  get refusals(): readonly TopicRefusal[] {
    return this.#refusals
  }

  /** Copies whose source topic is gone and that will be deleted. */
  get pendingDeletions(): readonly PendingDeletion[] {
    return this.#pending
  }

  /** Passes until the signal aborts; never throws. A pass that fails as a whole is told as `link:error`. */
  run(signal: AbortSignal): Promise<void> {
    const { clock, events, link, everyMs = EVERY_MS } = this.#options
    return runLoop(this, {
      clock,
      signal,
      everyMs,
      afterErrorMs: everyMs,
      onError: (error) => events.emit('link:error', { link, what: 'keeping the topics in step', error }),
    })
  }

  async observe(signal: AbortSignal): Promise<ObservedTopics> {
    const { source, target, rename, replicationFactor = 'default' } = this.#options
    return await observeTopics(
      {
        source,
        target,
        configs: this.#configs,
        isSelected: this.#isSelected,
        rename,
        replicationFactor: replicationFactor === 'default' ? -1 : replicationFactor,
        isCopy: (topicId) => this.#options.isCopy(topicId, signal),
        checkTarget: (clusterId) => this.#options.checkTarget?.(clusterId),
        before: this.#before,
        lineage: this.#options.lineage,
        deletions: this.#grace && { grace: this.#grace, copies: this.#options.copies?.() ?? [] },
      },
      signal,
    )
  }

  decide(observed: ObservedTopics): TopicPlan {
    return planTopics(observed)
  }

  async act(plan: TopicPlan, signal: AbortSignal): Promise<Pass> {
    const { mayChange = () => true } = this.#options
    const { creates, grows, configures } = plan
    for (const { targetTopic } of [...creates, ...grows, ...configures]) this.#configs.target.doubt(targetTopic)
    const steps = [
      await this.#createAll(creates.filter(mayChange), signal),
      await this.#each(grows.filter(mayChange), (grow) => this.#grow(grow, signal), signal),
      await this.#each(configures.filter(mayChange), (configure) => this.#configure(configure, signal), signal),
      await this.#each(plan.deletes.filter(mayChange), (copy) => this.#delete(copy, signal), signal),
    ]
    this.#tellPending(plan.pendingDeletions)
    this.#tell([...plan.refusals, ...steps.flatMap(({ refusals }) => refusals)])
    const { flows, wanted, reason } = plan
    this.#before = { baseline: this.#before.baseline ?? plan.sourcePartitions, flows, wanted }
    this.#options.onFlows(flows)
    if (steps.some(({ done }) => done > 0)) return { kind: 'wait', afterMs: AFTER_CHANGE_MS, reason }
    const isForOthers = [...creates, ...grows, ...configures].some((step) => !mayChange(step))
    this.#looksForOthers = isForOthers ? this.#looksForOthers + 1 : 0
    const isSoon = isForOthers && this.#looksForOthers <= OTHERS_LOOKS_MAX
    return isSoon ? { kind: 'wait', afterMs: OTHERS_POLL_MS, reason } : { kind: 'done', reason }
  }

  async #createAll(creates: readonly PlannedCreate[], signal: AbortSignal): Promise<Steps> {
    const refusals: TopicRefusal[] = []
    let done = 0
    for (const chunk of chunksOf(creates)) {
      const outcome = await this.#create(chunk, signal)
      const leaderless = await this.#awaitLeaders(outcome.created, signal)
      for (const create of outcome.created) {
        const { topic, targetTopic, partitions } = create
        done++
        this.#options.events.emit('topic:created', { link: this.#options.link, topic, targetTopic, partitions })
        if (leaderless.has(targetTopic)) {
          refusals.push(refuse(create, 'TOPIC_NOT_READY', { targetTopic, waitedMs: LEADERS_WAIT_MS }))
        }
      }
      refusals.push(...outcome.refusals)
    }
    return { done, refusals }
  }

  async #create(
    chunk: readonly PlannedCreate[],
    signal: AbortSignal,
  ): Promise<{ created: PlannedCreate[]; refusals: TopicRefusal[] }> {
    const refuseCreate = (create: PlannedCreate, why: string) => {
      const { targetTopic, partitions } = create
      return refuse(create, 'TOPIC_CREATE_REFUSED', { targetTopic, partitions, why })
    }
    const why = await this.#findHold(chunk, signal)
    if (why !== undefined) {
      const hold = (create: PlannedCreate) =>
        refuse(create, 'TOPIC_CREATE_HELD', { targetTopic: create.targetTopic, why })
      return { created: [], refusals: chunk.map(hold) }
    }
    const topics = chunk.map(({ targetTopic: topic, partitions, replicationFactor, configs }) => {
      return { topic, partitions, replicationFactor, configs }
    })
    try {
      const answered = await this.#options.target.createTopics(topics, signal)
      const outcomes = new Map(answered.map((outcome) => [outcome.topic, outcome]))
      const created = chunk.filter(({ targetTopic }) => outcomes.get(targetTopic)?.errorCode === 0)
      const refusals = chunk.flatMap((create) => {
        const { errorCode = -1, message = null } = outcomes.get(create.targetTopic) ?? {}
        if (errorCode === 0 || errorCode === ALREADY_EXISTS) return []
        return [refuseCreate(create, `${errorName(errorCode)}, ${message ?? 'no reason given'}`)]
      })
      return { created, refusals }
    } catch (error) {
      signal.throwIfAborted()
      return { created: [], refusals: chunk.map((create) => refuseCreate(create, describeError(error))) }
    }
  }

  async #findHold(chunk: readonly PlannedCreate[], signal: AbortSignal): Promise<string | undefined> {
    try {
      return await this.#options.creationGate?.(
        chunk.map(({ targetTopic }) => targetTopic),
        signal,
      )
    } catch (error) {
      signal.throwIfAborted()
      return describeError(error)
    }
  }

  /** The topics that have a partition without a leader still when the wait is over. */
  async #awaitLeaders(created: readonly PlannedCreate[], signal: AbortSignal): Promise<ReadonlySet<string>> {
    const { target, clock } = this.#options
    const waiting = new Map(created.map(({ targetTopic, partitions }) => [targetTopic, partitions]))
    const startedMs = clock.monotonicMs()
    while (waiting.size > 0) {
      const { topics } = await target.metadata([...waiting.keys()], signal)
      for (const { name, partitions } of topics) {
        const led = partitions.filter(({ leaderId }) => leaderId >= 0).length
        if (led >= (waiting.get(name) ?? 0)) waiting.delete(name)
      }
      if (waiting.size === 0 || clock.monotonicMs() - startedMs >= LEADERS_WAIT_MS) break
      await sleep(clock, LEADERS_POLL_MS, signal)
    }
    return new Set(waiting.keys())
  }

  async #grow({ targetTopic, from, to }: PlannedGrow, signal: AbortSignal): Promise<void> {
    const { link, target, events } = this.#options
    await target.createPartitions(targetTopic, to, signal).catch((error: unknown) => {
      throw topicFaults.fault('TOPIC_GROW_REFUSED', { targetTopic, partitions: to, why: describeError(error) }, error)
    })
    events.emit('topic:grown', { link, targetTopic, from, to })
  }

  async #configure({ targetTopic, changes }: PlannedConfigure, signal: AbortSignal): Promise<void> {
    const { link, target, events } = this.#options
    const changed = Object.keys(changes)
    await target.alterTopicConfigs(targetTopic, changes, signal).catch((error: unknown) => {
      const facts = { targetTopic, names: changed.join(', '), why: describeError(error) }
      throw topicFaults.fault('TOPIC_CONFIG_REFUSED', facts, error)
    })
    events.emit('topic:configured', { link, targetTopic, changed })
  }

  /** By name, and only while the name stands for the topic that is the copy. */
  async #delete({ topic, targetTopic, targetTopicId, flows }: PendingDeletion, signal: AbortSignal): Promise<void> {
    const { link, target, events } = this.#options
    const { topics } = await target.metadata([targetTopic], signal)
    if (topics.find(({ name }) => name === targetTopic)?.topicId !== targetTopicId) return
    const [outcome] = await target.deleteTopics([targetTopic], signal)
    if (outcome?.errorCode !== 0) {
      const why = `${errorName(outcome?.errorCode ?? -1)}, ${outcome?.message ?? 'no reason given'}`
      throw topicFaults.fault('TOPIC_DELETE_REFUSED', { targetTopic, why })
    }
    events.emit('topic:deleted', { link, topic, targetTopic })
    await this.#options.forget?.(flows, signal)
  }

  #tellPending(pending: readonly PendingDeletion[]): void {
    const { link, events } = this.#options
    const known = new Set(this.#pending.map(({ targetTopicId }) => targetTopicId))
    for (const { topic, targetTopic, targetTopicId, leftMs } of pending) {
      if (known.has(targetTopicId) || leftMs === 0) continue
      events.emit('topic:deletion-pending', { link, topic, targetTopic, leftMs })
    }
    const left = new Set(pending.map(({ targetTopicId }) => targetTopicId))
    for (const { topic, targetTopic, targetTopicId, leftMs } of this.#pending) {
      if (leftMs > 0 && !left.has(targetTopicId)) events.emit('topic:deletion-cancelled', { link, topic, targetTopic })
    }
    this.#pending = pending.filter(({ leftMs }) => leftMs > 0)
  }

  async #each<Step extends { readonly topic: string; readonly targetTopic: string }>(
    steps: readonly Step[],
    take: (step: Step) => Promise<void>,
    signal: AbortSignal,
  ): Promise<Steps> {
    const refusals: TopicRefusal[] = []
    for (const step of steps) {
      try {
        await take(step)
      } catch (error) {
        signal.throwIfAborted()
        refusals.push({ topic: step.topic, targetTopic: step.targetTopic, fault: error as Fault })
      }
    }
    return { done: steps.length - refusals.length, refusals }
  }

  #tell(refusals: readonly TopicRefusal[]): void {
    const { link, events } = this.#options
    const told = new Map<string, string>()
    this.#refusals = refusals
    for (const { topic, fault } of refusals) {
      const key = `${topic} ${fault.code}`
      told.set(key, fault.message)
      if (this.#told.get(key) === fault.message) continue
      events.emit('topic:refused', { link, topic, code: fault.code, reason: fault.message })
    }
    this.#told = told
  }
}

function refuse(
  { topic, targetTopic }: PlannedCreate,
  code: keyof typeof topicFaults.specs,
  facts: Record<string, string | number>,
): TopicRefusal {
  return { topic, targetTopic, fault: topicFaults.fault(code, facts) }
}
