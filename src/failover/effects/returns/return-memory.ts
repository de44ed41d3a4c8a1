import type {
  CheckedTail,
  EndedTransaction,
  ForkedPartition,
  HangingMemory,
  PartitionScan,
} from '../../../replication/index.ts'

/** What a controller has seen of a region since it began to look: lost with it, and made anew by the next one. */
export interface ReturnMemory {
  /** Of the region's answers, by region. */
  readonly windows: Map<string, FenceWindow>
  /** The scan under way, by region. */
  readonly scans: Map<string, ScanUnderWay>
  /** What was done about transactions, by region. */
  readonly settlings: Map<string, SettlingUnderWay>
  /** The check of an export under way, by region. */
  readonly checks: Map<string, { readonly of: string; readonly checks: readonly CheckedTail[] }>
}

/** What a return has seen and done about transactions, over all of its calls and scans. */
export interface SettlingUnderWay {
  /** The return. */
  readonly of: string
  readonly hanging: HangingMemory
  readonly ended: Map<string, EndedTransaction>
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
  return { windows: new Map(), scans: new Map(), settlings: new Map(), checks: new Map() }
}
