import { type Clock, describeError, type Events, type Random, type RegionName, untilAborted } from '../core/index.ts'
import type { Cluster } from '../kafka/index.ts'
import type { ReplicationEvents } from './events.ts'
import { replicationFaults } from './faults.ts'
import type { Flow } from './flows/flow.ts'
import { Lanes } from './flows/lanes.ts'
import { RawReader } from './flows/raw-reader.ts'
import type { CopiedFlow, FlowKey, MapMemory } from './offset-map/index.ts'
import { TargetIncidents } from './incidents/target-incidents.ts'
import { Quarantine } from './quarantine.ts'
import { RepeatedNews } from './repeated-news.ts'
import { forgetFlows } from './shards/forget-flows.ts'
import type { MemberStatus } from './status.ts'
import type { LinkWork } from './membership/link-work.ts'
import { ShardBoard, type SharingOptions } from './membership/shard-board.ts'
import type { ShardSlot } from './membership/shard-slot.ts'
import {
  ensureMapTopic,
  MAP_TOPIC,
  type MapIndex,
  type MapTopic,
  readMapIndex,
  readShardMap,
} from './shards/map-topic.ts'
import { wasTakenByMove } from './shards/moved.ts'
import { Shard } from './shards/shard.ts'
import { watchMapTopic } from './shards/map-watch.ts'
import { shardOf } from './shards/shard-of.ts'
import { TargetLog } from './shards/target-log.ts'
import { Vigil } from './shards/vigil.ts'
import { TargetWatch } from './target-watch.ts'

const PROVE_AGAIN_MS = 1_000
const FORGET_WITHIN_MS = 30_000

export interface TargetEngineOptions {
  readonly region: RegionName
  readonly cluster: Cluster
  /** Number of shards of a map topic that does not exist yet. */
  readonly shards: number
  readonly memory: MapMemory
  readonly acknowledgeUnfenced: boolean
  readonly processName: string
  /** Undefined: every shard that a flow needs is taken over. */
  readonly sharing: SharingOptions | undefined
  /** What this process does into the target. */
  readonly work: () => LinkWork
  readonly clock: Clock
  readonly random: Random
  readonly events: Events<ReplicationEvents>
  /** A shard was taken over by another replicator: this process has to stop. */
  readonly onLost: (reason: string) => void
}

/** Everything that flows into one target region shares: its shards, produce lanes and readers. */
export class TargetEngine {
  readonly reader: RawReader
  readonly lanes: Lanes
  readonly incidents: TargetIncidents
  readonly quarantine: Quarantine
  readonly #options: TargetEngineOptions
  readonly #controller = new AbortController()
  readonly #flows = new Set<Flow>()
  readonly #copies = new Set<string>()
  /** Topics of which a copy has ended since the index was read. */
  readonly #closed = new Set<string>()
  readonly #news: RepeatedNews
  readonly #log: TargetLog
  readonly #vigil: Vigil
  readonly #watch: TargetWatch
  #watching: Promise<void> | undefined
  #clusterId: string | undefined
  #mapTopic: MapTopic | undefined
  #isWatching = false
  #index: MapIndex | undefined
  readonly #rebuiltListeners = new Set<(reason: string) => void>()
  #board: ShardBoard | undefined

  constructor(options: TargetEngineOptions) {
    this.#options = options
    const { cluster, clock, random } = options
    this.#news = new RepeatedNews(clock)
    this.reader = new RawReader(cluster, { clock, random })
    this.#log = new TargetLog(cluster, clock)
    this.quarantine = new Quarantine(cluster, clock)
    this.#vigil = new Vigil(clock, (stalledMs) => this.#doubtAll(stalledMs))
    this.lanes = new Lanes(cluster, {
      signal: this.#controller.signal,
      beforeRequest: () => this.#vigil.check(),
    })
    const { region } = options
    const readIndex = () => this.#readIndex(this.#controller.signal)
    this.incidents = new TargetIncidents({ region, clock, shards: () => this.#board?.byNumber ?? new Map(), readIndex })
    this.#watch = new TargetWatch({
      target: cluster,
      flows: () => this.#flows,
      clock,
      onCluster: (clusterId) => this.checkCluster(clusterId),
      onError: (error) => this.#tell(0, describeError(error)),
    })
  }

  /** Whether the map names the target topic as a copy: any other is not ours to alter. */
  isCopy(targetTopicId: string): boolean {
    if (this.#copies.has(targetTopicId)) return true
    return !this.#closed.has(targetTopicId) && this.#preparedIndex().targetTopicIds.has(targetTopicId)
  }

  /** Others who share the work hear what this process does, where that has changed. */
  tellWork(): void {
    this.#board?.tellWork()
  }

  /** The flow has a map entry from now on. */
  noteCopy(flow: Flow): void {
    this.#copies.add(flow.spec.targetTopicId)
  }

  /** The flow's copy has ended: its target topic is not ours to alter any more. */
  noteClosed({ spec: { targetTopicId } }: Flow): void {
    this.#copies.delete(targetTopicId)
    this.#closed.add(targetTopicId)
  }

  /** What had been copied before this process started, ended or not. */
  copiesLike(isLike: (key: FlowKey) => boolean): CopiedFlow[] {
    return this.#preparedIndex().flows.filter(({ key }) => isLike(key))
  }

  /**
   * Removes flows from the map; they have to be stopped. Faults: TARGET_NOT_READY where another replicator has a shard
   * of theirs, MAP_...
   */
  async forget(keys: readonly FlowKey[], signal: AbortSignal): Promise<void> {
    const { cluster, clock } = this.#options
    const source = { cluster, reader: this.reader, topic: this.#preparedTopic() }
    const late = new AbortController()
    const timer = clock.setTimer(FORGET_WITHIN_MS, () => late.abort())
    try {
      const both = AbortSignal.any([signal, late.signal])
      await forgetFlows({ source, shardFor: (key) => this.shardFor(key) }, keys, both)
    } catch (error) {
      if (!late.signal.aborted) throw error
      const what = 'the offset map of the flows'
      const reason = `not all of its shards are here within ${FORGET_WITHIN_MS} ms: other replicators may have them`
      throw replicationFaults.fault('TARGET_NOT_READY', { what, target: cluster.name, reason })
    } finally {
      timer.cancel()
    }
  }

  /** Finds or creates the map topic and reads its index. May be called again after it failed. */
  async prepare(signal: AbortSignal): Promise<void> {
    const { cluster, clock, shards } = this.#options
    this.#clusterId ??= (await cluster.metadata([], signal)).clusterId
    this.#mapTopic ??= await ensureMapTopic(cluster, { shards, clock }, signal)
    this.#board ??= this.#makeBoard(this.#mapTopic)
    this.#index ??= await this.#readIndex(signal)
    this.incidents.noteIndex(this.#index)
    this.#vigil.stop()
    this.#vigil.start()
    this.#watching ??= this.#watch.run(this.#controller.signal)
    this.#watchMap()
  }

  /**
   * To be told the id of the target cluster whenever it is heard. One with another id has nothing of what was copied,
   * the map included: everything that was made for the old one ends, and the listeners are told. Fault TARGET_NOT_READY.
   */
  checkCluster(clusterId: string): void {
    if (this.#clusterId === undefined || clusterId === this.#clusterId) return
    const reason = `the cluster is another one: its id is ${clusterId}, it was ${this.#clusterId}`
    this.#copies.clear()
    void this.#board?.abandon(reason)
    this.#clusterId = this.#mapTopic = this.#index = this.#board = undefined
    for (const listener of this.#rebuiltListeners) listener(reason)
    throw replicationFaults.fault('TARGET_NOT_READY', { what: 'the copy', target: this.#options.cluster.name, reason })
  }

  /** Told at once when the target cluster has been exchanged; then `prepare` is to be called again. Returns what ends it. */
  onRebuilt(listener: (reason: string) => void): () => void {
    this.#rebuiltListeners.add(listener)
    return () => this.#rebuiltListeners.delete(listener)
  }

  shardFor(key: FlowKey): ShardSlot {
    return this.#preparedBoard().slot(this.#numberOf(key))
  }

  /** Has this process let go of a shard while somebody else in it takes the shard over. */
  lend<Result>(shard: number, use: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
    return this.#board === undefined ? use() : this.#board.lend(shard, use, signal)
  }

  /** A sentence, where another replicator has the flow. */
  whereabouts(key: FlowKey): string | undefined {
    return this.#board?.whereabouts(this.#numberOf(key))
  }

  /** Whether this process does what is done once for all replicators and hangs on this flow. */
  isOwner(key: FlowKey): boolean {
    return this.#board?.isOwner(this.#numberOf(key)) ?? false
  }

  /** Whether the flow is this process's for the moments to come: for what no fence guards. */
  isVouchedFor(key: FlowKey): boolean {
    return this.#board?.isVouchedFor(this.#numberOf(key)) ?? false
  }

  /** Why no flow can start yet, where that is so. */
  get waiting(): string | undefined {
    return this.#board?.waiting
  }

  /** Why this process gets nothing to copy, where that is so. */
  get differs(): string | undefined {
    return this.#board?.differs
  }

  /** The replicators that share this target. */
  members(): MemberStatus[] {
    return this.#board?.members() ?? []
  }

  register(flow: Flow): void {
    this.#flows.add(flow)
  }

  unregister(flow: Flow): void {
    this.#flows.delete(flow)
  }

  /**
   * After the flows have stopped: hands the shards over and closes the connections. When the signal aborts nothing
   * more is waited for: what is in flight is cut off, and the next owner fences.
   */
  async stop(signal: AbortSignal): Promise<void> {
    this.#vigil.stop()
    const released = this.#board?.stop(signal) ?? Promise.resolve()
    await untilAborted(released, signal)
    this.#controller.abort(new Error('stopped'))
    await this.#watching
    await Promise.all([
      this.lanes[Symbol.asyncDispose](),
      this.#log[Symbol.asyncDispose](),
      this.quarantine[Symbol.asyncDispose](),
      this.reader[Symbol.asyncDispose](),
    ])
    await released
  }

  #readIndex(signal: AbortSignal): Promise<MapIndex> {
    const { cluster, memory } = this.#options
    return readMapIndex({ cluster, reader: this.reader, topic: this.#preparedTopic(), memory }, signal)
  }

  #preparedTopic(): MapTopic {
    if (this.#mapTopic === undefined) throw new Error('the engine is not prepared')
    return this.#mapTopic
  }

  #preparedIndex(): MapIndex {
    if (this.#index === undefined) throw new Error('the engine is not prepared')
    return this.#index
  }

  #preparedBoard(): ShardBoard {
    if (this.#board === undefined) throw new Error('the engine is not prepared')
    return this.#board
  }

  #numberOf(key: FlowKey): number {
    return shardOf(key, this.#mapTopic?.shards ?? 1)
  }

  #makeBoard({ shards }: MapTopic): ShardBoard {
    const { onLost: onFenced, ...options } = this.#options
    const board = new ShardBoard({
      ...options,
      shards,
      onFenced,
      makeShard: (number) => this.#makeShard(number, board),
      wasMoved: (number) => this.#wasMoved(number),
    })
    return board
  }

  #wasMoved(shard: number): Promise<boolean> {
    const { cluster, clock, memory } = this.#options
    const readMap = (signal: AbortSignal) => {
      return readShardMap({ cluster, reader: this.reader, topic: this.#preparedTopic(), memory }, shard, signal)
    }
    return wasTakenByMove({ cluster, clock, readMap }, shard, this.#controller.signal)
  }

  #watchMap(): void {
    if (this.#isWatching) return
    this.#isWatching = true
    const { cluster, clock } = this.#options
    const known = () => this.#preparedTopic()
    // A target that does not answer is told by everything that writes to it.
    const onError = () => undefined
    const onLost = (reason: string, signal: AbortSignal) => this.#moveToNewMap(reason, signal)
    void watchMapTopic({ cluster, clock, known, onError, onLost }, this.#controller.signal)
  }

  /** Every shard is taken over again with an empty map; the flows then do what their policies say. */
  async #moveToNewMap(why: string, signal: AbortSignal): Promise<void> {
    const { cluster, clock, region, events, onLost } = this.#options
    const { topicId, shards } = this.#preparedTopic()
    // One that was succeeded must not take anything back from its successor.
    for (const shard of this.#preparedBoard().shards) await shard.prove(signal)
    const topic = await ensureMapTopic(cluster, { shards, clock }, signal)
    if (topic.topicId === topicId) return
    const reason = `topic ${MAP_TOPIC} is lost: ${why}`
    if (topic.shards !== shards) {
      onLost(`${reason}, with ${topic.shards} partitions instead of ${shards}`)
      return
    }
    this.#mapTopic = topic
    for (const shard of this.#preparedBoard().shards) {
      events.emit('shard:trouble', { target: region, shard: shard.number, reason })
      shard.current?.end({ kind: 'restart', reason })
    }
  }

  #makeShard(number: number, board: ShardBoard): Shard {
    const { cluster, memory, clock, random, acknowledgeUnfenced, processName, region, events } = this.#options
    return new Shard(number, {
      cluster,
      reader: this.reader,
      mapTopic: () => this.#preparedTopic(),
      memory,
      clock,
      random,
      acknowledgeUnfenced,
      log: this.#log,
      processName,
      onOwned: (shard, { identity, fenced }, tookMs) =>
        events.emit('shard:owned', { target: region, shard, ...identity, fenced, tookMs }),
      onTrouble: (shard, error) => this.#tell(shard, describeError(error)),
      onLost: (shard, reason) => {
        events.emit('shard:lost', { target: region, shard, code: 'SHARD_FENCED', reason })
        board.noteLost(shard, reason)
      },
      onHandedOver: (shard) => events.emit('shard:handed-over', { target: region, shard }),
      untilAllowed: (signal) => board.untilAllowed(number, signal),
    })
  }

  #tell(shard: number, reason: string): void {
    const { region, events } = this.#options
    if (this.#news.isNews(String(shard), reason)) events.emit('shard:trouble', { target: region, shard, reason })
  }

  /** Holds everything back until each shard's ownership is confirmed. */
  #doubtAll(stalledMs: number): void {
    const { events, region } = this.#options
    const reason = `this process did not run for ${Math.round(stalledMs)} ms: proving that the shards are still its own`
    this.#board?.lookAtOnce()
    for (const shard of this.#board?.shards ?? []) {
      if (shard.current === undefined) continue
      shard.current.doubt()
      events.emit('shard:trouble', { target: region, shard: shard.number, reason })
      void this.#prove(shard)
    }
  }

  async #prove(shard: Shard): Promise<void> {
    try {
      await shard.prove(this.#controller.signal)
    } catch (error) {
      // To take over anew would fence whoever took over meanwhile: the coordinator is asked until it answers.
      if (this.#controller.signal.aborted) return
      const { clock } = this.#options
      this.#tell(shard.number, describeError(error))
      clock.setTimer(PROVE_AGAIN_MS, () => void this.#prove(shard), { keepAlive: false })
      return
    }
    for (const flow of this.#flows) flow.wake()
  }
}
