import { createHash } from 'node:crypto'
import type { RegionName } from '../../core/index.ts'
import type { AclBinding } from '../../kafka/index.ts'
import { bindingKey } from '../fences/fence-record.ts'

/**
 * Which entries of a region were put up for an owner. Kafka's entries say nothing of the kind, so it is kept beside them,
 * in the region. The region is the truth of what stands; the record is only the right to take away: an entry that is not
 * in it is foreign, also where the policy asks for the same one. Without the record nothing can be taken away, no more.
 *
 * Entries stand in it as digests: ten thousand of them have to fit into one record.
 */
export interface PolicyRecord {
  readonly format: 1
  readonly region: RegionName
  readonly owner: string
  readonly claims: readonly EntryDigest[]
  /** The change that was under way when this was written; what it adds counts as claimed. */
  readonly pending: PendingChange | null
  /** A call got no answer: it may come into force later. */
  readonly mayLandLate: boolean
  /** Wall clock, milliseconds since 1970. */
  readonly atMs: number
}

export interface PendingChange {
  /** Of the plan. */
  readonly hash: string
  readonly additions: readonly EntryDigest[]
  readonly removals: readonly EntryDigest[]
  /** Of the users and quotas that it makes. */
  readonly accounts?: string
}

/** 96 bits of SHA-256, base64url. */
export type EntryDigest = string

/** Kept where the entries are. Implemented above this room. */
export interface PolicyRecords {
  /** Throws where the region does not tell: no record is not the same as none that can be read. */
  list(region: RegionName, signal: AbortSignal): Promise<readonly PolicyRecord[]>
  /** Replaces the one of the same owner. */
  put(record: PolicyRecord, signal: AbortSignal): Promise<void>
}

const DIGEST_LENGTH = 16

export function digestOf(binding: AclBinding): EntryDigest {
  return createHash('sha256').update(bindingKey(binding)).digest('base64url').slice(0, DIGEST_LENGTH)
}

/** What may be taken away for the owner, if it stands. */
export function claimedBy(record: PolicyRecord | undefined): ReadonlySet<EntryDigest> {
  return new Set([...(record?.claims ?? []), ...(record?.pending?.additions ?? [])])
}
