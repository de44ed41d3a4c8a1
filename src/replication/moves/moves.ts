import type { Events, RegionName } from '../../core/index.ts'
import type { Cluster, TopicPartition } from '../../kafka/index.ts'
import type { ReplicationEvents } from '../events.ts'
import { replicationFaults } from '../faults.ts'
import { describeIncident } from '../incidents/incident-status.ts'
import type { LinkSpec } from '../link-options.ts'
import type { IncidentStatus } from '../status.ts'
import type { CopiedFlow, FlowMap } from '../offset-map/index.ts'
import { TargetLog } from '../shards/target-log.ts'
import { compileSelection, type Selection } from '../topics/selection.ts'
import { closeCopies, type Closing } from './close-copies.ts'
import { type Cutting, type CutPartition, cutPartitions, findLeaks, type Leak, type PartitionCut } from './cut.ts'
import { eachOf } from './each-of.ts'
import { flowKeyOf } from './flow-key-of.ts'
import { type PartitionEnds, readEnds } from './ends.ts'
import { PositionFollower } from './follow-positions.ts'
import {
  type CopyProgress,
  type CopySightContext,
  type DrainStatus,
  type Goal,
  progressOf,
  proveCopies,
} from './look-at-copies.ts'
import { textOf } from './partition-text.ts'
import { type Permit, permitted } from './permitted.ts'
import { PositionsAtCut, type PositionsAtCutOptions, readCopyEnds } from './positions-at-cut.ts'
import {
  applyConfigs,
  recordConfigs,
  type RecordedConfigs,
  type RefusedConfigs,
  validateConfigs,
} from './promotion-configs.ts'
import type { MovedLink, MovesOptions } from './moves-options.ts'
import { ReturnedLogs } from './returned-logs.ts'
import type { ShardContext } from './under-shard.ts'
import { Salvage } from './salvage.ts'
import { SilentSources } from './silent-sources.ts'
import { type SettleRequest, type Settling, settleTransactions } from './settle.ts'

export interface CloseOptions {
  readonly isPromotion: boolean
  readonly markers: 'always' | 'where-needed'
  /** Where the source was cut and its end proved to be on the target. */
  readonly proofs?: readonly ProvedEnd[]
  /** A copy without a proof is waited for, or ends as far as it got: what the source has beyond it is lost. */
  readonly unproved: 'wait' | 'end'
  /** Only these topics of the source. @defaultValue all */
  readonly onlyTopics?: ReadonlySet<string>
  readonly by: string
}

/** A partition of the source that is on the target as a whole: small enough for a document. */
export interface ProvedEnd extends TopicPartition {
  /** Of the source's log, behind its cut. */
  readonly sourceEnd: number
  /** Just behind the last record on the target. */
  readonly copiedTo: number
}

/** What `close` has to be given for a link that was cut and proved; partitions that are not proved are left out. */
export function provedEnds(
  ends: readonly (TopicPartition & { readonly end: number })[],
  proofs: readonly DrainStatus[],
): ProvedEnd[] {
  const byPartition = new Map(proofs.map((one) => [textOf(one), one]))
  return ends.flatMap(({ topic, partition, end: sourceEnd }) => {
    const proof = byPartition.get(textOf({ topic, partition }))
    if (proof?.copied === undefined || proof.reason !== undefined) return []
    return [{ topic, partition, sourceEnd, copiedTo: proof.copied.target }]
  })
}

const AT_ONCE = 32

/**
 * What the steps of a move do on logs, one method a step, each of which may be repeated. Nothing here decides whether a
 * move may go on; waiting is an answer, not an error.
 */
export class Moves implements AsyncDisposable {
  readonly #options: MovesOptions
  readonly #logs = new Map<RegionName, TargetLog>()
  readonly #silent: SilentSources
  #returned: ReturnedLogs | undefined
  #salvage: Salvage | undefined

  constructor(options: MovesOptions) {
    this.#options = options
    this.#silent = options.silent ?? new SilentSources(options.clock)
  }

  /** What is done to the logs of a region that comes back from having been lost. */
  get returned(): ReturnedLogs {
    this.#returned ??= new ReturnedLogs(this.#options, {
      partitionsOf: (...args) => this.partitions(...args),
      shardsOf: (...args) => this.#shardsOf(...args),
    })
    return this.#returned
  }

  /** What becomes of records that only such a region has. */
  get salvage(): Salvage {
    this.#salvage ??= new Salvage({ ...this.#options, logOf: (region) => this.#logOf(region) })
    return this.#salvage
  }

  /** The same, for one who may lose the right to change anything: asked right before every call that does. To be disposed of. */
  permitted(permit: Permit): Moves {
    const clusters = [...this.#options.clusters].map(
      ([region, cluster]) => [region, permitted(cluster, permit)] as const,
    )
    return new Moves({ ...this.#options, clusters: new Map(clusters), silent: this.#silent })
  }

  /** Every partition of the selected topics of a region. */
  async partitions(region: RegionName, topics: Selection, signal: AbortSignal): Promise<CutPartition[]> {
    const isSelected = compileSelection(topics)
    const { topics: all } = await this.#cluster(region).metadata('all', signal)
    return all
      .filter(({ name, isInternal, errorCode }) => errorCode === 0 && !isInternal && isSelected(name))
      .flatMap(({ name: topic, topicId, partitions }) => {
        return partitions.map(({ partition }) => ({ topic, topicId, partition }))
      })
  }

  /** Ends the transactions that are open on partitions behind a fence; hanging ones only with a memory of them. */
  settle(
    region: RegionName,
    request: Pick<SettleRequest, 'partitions' | 'withinMs' | 'memory'>,
    signal: AbortSignal,
  ): Promise<Settling> {
    const { clock, atlas } = this.#options
    const reader = atlas.reader(region)
    return settleTransactions({ ...request, cluster: this.#cluster(region), clock, reader }, signal)
  }

  /** Cuts partitions that are fenced and settled. `name`: of the failover group. */
  cut(
    region: RegionName,
    request: { readonly name: string; readonly partitions: readonly CutPartition[]; readonly withinMs: number },
    signal: AbortSignal,
  ): Promise<Cutting> {
    const { clock, atlas } = this.#options
    const { name, partitions, withinMs } = request
    const transactionalId = `__isthmus.cut.${name}`
    const where = { cluster: this.#cluster(region), reader: atlas.reader(region) }
    return cutPartitions({ ...where, partitions, transactionalId, withinMs, clock }, signal)
  }

  ends(region: RegionName, partitions: readonly TopicPartition[], signal: AbortSignal): Promise<PartitionEnds[]> {
    return readEnds(this.#cluster(region), partitions, signal)
  }

  /** Partitions that somebody has written to since they were cut: to be asked right before the commit. */
  async leaks(region: RegionName, cuts: readonly PartitionCut[], signal: AbortSignal): Promise<Leak[]> {
    return findLeaks(cuts, await this.ends(region, cuts, signal))
  }

  /** What the flows say; of those that are elsewhere, the logs. */
  async drain(link: MovedLink, cuts: readonly Goal[], signal: AbortSignal): Promise<DrainStatus[]> {
    const told = new Map<string, DrainStatus>()
    const untold: Goal[] = []
    for (const one of cuts) {
      const flow = this.#options.flowOf(flowKeyOf(link, one))
      const { topic, partition, cut } = one
      if (flow?.sourceDone == null || flow.tenure?.signal.aborted !== false) untold.push(one)
      else {
        const leftOffsets = Math.max(0, cut - flow.sourceDone)
        const reason = leftOffsets === 0 ? undefined : `${leftOffsets} offsets up to the cut: ${flow.reason}`
        const copied = { source: flow.sourceDone, target: flow.targetDone ?? 0 }
        told.set(textOf(one), { topic, partition, leftOffsets, reason, copied })
      }
    }
    for (const one of await this.prove(link, untold, signal)) told.set(textOf(one), one)
    return cuts.flatMap((one) => told.get(textOf(one)) ?? [])
  }

  /** Whether everything below the cuts is on the target, told by the logs alone. Fault FLOW_DIVERGED. */
  async prove(link: MovedLink, cuts: readonly Goal[], signal: AbortSignal): Promise<DrainStatus[]> {
    if (cuts.length === 0) return []
    const copies = await this.#copiesOf(link, signal)
    return proveCopies(this.#sightOf(link), link, { copies, goals: cuts }, signal)
  }

  /**
   * How far the copies of a link have got, also where their source does not answer any more: one that has just been found
   * silent, here or by the caller, is not waited for.
   */
  async progress(
    link: MovedLink,
    signal: AbortSignal,
    { isSourceSilent = false }: { readonly isSourceSilent?: boolean } = {},
  ): Promise<CopyProgress[]> {
    const { source } = link
    const isRemembered = this.#silent.has(source)
    const silence = { isSilent: isSourceSilent || isRemembered }
    const copies = await this.#copiesOf(link, signal)
    const progress = await progressOf(this.#sightOf(link, silence), link, copies.values(), signal)
    if (silence.isSilent && !isRemembered) this.#silent.note(source)
    return progress
  }

  /**
   * Ends the copies of a link, each behind a fence; see `close-copies.ts`. The link itself is to be stopped before, where
   * this process runs it: else its flows stop with FLOW_CLOSED.
   *
   * Faults: FLOW_DIVERGED, FLOW_MAP_CONTRADICTS, FLOW_TURN_REFUSED, SHARD_UNFENCED.
   */
  async close(link: MovedLink, options: CloseOptions, signal: AbortSignal): Promise<Closing> {
    const { ledgers } = this.#options
    const region = link.target
    const { proofs = [], onlyTopics, ...request } = options
    const all = [...(await this.#copiesOf(link, signal)).values()]
    const copies = all.filter((copy) => {
      return (onlyTopics?.has(copy.key.topic) ?? true) && !isSuperseded(copy, ledgers.get(region)?.flows() ?? [])
    })
    const context = this.#shardsOf(region, signal)
    if (context === undefined || copies.length === 0) return { closed: [], waiting: [] }
    const byPartition = new Map(proofs.map((one) => [textOf(one), one]))
    return closeCopies(context, { ...request, copies, proofs: byPartition }, signal)
  }

  /**
   * The positions of a link's groups, once its source is cut and drained: whichever process runs the link, which has
   * time for `patienceMs` to bring them over. `hurry` resolves when the link has done so as far as this process runs it.
   */
  async positionsAtCut(
    link: LinkSpec,
    holder: Pick<PositionsAtCutOptions, 'patienceMs' | 'hurry'>,
    signal: AbortSignal,
  ): Promise<PositionsAtCut> {
    const { clock } = this.#options
    const context = this.#sightOf(link)
    const copies = await readCopyEnds(context, link, (await this.#copiesOf(link, signal)).values(), signal)
    const clusters = { source: this.#cluster(link.source), target: this.#cluster(link.target) }
    return new PositionsAtCut({ link, ...clusters, copies, ...holder, clock })
  }

  /** Begins to follow the positions of groups that have not moved yet; to be disposed of when they have. */
  async followPositions(
    link: LinkSpec,
    { everyMs, events }: { readonly everyMs: number; readonly events: Events<ReplicationEvents> },
    signal: AbortSignal,
  ): Promise<PositionFollower> {
    const { atlas, clock } = this.#options
    const ended = [...(await this.#copiesOf(link, signal)).values()].filter(({ closedAt }) => closedAt !== undefined)
    const copies: { flow: CopiedFlow; map: FlowMap }[] = []
    await eachOf(ended, AT_ONCE, async (flow) => {
      const map = await atlas.flowMap({ region: link.target, flow }, signal)
      if (map !== undefined) copies.push({ flow, map })
    })
    const clusters = { source: this.#cluster(link.source), target: this.#cluster(link.target) }
    return new PositionFollower({ link, ...clusters, copies, everyMs, clock, events })
  }

  /** What was lost on the way, or is not what it was, whichever processes have the shards; read without a fence. */
  async incidents({ source, target }: MovedLink, signal: AbortSignal): Promise<IncidentStatus[]> {
    const entries = await this.#options.atlas.incidents(target, signal)
    return entries.filter(({ flow }) => flow.source === source).map((entry) => describeIncident(entry, target))
  }

  /** What the promotion of a link's target will put in force; to be recorded before anything is fenced. */
  async recordConfigs(link: MovedLink, signal: AbortSignal): Promise<RecordedConfigs[]> {
    const names = new Set((await this.partitions(link.source, link.topics, signal)).map(({ topic }) => topic))
    const pairs = [...names].map((topic) => ({
      topic,
      targetTopic: flowKeyOf(link, { topic, partition: 0 }).targetTopic,
    }))
    return recordConfigs({ source: this.#cluster(link.source), target: this.#cluster(link.target) }, pairs, signal)
  }

  validateConfigs(
    region: RegionName,
    recorded: readonly RecordedConfigs[],
    signal: AbortSignal,
  ): Promise<RefusedConfigs[]> {
    return validateConfigs(this.#cluster(region), recorded, signal)
  }

  applyConfigs(
    region: RegionName,
    recorded: readonly RecordedConfigs[],
    signal: AbortSignal,
  ): Promise<RefusedConfigs[]> {
    return applyConfigs(this.#cluster(region), recorded, signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#logs.values()].map((log) => log[Symbol.asyncDispose]()))
  }

  /** By source topic and partition, as the target's map has them now. */
  async #copiesOf(link: MovedLink, signal: AbortSignal): Promise<ReadonlyMap<string, CopiedFlow>> {
    const { atlas, ledgers } = this.#options
    await atlas.refresh(link.target, signal)
    const isSelected = compileSelection(link.topics)
    const isOwn = ({ key }: CopiedFlow) => {
      if (key.source !== link.source || !isSelected(key.topic)) return false
      return flowKeyOf(link, key).targetTopic === key.targetTopic
    }
    const flows = ledgers.get(link.target)?.flows().filter(isOwn) ?? []
    return new Map(flows.map((flow) => [textOf(flow.key), flow]))
  }

  /** Undefined where the region has no map. */
  #shardsOf(region: RegionName, signal: AbortSignal): ShardContext | undefined {
    const { ledgers, atlas, memory, acknowledgeUnfenced, clock, random } = this.#options
    const mapTopic = ledgers.get(region)?.mapTopic
    return (
      mapTopic && {
        memory,
        acknowledgeUnfenced,
        clock,
        random,
        mapTopic,
        cluster: this.#cluster(region),
        reader: atlas.reader(region),
        log: this.#logOf(region),
        lend: <Result>(shard: number, use: () => Promise<Result>) => this.#options.lend(region, shard, use, signal),
      }
    )
  }

  #sightOf({ source, target }: MovedLink, silence = { isSilent: false }): CopySightContext {
    const { atlas, ledgers, clock } = this.#options
    const readers = { sourceReader: atlas.reader(source), targetReader: atlas.reader(target) }
    const clusters = { source: this.#cluster(source), target: this.#cluster(target) }
    const proof = { ...clusters, ...readers, clock, silence }
    return { atlas, ledger: ledgers.get(target), proof }
  }

  #logOf(region: RegionName): TargetLog {
    const known = this.#logs.get(region)
    if (known !== undefined) return known
    const log = new TargetLog(this.#cluster(region), this.#options.clock)
    this.#logs.set(region, log)
    return log
  }

  #cluster(region: RegionName): Cluster {
    const cluster = this.#options.clusters.get(region)
    if (cluster === undefined) throw replicationFaults.fault('REGION_UNKNOWN', { region })
    return cluster
  }
}

/** It has ended, and another copy went on in its target. */
function isSuperseded({ closedAt, key, targetTopicId }: CopiedFlow, copies: readonly CopiedFlow[]): boolean {
  if (closedAt === undefined) return false
  return copies.some((other) => {
    const isThere = other.targetTopicId === targetTopicId && other.key.partition === key.partition
    return isThere && (other.closedAt === undefined || other.closedAt.target > closedAt.target)
  })
}
