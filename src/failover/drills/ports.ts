import type { RegionName } from '../../core/index.ts'
import { CANARY_PREFIX } from '../../replication/index.ts'
import type { IsolatedReport, StreamReport } from './drill-document.ts'

/** What drills need of the rooms below, as it is passed in. */

/** Writes and reads as applications do, while a group that only drills use is moved. */
export interface DrillStreams {
  open(spec: StreamSpec): DrillStream
}

export interface StreamSpec {
  readonly drill: string
  /** The failover group whose canary group is moved. */
  readonly group: string
  /** Made in the active region by `start` where it is missing; links copy it to the others, and it stays there. */
  readonly topic: string
  /** The consumer group to read in; see `canaryReader`. */
  readonly readerGroup: string
  readonly partitions: number
  /** The regions of the group; the first one is active when the stream starts. */
  readonly regions: readonly RegionName[]
}

/** Lives in one process; another one that takes the drill over opens its own, which knows nothing of the first. */
export interface DrillStream {
  /** Returns when the first record was acknowledged and read. It goes on by itself, within bounds. */
  start(signal: AbortSignal): Promise<void>
  /** Where the group is active from now on: the order of a move was committed. */
  follow(active: RegionName): void
  /** How far it is, for the decision when the drill may go on. */
  progress(): StreamProgress
  /**
   * Ends writing, reads to the end, deletes its consumer group, and counts. May be called again. With a signal that has
   * aborted it only ends, and throws.
   */
  stop(signal: AbortSignal): Promise<StreamReport>
}

export interface StreamProgress {
  readonly acknowledged: number
  readonly read: number
  /** Acknowledged in the region that it follows now. */
  readonly acknowledgedHere: number
  /** Read by the consumer group in the region that it follows now. */
  readonly readHere: number
}

/** Reads the copies of a standby under a group that nothing else selects. */
export interface IsolatedReader {
  read(spec: IsolatedSpec, signal: AbortSignal): Promise<IsolatedReport>
  /** Deletes what a reading that was cut off may have left: groups of this prefix. Returns those still listed. */
  clean(region: RegionName, prefix: string, signal: AbortSignal): Promise<readonly string[]>
}

export interface IsolatedSpec {
  readonly drill: string
  readonly region: RegionName
  /** Copied topics of the group, as the standby has them. */
  readonly topics: readonly string[]
  /** Consumer groups of the failover group: their positions on the standby are tried. */
  readonly groups: readonly string[]
  readonly shadowGroup: string
}

/** Consumer groups of isolated drills: outside of every selection. */
const SHADOW_PREFIX = 'isthmus.drill.'

/** What the topics, and the consumer groups, of the canary group of a failover group begin with, and nothing else's. */
export function canaryPrefix(group: string): string {
  return `${CANARY_PREFIX}${group}.`
}

/** Where the canary stream writes. */
export function canaryTopic(group: string): string {
  return `${canaryPrefix(group)}stream`
}

/** The consumer group that reads the canary stream; it is selected by the canary group, so that its positions move. */
export function canaryReader(group: string, drill: string): string {
  return `${canaryPrefix(group)}${drill}`
}

/** A name of its own for each drill, so that nothing of an earlier one is taken for it. */
export function shadowGroup(drill: string): string {
  return `${SHADOW_PREFIX}${drill}`
}

/** What the shadow groups of all drills of a failover group begin with. */
export function shadowPrefix(group: string): string {
  return shadowGroup(`${group}-drill-`)
}
