import type { Cluster } from '../../kafka/index.ts'
import type { IncidentLog } from '../incidents/incident-log.ts'
import type { ResolvedPolicies } from '../policies.ts'
import type { Flow } from './flow.ts'
import type { RawReader } from './raw-reader.ts'

/** What finding a position needs of the world around the flow. */
export interface PositionContext {
  readonly source: Cluster
  readonly target: Cluster
  readonly sourceReader: RawReader
  readonly targetReader: RawReader
  /** Where a flow begins that the map does not know. */
  readonly firstStart: FirstStart
  readonly policies: ResolvedPolicies
  /** Where what is lost, or is not what it was, is put on record. */
  readonly incidents: IncidentLog
  /** The flow of this key that ran in this process before, as it was left. */
  readonly former: FormerCopy | undefined
  /** Whether the target topic with this id was deleted to be copied again: by us, then, and by nobody else. */
  wasReseeded(targetTopicId: string, signal: AbortSignal): Promise<boolean>
  nowMs(): number
  /** Offsets `[from, to)` were gone from the source before they could be copied. */
  onGap(flow: Flow, from: number, to: number): void
  /** The seam could not be compared because one side no longer has the record. */
  onSeamSkipped(flow: Flow): void
}

export type FirstStart = 'earliest' | 'latest' | { readonly timestampMs: number }

export interface FormerCopy {
  readonly sourceTopicId: string
  readonly targetTopicId: string
  /** End of the copy on both sides. */
  readonly source: number
  readonly target: number
  /** High watermark of the source as last seen. */
  readonly sourceEnd: number | undefined
}
