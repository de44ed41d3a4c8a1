import type { CheckedTail, ForkedPartition, PartitionScan } from '../../../replication/index.ts'

/** What a controller has seen of a region since it began to look: lost with it, and made anew by the next one. */
export interface ReturnMemory {
  /** Of the region's answers, by region. */
  readonly windows: Map<string, FenceWindow>
  /** The scan under way, by region. */
  readonly scans: Map<string, ScanUnderWay>
  /** The check of an export under way, by region. */
  readonly checks: Map<string, { readonly of: string; readonly checks: readonly CheckedTail[] }>
}

/** Wall-clock times of this process. */
export interface FenceWindow {
  readonly return: string
  readonly silentAtMs: number | undefined
  readonly answeredAtMs: number | undefined
}

export interface ScanUnderWay {
  /** The return and its attempt. */
  readonly of: string
  readonly forked: readonly ForkedPartition[]
  readonly tails: readonly PartitionScan[]
  /** Of partitions that would be copied again with their topic; once the tails are read. */
  siblings: readonly PartitionScan[] | undefined
}

export function makeReturnMemory(): ReturnMemory {
  return { windows: new Map(), scans: new Map(), checks: new Map() }
}
