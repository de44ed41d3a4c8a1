// The data path: fetching and producing batches as they are, on a connection to one broker.

import type { PartitionLeader } from './topic-partition.ts'

export interface ChannelOptions {
  /** Requests written before the first is answered. @defaultValue 5 */
  readonly inflightMax?: number
}

export interface BrokerChannel {
  readonly nodeId: number
  readonly isOpen: boolean
  /** Called once when the connection is gone; requests in flight have been rejected by then. */
  onClose(listener: () => void): void
  fetch(request: FetchRequest): Promise<FetchResponse>
  produce(request: ProduceRequest): Promise<ProduceResponse>
  close(): Promise<void>
}

/** Fetch v13-v17 by topic id (KIP-516), outside of fetch sessions unless `session` is given. */
export interface FetchRequest {
  readonly maxWaitMs: number
  readonly minBytes: number
  readonly maxBytes: number
  readonly isolation: 'read_uncommitted' | 'read_committed'
  /** `client.rack`; '' for none. */
  readonly rack: string
  /** Without a session: all that is asked for, in the order in which the broker fills its answer. */
  readonly partitions: readonly FetchPartition[]
  /** @defaultValue none: the broker is to keep nothing in mind */
  readonly session?: FetchSessionStep
}

/** KIP-227: within a session a request names only what has changed, and an answer only what there is news of. */
export interface FetchSessionStep {
  /** 0 asks for a new session. */
  readonly id: number
  /** 0 begins a session with all partitions of the request, and ends the one of `id`; then 1, 2, and so on. */
  readonly epoch: number
  /** Left out from now on. */
  readonly forgotten: readonly { readonly topicId: string; readonly partition: number }[]
}

export interface FetchPartition {
  readonly topicId: string
  readonly partition: number
  /** -1 for unknown. */
  readonly currentLeaderEpoch: number
  readonly fetchOffset: number
  /** -1 for unknown. */
  readonly lastFetchedEpoch: number
  readonly maxBytes: number
}

export interface FetchResponse {
  readonly errorCode: number
  readonly throttleMs: number
  /** 0 where the broker keeps no session. */
  readonly sessionId: number
  readonly partitions: readonly FetchedPartition[]
}

export interface FetchedPartition {
  readonly topicId: string
  readonly partition: number
  readonly errorCode: number
  readonly highWatermark: number
  readonly lastStableOffset: number
  readonly logStartOffset: number
  /** Aborted transactions that touch the fetched range (read_committed only). */
  readonly aborted: readonly AbortedTransaction[]
  /** Set where the broker names a new leader (v16+). */
  readonly currentLeader: PartitionLeader | undefined
  /** Set where the log diverged after `lastFetchedEpoch`. */
  readonly divergingEpoch: { readonly epoch: number; readonly endOffset: number } | undefined
  /** -1 for none. */
  readonly preferredReadReplica: number
  /** Whole record batches, the last one possibly cut off. A view on the response frame, not a copy. */
  readonly records: Buffer
}

export interface AbortedTransaction {
  readonly producerId: bigint
  readonly firstOffset: number
}

/** Produce v9-v13, acks=all. */
export interface ProduceRequest {
  /** Of a transaction to which the partitions have been added. @defaultValue none */
  readonly transactionalId?: string
  readonly timeoutMs: number
  /** At most one entry a partition, each exactly one record batch. */
  readonly batches: readonly ProduceBatch[]
}

export interface ProduceBatch {
  readonly topic: string
  /** Used where the broker has v13. */
  readonly topicId: string
  readonly partition: number
  readonly batch: Buffer
}

export interface ProduceResponse {
  readonly throttleMs: number
  readonly partitions: readonly ProducedPartition[]
}

export interface ProducedPartition {
  /** Resolved for by-id versions too. */
  readonly topic: string
  readonly partition: number
  readonly errorCode: number
  readonly baseOffset: number
  readonly logAppendTimeMs: number
  readonly logStartOffset: number
  /** Records that the broker names as the cause of the error, by their index in the batch. */
  readonly recordErrors: readonly { readonly index: number; readonly message: string | null }[]
  readonly errorMessage: string | null
  readonly currentLeader: PartitionLeader | undefined
}
