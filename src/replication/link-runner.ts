import { describeError, retry } from '../core/index.ts'
import type { LinkBandwidth } from './bandwidth.ts'
import { createFlowContext, type LinkFlowContext, withFlow } from './flow-context.ts'
import { FetchPool } from './flows/fetch-pool.ts'
import { Flow } from './flows/flow.ts'
import { type FlowRunnerContext, runFlow } from './flows/flow-runner.ts'
import { FormerCopies } from './flows/former-copies.ts'
import { Sieve, type SieveOptions } from './flows/sieve.ts'
import { RawReader } from './flows/raw-reader.ts'
import { Releases } from './flows/releases.ts'
import { FlowTranslator } from './flows/translate.ts'
import { IncidentLog } from './incidents/incident-log.ts'
import type { LinkRunnerOptions, LinkSpec } from './link-options.ts'
import { LinkGate, type LinkPause } from './link-pauses.ts'
import { LogStartFollower } from './log-start-follower.ts'
import { type CopiedFlow, type FlowKey, flowKeyText } from './offset-map/index.ts'
import { RepeatedNews } from './repeated-news.ts'
import { PositionSync } from './positions/position-sync.ts'
import { sieveOptionsOf } from './sieve-of.ts'
import { topicSyncOf } from './topic-sync-of.ts'
import type { FlowSpec as TopicFlow } from './topics/plan-topics.ts'
import { compileSelection, renameTopic } from './topics/selection.ts'
import type { TopicSync } from './topics/topic-sync.ts'
import { TransactionWatch } from './transactions/transaction-watch.ts'

const HELD_BACK_MS = 60_000

interface RunningFlow {
  readonly flow: Flow
  readonly topic: TopicFlow
  readonly stop: AbortController
  readonly ended: Promise<void>
}

/** From the first answer of both clusters until the target is another cluster. */
interface Round {
  readonly sourceClusterId: string
  readonly signal: AbortSignal
}

/**
 * One link: keeps its topics, flows, log starts and consumer positions going until it is stopped. Whatever fails is
 * tried again; a flow that must not go on stops alone.
 */
export class LinkRunner {
  readonly spec: LinkSpec
  readonly #options: LinkRunnerOptions
  readonly #controller = new AbortController()
  readonly #flows = new Map<string, RunningFlow>()
  /** Flows that are no longer wanted and still settle: what is made again under their key waits for them. */
  readonly #leaving = new Map<string, Promise<void>>()
  readonly #sourceReader: RawReader
  readonly #fetches: FetchPool
  readonly #positions: PositionSync
  readonly #translator: FlowTranslator
  /** Who holds back the source's last stable offsets. */
  readonly transactions: TransactionWatch
  readonly #news: RepeatedNews
  readonly #incidents: IncidentLog
  readonly #releases = new Releases()
  readonly #sieve: SieveOptions
  readonly #flowContext: LinkFlowContext
  readonly #former = new FormerCopies()
  readonly #gate: LinkGate
  readonly #isSelected: (topic: string) => boolean
  /** Every copy that this link has made and that has not ended, by its key. */
  readonly #copied = new Map<string, CopiedFlow>()
  /** Those that the last pass over the topics listed. */
  #wanted: readonly TopicFlow[] = []
  #topics: TopicSync
  #hasCopiedBefore = false
  /** The copies that are noted are those of a target cluster that is gone. */
  #isRebuilt = false
  #running: Promise<void> | undefined
  #state: 'starting' | 'running' | 'stopped' = 'starting'
  #reason = 'starting'

  constructor(options: LinkRunnerOptions) {
    const { spec, source, clock, random, events, budget, bandwidth } = options
    this.spec = spec
    this.#options = options
    this.#news = new RepeatedNews(options.clock)
    this.#incidents = new IncidentLog({ link: spec.name, clock, events })
    this.#gate = new LinkGate({ ...options, link: spec.name, target: spec.target })
    this.#isSelected = compileSelection(spec.topics)
    this.#topics = this.#createTopicSync({ sourceClusterId: '', signal: this.#controller.signal })
    this.#sourceReader = new RawReader(source, { clock, random })
    const onTrouble = (reason: string) => this.#emitError('fetching from the source', new Error(reason))
    this.#fetches = new FetchPool(
      { cluster: source, budget, bandwidth, clock, random, onTrouble },
      this.#controller.signal,
    )
    this.#sieve = sieveOptionsOf({ ...options, incidents: this.#incidents })
    this.#flowContext = createFlowContext(options, {
      sourceReader: this.#sourceReader,
      incidents: this.#incidents,
      releases: this.#releases,
      news: this.#news,
      onRunning: (flow) => this.#onRunning(flow),
      onClosed: (flow) => this.#noteClosed(flow),
    })
    this.#translator = new FlowTranslator((topic, partition) => this.flow(topic, partition))
    this.transactions = new TransactionWatch({
      link: spec.name,
      source,
      flows: () => this.flows().filter(({ spec: { key } }) => options.engine.whereabouts(key) === undefined),
      afterMs: options.heldBackMs ?? HELD_BACK_MS,
      clock,
      events,
    })
    this.#positions = new PositionSync({
      link: spec.name,
      source,
      target: options.target,
      selection: spec.groups,
      isStandby: spec.isStandby ?? false,
      targetTopicOf: (topic, partition) => this.#targetTopicOf(topic, partition),
      translator: this.#translator,
      mayWrite: ({ topic, targetTopic, partition }) =>
        options.engine.isVouchedFor({ source: spec.source, topic, targetTopic, partition }),
      everyMs: options.positionSyncMs,
      ...(options.groupDeletionGraceMs !== undefined && { deletionGraceMs: options.groupDeletionGraceMs }),
      clock,
      events,
    })
  }

  get state(): 'starting' | 'running' | 'stopped' {
    return this.#state
  }

  get reason(): string {
    return this.#reason
  }

  get pause(): LinkPause | undefined {
    return this.#gate.pause
  }

  get bandwidth(): LinkBandwidth {
    return this.#options.bandwidth
  }

  get topics(): TopicSync {
    return this.#topics
  }

  get positions(): PositionSync {
    return this.#positions
  }

  get translator(): FlowTranslator {
    return this.#translator
  }

  flows(): Flow[] {
    return [...this.#flows.values()].map(({ flow }) => flow)
  }

  flow(topic: string, partition: number): Flow | undefined {
    const { source } = this.spec
    const targetTopic = renameTopic(this.spec.rename, { source, topic })
    return this.#flows.get(flowKeyText({ source, topic, targetTopic, partition }))?.flow
  }

  /** Lets a stopped flow try again. */
  release(key: FlowKey): void {
    if (this.isOwn(key)) this.#releases.release(key)
  }

  start(): void {
    this.#running ??= this.#run(this.#controller.signal)
  }

  /** Stops fetching, drops what is queued, waits for what is in flight. */
  async stop(reason: unknown): Promise<void> {
    this.#controller.abort(reason)
    // First of all, so that nobody waits for a source that no longer answers.
    await this.#sourceReader[Symbol.asyncDispose]()
    await this.#running
    await Promise.all([...this.#flows.values()].map(({ ended }) => ended))
    await Promise.all(this.#leaving.values())
    await this.#fetches.untilEnded()
    this.#state = 'stopped'
    this.#reason = describeError(reason)
  }

  async #run(signal: AbortSignal): Promise<void> {
    let round = new AbortController()
    const forget = this.#options.engine.onRebuilt((reason) => {
      this.#isRebuilt = true
      this.#emitError('copying', new Error(reason))
      round.abort(new Error(reason))
    })
    for (;;) {
      const sourceClusterId = await this.#prepare(signal)
      if (sourceClusterId === undefined) break
      round = new AbortController()
      await this.#copy(sourceClusterId, round, AbortSignal.any([signal, round.signal]))
      if (signal.aborted) break
      await this.#leaveAll(round.signal.reason)
    }
    forget()
  }

  async #copy(sourceClusterId: string, round: AbortController, signal: AbortSignal): Promise<void> {
    const { target, events, clock, spec } = this.#options
    this.#topics = this.#createTopicSync({ sourceClusterId, signal })
    // One listener for all of them: signals made of others cost thousands of flows dearly.
    const stopFlows = () => this.#flows.forEach(({ stop }) => stop.abort(signal.reason))
    signal.addEventListener('abort', stopFlows, { once: true })
    const logStarts = new LogStartFollower({
      link: spec.name,
      target,
      flows: () => this.#flows.values(),
      clock,
      events,
    })
    const gate = { run: () => this.#gate.watch(signal, (reason) => round.abort(new Error(reason))) }
    const loops = [gate, this.#topics, this.#positions, logStarts, this.transactions]
    await Promise.all(loops.map((loop) => loop.run(signal)))
  }

  #createTopicSync(round: Round): TopicSync {
    return topicSyncOf(this.#options, {
      onUnreadable: (error) => this.#emitError('looking for copies that would come back', error),
      copies: () => [...this.#copied.values()],
      forget: (flows, signal) => this.#forget(flows, signal),
      onFlows: (flows) => {
        if (!round.signal.aborted) this.#keepFlows(flows, round)
      },
    })
  }

  async #forget(flows: readonly CopiedFlow[], signal: AbortSignal): Promise<void> {
    // Those of other replicators stay in the map, where they say of a topic that is gone what it was a copy of.
    const keys = flows.map(({ key }) => key).filter((key) => this.#options.engine.isOwner(key))
    for (const key of keys) await this.#leaving.get(flowKeyText(key))
    await this.#options.engine.forget(keys, signal)
    for (const key of keys) this.#copied.delete(flowKeyText(key))
  }

  /** The link is paused, or its target cluster has been exchanged. */
  async #leaveAll(why: unknown): Promise<void> {
    this.#state = 'starting'
    this.#reason = describeError(why)
    // What is made while it is paused is no topic of the first start.
    this.#hasCopiedBefore ||= this.#copied.size > 0
    for (const [text, running] of this.#flows) this.#leave(text, running, why)
    await Promise.all(this.#leaving.values())
  }

  /** Both clusters have to answer once before anything can start; until then it is tried again. */
  async #prepare(signal: AbortSignal): Promise<string | undefined> {
    const { source, clock, random, engine } = this.#options
    const delays = { firstMs: 500, mostMs: 5_000 }
    const onRetry = (error: unknown) => {
      this.#reason = `waiting: ${describeError(error)}`
      this.#emitError('starting', error)
    }
    try {
      return await retry(
        async () => {
          await this.#gate.untilOpen(signal)
          if (this.#isRebuilt) {
            this.#isRebuilt = false
            this.#hasCopiedBefore = true
            this.#copied.clear()
          }
          await engine.prepare(signal)
          const before = engine.copiesLike((key) => this.isOwn(key))
          for (const flow of before) if (flow.closedAt === undefined) this.#noteCopied(flow)
          this.#hasCopiedBefore ||= before.length > 0
          return (await source.metadata([], signal)).clusterId
        },
        { deadlineMs: Number.MAX_SAFE_INTEGER, delaysFor: () => delays, onRetry },
        { clock, random, signal },
      )
    } catch (error) {
      if (!signal.aborted) throw error
      return undefined
    }
  }

  /** Starts flows that are new, ends those that are gone, and begins anew where a topic got another id. */
  #keepFlows(wanted: readonly TopicFlow[], round: Round): void {
    if (this.#state === 'running' && isSameList(wanted, this.#wanted)) return
    this.#wanted = wanted
    const { sourceClusterId } = round
    const wantedKeys = new Set<string>()
    for (const topic of wanted) {
      const key = {
        source: this.spec.source,
        topic: topic.topic,
        targetTopic: topic.targetTopic,
        partition: topic.partition,
      }
      const text = flowKeyText(key)
      wantedKeys.add(text)
      const known = this.#flows.get(text)
      if (known !== undefined) {
        const { sourceTopicId, targetTopicId } = known.flow.spec
        if (sourceTopicId === topic.sourceTopicId && targetTopicId === topic.targetTopicId) continue
        known.stop.abort(new Error('the topic has another id now'))
        this.#former.remember(known.flow)
      }
      const { sourceTopicId, targetTopicId } = topic
      const spec = { key, sourceTopicId, targetTopicId, sourceClusterId }
      const flow = new Flow(spec, { ...this.#options, sieve: new Sieve(this.#sieve, spec) })
      this.#flows.set(text, this.#startFlow(flow, topic, known?.ended ?? this.#leaving.get(text)))
    }
    for (const [text, running] of this.#flows) {
      if (!wantedKeys.has(text)) this.#leave(text, running, new Error('the topic is no longer copied'))
    }
    if (this.#state === 'starting') {
      this.#state = 'running'
      this.#reason = 'running'
      const { name: link, source, target } = this.spec
      this.#options.events.emit('link:started', { link, source, target, flows: this.#flows.size })
    }
  }

  #leave(text: string, { flow, stop, ended }: RunningFlow, reason: unknown): void {
    stop.abort(reason)
    this.#flows.delete(text)
    this.#former.remember(flow)
    this.#leaving.set(text, ended)
    void ended.finally(() => {
      if (this.#leaving.get(text) === ended) this.#leaving.delete(text)
    })
  }

  #startFlow(flow: Flow, topic: TopicFlow, predecessor: Promise<void> | undefined): RunningFlow {
    const { engine } = this.#options
    const stop = new AbortController()
    const leave = () => {
      engine.unregister(flow)
      this.#fetches.remove(flow)
    }
    const run = async () => {
      await predecessor
      if (stop.signal.aborted) return
      engine.register(flow)
      // Not awaited here: what waits is kept for each flow.
      return runFlow(flow, this.#contextOf(flow, topic), stop.signal).then(leave)
    }
    return { flow, topic, stop, ended: run() }
  }

  #contextOf(flow: Flow, topic: TopicFlow): FlowRunnerContext {
    const { key } = flow.spec
    const isFirstStart = !topic.isNewTopic && !this.#hasCopiedBefore
    return withFlow(this.#flowContext, {
      former: this.#former.of(key),
      firstStart: isFirstStart ? this.spec.start : 'earliest',
      shard: this.#options.engine.shardFor(key),
    })
  }

  #onRunning(flow: Flow): void {
    this.#options.engine.noteCopy(flow)
    this.#noteCopied(flow.spec)
    this.#former.forget(flow.spec.key)
    this.#fetches.add(flow)
  }

  #noteClosed(flow: Flow): void {
    this.#copied.delete(flowKeyText(flow.spec.key))
    this.#options.engine.noteClosed(flow)
  }

  #noteCopied(flow: CopiedFlow): void {
    this.#copied.set(flowKeyText(flow.key), flow)
  }

  /** A flow that this link would copy. */
  isOwn({ source, topic, targetTopic }: FlowKey): boolean {
    if (source !== this.spec.source || !this.#isSelected(topic)) return false
    return renameTopic(this.spec.rename, { source, topic }) === targetTopic
  }

  /** Also of a partition without a flow, for what is told of it; not of one that another replicator has. */
  #targetTopicOf(topic: string, partition: number): string | undefined {
    const { engine } = this.#options
    const flow = this.flow(topic, partition) ?? this.flow(topic, 0)
    return flow === undefined || engine.whereabouts({ ...flow.spec.key, partition }) !== undefined
      ? undefined
      : flow.spec.key.targetTopic
  }

  #emitError(what: string, error: unknown): void {
    if (this.#controller.signal.aborted || !this.#news.isNews(what, describeError(error))) return
    this.#options.events.emit('link:error', { link: this.spec.name, what, error })
  }
}

function isSameList<Item>(one: readonly Item[], other: readonly Item[]): boolean {
  return one.length === other.length && one.every((item, index) => item === other[index])
}
