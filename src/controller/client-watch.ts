import type { FailoverGroupConfig } from '../config/index.ts'
import { type Clock, invariant, type Pass, type RegionName, runLoop } from '../core/index.ts'
import {
  type ClientsLook,
  countMembers,
  type GroupDocument,
  type LeftMembers,
  type QuietPartition,
  type RegionClients,
} from '../failover/index.ts'
import type { Cluster } from '../kafka/index.ts'
import { compileGroupSelection, compileSelection } from '../replication/index.ts'
import { findMembers, findProducers, Looks, type ReaderScope, type SourceRates } from './evidence/index.ts'
import type { GroupDocuments } from './group-documents.ts'

/** The part of a region's client that is needed to see who is there. */
export type ClientsCluster = Pick<
  Cluster,
  'metadata' | 'listGroups' | 'describeGroups' | 'fetchGroupOffsets' | 'describeProducers' | 'listTransactions'
>

export interface ClientWatchOptions {
  readonly groups: readonly Pick<FailoverGroupConfig, 'name' | 'regions' | 'topics' | 'consumerGroups'>[]
  readonly clusters: ReadonlyMap<RegionName, ClientsCluster>
  readonly documents: Pick<GroupDocuments, 'get'>
  readonly rates: Pick<SourceRates, 'grownOf'>
  readonly isLeading: () => boolean
  readonly clock: Clock
  readonly onError: (error: unknown) => void
}

const EVERY_MS = 5_000
/** Producers that were silent for longer are not told of: a region remembers them for a day. */
const RECENT_MS = 600_000
/** So long after a move, a partition that nobody writes to is nothing that the move has left behind. */
const QUIET_TOLD_MS = 3_600_000
/** A move leaves so many markers of its own in a partition. */
const MARKERS_MAX = 2

/**
 * Who of the applications is in which region. The regions that are not active are looked at every few seconds by the
 * controller that leads, for the metrics and the status; what a person asks for is looked up anew, by any controller.
 */
export class ClientWatch {
  readonly #options: ClientWatchOptions
  readonly #stopping = new AbortController()
  #left: readonly LeftMembers[] = []
  #running: Promise<void> | undefined

  constructor(options: ClientWatchOptions) {
    this.#options = options
  }

  start(): void {
    const { clock, onError } = this.#options
    const { signal } = this.#stopping
    this.#running ??= runLoop<
      readonly LeftMembers[],
      { readonly left: readonly LeftMembers[]; readonly reason: string }
    >(
      {
        observe: (within) => this.#observe(within),
        decide: (left) => ({ left, reason: `${left.length} regions were looked at` }),
        act: ({ left, reason }): Promise<Pass> => {
          this.#left = left
          return Promise.resolve({ kind: 'done', reason })
        },
      },
      { clock, signal, everyMs: EVERY_MS, afterErrorMs: EVERY_MS, onError },
    )
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('stopping'))
    await this.#running
  }

  /** Of every region that is not active, as of the last look; none where this process does not lead. */
  status(): readonly LeftMembers[] {
    return this.#left
  }

  /** Looked up now; a region that does not answer is one of which nothing is known. */
  async look(document: GroupDocument, signal: AbortSignal): Promise<ClientsLook> {
    const { groups, rates, clock } = this.#options
    const { group, active, reigns } = document
    const config = groups.find(({ name }) => name === group)
    invariant(config !== undefined, `failover group ${group} is one of the configuration`)
    const atMs = clock.nowMs()
    const [former, present] = reigns.slice(-2)
    const move = former && present && { left: former.active, movedAtMs: Date.parse(present.committedAt) }
    // What was written shortly before the move counts for the region that it has left, however long ago that was.
    const sinceMs = (region: RegionName) => (move?.left === region ? move.movedAtMs : atMs) - RECENT_MS
    const looked = await Promise.all(
      config.regions.map((region) => this.#lookAt(config, { region, document, sinceMs: sinceMs(region) }, signal)),
    )
    const partitions = looked.find(({ seen }) => seen.region === active)?.partitions ?? []
    const isRecent = move !== undefined && atMs - move.movedAtMs <= QUIET_TOLD_MS
    return {
      group,
      active,
      left: move?.left ?? null,
      movedAtMs: move?.movedAtMs ?? null,
      atMs,
      regions: looked.map(({ seen }) => seen),
      quiet: isRecent ? findQuiet(partitions, { active, ...move, rates }) : [],
    }
  }

  async #lookAt(
    config: ClientWatchOptions['groups'][number],
    { region, document, sinceMs }: { region: RegionName; document: GroupDocument; sinceMs: number },
    signal: AbortSignal,
  ): Promise<{ readonly seen: RegionClients; readonly partitions: readonly Place[] }> {
    const { clusters, clock } = this.#options
    const looks = new Looks({ clock }, signal)
    const cluster = mustHave(clusters, region)
    const scope = scopeOf(config)
    const [groups, written] = await Promise.all([
      looks.look(['clients'], (within) => findMembers(cluster, scope, within)),
      looks.look(['clients'], async (within) => {
        const partitions = await partitionsOf(cluster, scope.isTopic, within)
        return { partitions, producers: await findProducers(cluster, { partitions, sinceMs }, within) }
      }),
    ])
    const seen: RegionClients = {
      region,
      role: document.regions[region]?.role ?? 'standby',
      trouble: looks.troubles['clients'] ?? null,
      groups: groups ?? [],
      producers: written?.producers ?? [],
    }
    return { seen, partitions: written?.partitions ?? [] }
  }

  async #observe(signal: AbortSignal): Promise<LeftMembers[]> {
    const { groups, documents, clusters, isLeading, clock } = this.#options
    if (!isLeading()) return []
    const looks = new Looks({ clock }, signal)
    const asked = groups.flatMap((config) => {
      const active = documents.get(config.name)?.active
      return config.regions
        .filter((region) => active !== undefined && region !== active)
        .map((region) => ({ config, region }))
    })
    return await Promise.all(
      asked.map(async ({ config, region }): Promise<LeftMembers> => {
        const cluster = mustHave(clusters, region)
        const found = await looks.look([], (within) => findMembers(cluster, scopeOf(config), within))
        return { group: config.name, region, groups: found?.length, members: found && countMembers(found) }
      }),
    )
  }
}

interface Place {
  readonly topic: string
  readonly partition: number
}

/**
 * Pure: partitions that applications wrote to in the region that was left, as long as this process has seen it, and that
 * have got no more than the markers of a move in the one that is active now. It is told from the logs alone, so it also
 * shows producers that no region remembers.
 */
export function findQuiet(
  partitions: readonly Place[],
  {
    active,
    left,
    movedAtMs,
    rates,
  }: {
    readonly active: RegionName
    readonly left: RegionName
    readonly movedAtMs: number
    readonly rates: Pick<SourceRates, 'grownOf'>
  },
): QuietPartition[] {
  return partitions.flatMap(({ topic, partition }) => {
    const before = rates.grownOf({ region: left, topic, partition })
    const now = rates.grownOf({ region: active, topic, partition })
    if (before === undefined || before.records <= MARKERS_MAX) return []
    // What was seen of an earlier reign of the region says nothing.
    if (now === undefined || now.sinceMs < movedAtMs || now.records > MARKERS_MAX) return []
    return [{ topic, partition, ratePerSecond: (before.records / before.spanMs) * 1_000 }]
  })
}

async function partitionsOf(
  cluster: Pick<Cluster, 'metadata'>,
  isTopic: ReaderScope['isTopic'],
  signal: AbortSignal,
): Promise<Place[]> {
  const { topics } = await cluster.metadata('all', signal)
  return topics
    .filter(({ name, errorCode }) => errorCode === 0 && isTopic(name))
    .flatMap(({ name: topic, partitions }) => partitions.map(({ partition }) => ({ topic, partition })))
}

function scopeOf({ topics, consumerGroups }: ClientWatchOptions['groups'][number]): ReaderScope {
  return { isTopic: compileSelection(topics), isGroup: compileGroupSelection(consumerGroups) }
}

function mustHave(clusters: ClientWatchOptions['clusters'], region: RegionName): ClientsCluster {
  const cluster = clusters.get(region)
  invariant(cluster !== undefined, `${region} is a region of a failover group`)
  return cluster
}
