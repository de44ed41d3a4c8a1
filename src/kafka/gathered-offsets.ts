import { Gather, isFault, withSignal } from '../core/index.ts'
import type { BrokerCalls } from './broker-calls.ts'
import type { EpochEnd, EpochQuery, ListedOffset, ListOffsetsQuery, TopicPartition } from './cluster.ts'
import type { ClusterView } from './cluster-view.ts'
import { isRetriableCode } from './errors.ts'
import { listOffsetsApi } from './wire/list-offsets.ts'
import { offsetForLeaderEpochApi } from './wire/offset-for-leader-epoch.ts'

type OffsetQuery = ListOffsetsQuery['partitions'][number]

/** Bound of one request; a broker looks its partitions up one after the other. */
const ITEMS_MAX = 1_000

/**
 * The first try of calls about a single partition, gathered over all callers: thousands of flows that start at once ask
 * the same of the same brokers. Where the answer is not final the caller goes on by itself, so that a sick partition
 * holds up nobody else.
 */
export class GatheredOffsets {
  readonly #calls: BrokerCalls
  readonly #view: ClusterView
  readonly #lifetime: AbortSignal
  readonly #offsets = new Map<string, Gather<OffsetQuery, ListedOffset | undefined>>()
  readonly #epochs = new Map<number, Gather<EpochQuery, EpochEnd | undefined>>()

  constructor(context: { calls: BrokerCalls; view: ClusterView; lifetime: AbortSignal }) {
    this.#calls = context.calls
    this.#view = context.view
    this.#lifetime = context.lifetime
  }

  /** Undefined where it has to be asked again. */
  async list(
    query: Pick<ListOffsetsQuery, 'isolation' | 'replicaId'>,
    item: OffsetQuery,
    signal: AbortSignal,
  ): Promise<ListedOffset | undefined> {
    const nodeId = this.#view.leaderOf(item.topic, item.partition)?.leaderId
    if (nodeId === undefined) return undefined
    const { isolation, replicaId = -1 } = query
    const lane = laneOf(this.#offsets, `${nodeId} ${isolation} ${replicaId}`, (partitions) =>
      this.#calls.callNode(nodeId, listOffsetsApi, { isolation, replicaId, partitions }, this.#lifetime),
    )
    return unlessRetriable(lane.ask(item), signal)
  }

  /** Undefined where it has to be asked again. */
  async epochEnd(item: EpochQuery, signal: AbortSignal): Promise<EpochEnd | undefined> {
    const nodeId = this.#view.leaderOf(item.topic, item.partition)?.leaderId
    if (nodeId === undefined) return undefined
    const lane = laneOf(this.#epochs, nodeId, (items) =>
      this.#calls.callNode(nodeId, offsetForLeaderEpochApi, items, this.#lifetime),
    )
    return unlessRetriable(lane.ask(item), signal)
  }
}

function laneOf<Key, Item extends TopicPartition, Outcome extends TopicPartition>(
  lanes: Map<Key, Gather<Item, Outcome | undefined>>,
  key: Key,
  call: (items: readonly Item[]) => Promise<readonly Outcome[]>,
): Gather<Item, Outcome | undefined> {
  const known = lanes.get(key)
  if (known !== undefined) return known
  const lane = new Gather<Item, Outcome | undefined>({
    itemsMax: ITEMS_MAX,
    keyOf: keyOfPartition,
    async send(items) {
      const outcomes = new Map((await call(items)).map((outcome) => [keyOfPartition(outcome), outcome]))
      return items.map((item) => outcomes.get(keyOfPartition(item)))
    },
  })
  lanes.set(key, lane)
  return lane
}

async function unlessRetriable<Outcome extends { readonly errorCode: number }>(
  asking: Promise<Outcome | undefined>,
  signal: AbortSignal,
): Promise<Outcome | undefined> {
  try {
    const outcome = await withSignal(asking, signal)
    return outcome === undefined || isRetriableCode(outcome.errorCode) ? undefined : outcome
  } catch (error) {
    if (signal.aborted || !isFault(error) || !error.retriable) throw error
    return undefined
  }
}

function keyOfPartition({ topic, partition }: TopicPartition): string {
  return `${partition} ${topic}`
}
