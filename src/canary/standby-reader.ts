import { type Clock, describeError, invariant, type Random, type RegionName } from '../core/index.ts'
import type { IsolatedReader, IsolatedReport, IsolatedSpec } from '../failover/index.ts'
import { type Cluster, decodeRecords, errorName, isChecksumValid } from '../kafka/index.ts'
import { type DataBatch, RegionLogs } from '../replication/index.ts'
import { deleteGroupsProved } from './delete-groups.ts'
import { judgePositions } from './judge-positions.ts'
import { listBounds, type PartitionRef, partitionsOf, placeOf } from './partition-bounds.ts'

export interface StandbyReaderOptions {
  /** As Isthmus reaches them. */
  readonly clusters: ReadonlyMap<RegionName, Cluster>
  /** Of one partition; beyond it the partition counts as bounded. @defaultValue 10000 */
  readonly recordsMax?: number
  /** Of one partition. @defaultValue 5000 */
  readonly partitionMs?: number
  /** Of all of them; what is not begun by then counts as bounded. @defaultValue 120000 */
  readonly totalMs?: number
  readonly clock: Clock
  readonly random: Random
}

const RECORDS_MAX = 10_000
const PARTITION_MS = 5_000
const TOTAL_MS = 120_000
const AT_ONCE = 4
const NAMED_MAX = 10
const OWN_PREFIX = 'isthmus.'

interface Tally {
  records: number
  bytes: number
  bounded: number
  readonly unreadable: string[]
}

/**
 * Reads the copies on a standby as applications would after a move: from the positions that their groups have there, in
 * a group of its own. It writes nothing but the positions of that group, which it deletes, and looks at the groups of
 * applications without joining them.
 */
export class StandbyReader implements IsolatedReader {
  readonly #options: StandbyReaderOptions

  constructor(options: StandbyReaderOptions) {
    this.#options = options
  }

  async read(spec: IsolatedSpec, signal: AbortSignal): Promise<IsolatedReport> {
    const { region, topics, shadowGroup, groups } = spec
    invariant(shadowGroup.startsWith(OWN_PREFIX), `${shadowGroup} is no group of Isthmus`)
    const cluster = this.#clusterOf(region)
    const tally: Tally = { records: 0, bytes: 0, bounded: 0, unreadable: [] }
    const refs = await findPartitions(cluster, topics, tally, signal)
    const [starts, ends, stableEnds, newest, offsets] = await Promise.all([
      listBounds(cluster, 'start', refs, signal),
      listBounds(cluster, 'end', refs, signal),
      listBounds(cluster, 'stable-end', refs, signal),
      listBounds(cluster, 'newest', refs, signal),
      cluster.fetchGroupOffsets(groups, signal),
    ])
    const judged = judgePositions({ refs, starts, ends, offsets })
    await this.#readAll({ cluster, refs, begin: judged.begin, ends: stableEnds, shadowGroup, tally }, signal)
    const newestMs = Math.max(-1, ...[...newest.values()].map(({ timestamp }) => timestamp))
    return {
      region,
      shadowGroup,
      topics: topics.length,
      partitions: refs.length,
      records: tally.records,
      bytes: tally.bytes,
      bounded: tally.bounded,
      unreadable: tally.unreadable,
      newestAgeMs: newestMs < 0 ? null : Math.max(0, this.#options.clock.nowMs() - newestMs),
      positionsTried: judged.tried,
      positionsWrong: judged.wrong.slice(0, NAMED_MAX),
      leftoverGroups: await this.clean(region, shadowGroup, signal),
    }
  }

  async clean(region: RegionName, prefix: string, signal: AbortSignal): Promise<readonly string[]> {
    invariant(prefix.startsWith(OWN_PREFIX), `${prefix} may be the name of an application's group`)
    const { clock } = this.#options
    return await deleteGroupsProved(this.#clusterOf(region), (group) => group.startsWith(prefix), { clock, signal })
  }

  /** A few partitions at a time, until all are read or the time has come. */
  async #readAll(reading: Reading, signal: AbortSignal): Promise<void> {
    const { clock, random, totalMs = TOTAL_MS } = this.#options
    const { cluster, refs, tally } = reading
    await commitShadow(reading, reading.begin, signal)
    const untilMs = clock.monotonicMs() + totalMs
    const readTo = new Map<string, number>()
    const waiting = [...refs]
    await using logs = new RegionLogs(cluster, { clock, random })
    const work = async () => {
      for (let ref = waiting.shift(); ref !== undefined; ref = waiting.shift()) {
        if (clock.monotonicMs() >= untilMs) tally.bounded++
        else readTo.set(placeOf(ref), await this.#readOne(reading, logs, ref, signal))
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work))
    await commitShadow(reading, readTo, signal)
  }

  /** Up to where it was read. What cannot be read is named, and stops nothing else. */
  async #readOne(reading: Reading, logs: RegionLogs, ref: PartitionRef, signal: AbortSignal): Promise<number> {
    const { clock, recordsMax = RECORDS_MAX, partitionMs = PARTITION_MS } = this.#options
    const { begin, ends, tally } = reading
    const place = placeOf(ref)
    const from = begin.get(place) ?? 0
    const to = ends.get(place)?.offset
    if (to === undefined) {
      nameTrouble(tally, `${place}: its end is not told`)
      return from
    }
    const untilMs = clock.monotonicMs() + partitionMs
    let records = 0
    const take = (batch: DataBatch) => {
      records += countRecords(batch, place, tally)
      return records < recordsMax && clock.monotonicMs() < untilMs
    }
    let readTo = from
    try {
      readTo = await logs.read(ref, { from, to }, take, signal)
      if (readTo < to) tally.bounded++
    } catch (error) {
      signal.throwIfAborted()
      nameTrouble(tally, `${place}: ${describeError(error)}`)
    }
    tally.records += records
    return readTo
  }

  #clusterOf(region: RegionName): Cluster {
    const cluster = this.#options.clusters.get(region)
    if (cluster === undefined) throw new TypeError(`a drill cannot reach ${region}`)
    return cluster
  }
}

interface Reading {
  readonly cluster: Cluster
  readonly refs: readonly PartitionRef[]
  /** By `topic-partition`. */
  readonly begin: ReadonlyMap<string, number>
  readonly ends: ReadonlyMap<string, { readonly offset: number }>
  readonly shadowGroup: string
  readonly tally: Tally
}

function nameTrouble(tally: Tally, trouble: string): void {
  if (tally.unreadable.length < NAMED_MAX) tally.unreadable.push(trouble)
}

async function findPartitions(
  cluster: Cluster,
  topics: readonly string[],
  tally: Tally,
  signal: AbortSignal,
): Promise<PartitionRef[]> {
  if (topics.length === 0) return []
  const found = (await cluster.metadata(topics, signal)).topics
  return found.flatMap((topic) => {
    if (topic.errorCode === 0) return partitionsOf(topic)
    nameTrouble(tally, `${topic.name}: ${errorName(topic.errorCode)}`)
    return []
  })
}

/** Of one batch, those that a consumer would be given; none where the batch cannot be decoded. */
function countRecords({ header, buffer, from }: DataBatch, place: string, tally: Tally): number {
  const at = `${place} at offset ${header.baseOffset}`
  try {
    if (!isChecksumValid(buffer, header)) {
      nameTrouble(tally, `${at}: the checksum is wrong`)
      return 0
    }
    tally.bytes += header.sizeBytes
    return decodeRecords(buffer, header).filter(({ offset }) => offset >= from).length
  } catch (error) {
    nameTrouble(tally, `${at}: ${describeError(error)}`)
    return 0
  }
}

/** As an application commits; that it is refused is something that the drill is to find. */
async function commitShadow(
  { cluster, refs, shadowGroup, tally }: Reading,
  offsets: ReadonlyMap<string, number>,
  signal: AbortSignal,
): Promise<void> {
  const positions = refs.flatMap(({ topic, partition }) => {
    const offset = offsets.get(placeOf({ topic, partition }))
    return offset === undefined ? [] : [{ topic, partition, offset, leaderEpoch: -1, metadata: '' }]
  })
  if (positions.length === 0) return
  const outcomes = await cluster.commitGroupOffsets(shadowGroup, positions, signal)
  const refused = outcomes.find(({ errorCode }) => errorCode !== 0)
  if (refused === undefined) return
  nameTrouble(tally, `${placeOf(refused)}: its position was refused with ${errorName(refused.errorCode)}`)
}
