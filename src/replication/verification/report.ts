import type { LinkName } from '../../core/index.ts'

/** Which part of every partition is compared. Offsets are the source's; what is not copied yet is never part of it. */
export type VerificationScope =
  | { readonly kind: 'whole' }
  /** Each bound is an offset or a time; without one the range is open on that side. */
  | {
      readonly kind: 'range'
      readonly fromOffset?: number | undefined
      readonly toOffset?: number | undefined
      readonly fromMs?: number | undefined
      readonly toMs?: number | undefined
    }
  /** The last records, the last minutes, or with neither: what came since the last time it was found equal. */
  | { readonly kind: 'tail'; readonly records?: number | undefined; readonly minutes?: number | undefined }
  /** So many stretches of so many offsets, anywhere. */
  | { readonly kind: 'sample'; readonly stretches: number; readonly records: number }

export interface VerificationRequest {
  readonly link: LinkName
  /** Names and patterns of topics at the source; all of the link's without it. */
  readonly topics?: readonly string[] | undefined
  readonly scope: VerificationScope
  /** Bound of what is read, both sides together, in megabytes a second. @defaultValue 64 */
  readonly megabytesPerSecond?: number | undefined
  /** Partitions as an earlier report had them: what was finished is kept, what was begun goes on. */
  readonly resume?: readonly PartitionReport[] | undefined
}

export interface Difference {
  /**
   * `different`: both records are there. `missing`: the target lacks the record. `extra`: the source has no such record.
   * Of a missing or extra record the other side's offset is where it should be.
   */
  readonly kind: 'different' | 'missing' | 'extra'
  readonly sourceOffset: number
  /** Null where the map has no place for the record. */
  readonly targetOffset: number | null
  /** Of `key`, `value`, `headers`, `timestamp`: what differs; empty where a whole record does. */
  readonly fields: readonly string[]
}

export interface ComparisonCounts {
  /** Found on both sides and compared. */
  readonly records: number
  /** Of these, compared as whole blocks, without being decoded. */
  readonly blockRecords: number
  readonly blockBytes: number
  readonly decodedBytes: number
  readonly different: number
  readonly missing: number
  readonly extra: number
  /** On one side only, because compaction on the other one has removed them for a later record of their key. */
  readonly superseded: number
  /** Not on the target, for a cause that the map names: filtered or quarantined. */
  readonly attributed: number
  /** Deleted at the source while they were being compared. */
  readonly expired: number
}

export interface PartitionReport extends ComparisonCounts {
  readonly topic: string
  readonly targetTopic: string
  /** A report about a topic that was made anew since is not gone on with. */
  readonly targetTopicId: string
  readonly partition: number
  readonly state: 'waiting' | 'running' | 'equal' | 'different' | 'failed'
  /** A sentence for the operator. */
  readonly reason: string
  /** Source offsets; null until known. */
  readonly from: number | null
  readonly to: number | null
  /** Everything below is compared: where it goes on when it is resumed. */
  readonly next: number | null
  /** By source offset. */
  readonly first: Difference | null
}

export interface VerificationReport {
  readonly id: string
  readonly link: LinkName
  readonly scope: VerificationScope
  readonly state: 'running' | 'done' | 'cancelled'
  /** `incomplete` where no difference was found but not everything could be compared. Null while it runs. */
  readonly verdict: 'equal' | 'different' | 'incomplete' | null
  readonly startedAtMs: number
  readonly endedAtMs: number | null
  readonly partitions: readonly PartitionReport[]
}

export type MutableCounts = { -readonly [Name in keyof ComparisonCounts]: ComparisonCounts[Name] }

export function noCounts(): MutableCounts {
  return {
    records: 0,
    blockRecords: 0,
    blockBytes: 0,
    decodedBytes: 0,
    different: 0,
    missing: 0,
    extra: 0,
    superseded: 0,
    attributed: 0,
    expired: 0,
  }
}

export function countDifferences({ different, missing, extra }: ComparisonCounts): number {
  return different + missing + extra
}
