import { Reader } from '@platformatic/kafka'
import type { ProducerIdentity, TopicPartition } from './cluster.ts'

/**
 * What a transaction coordinator has written down of one transactional id at one time: a record of
 * `__transaction_state`. Layout: TransactionLogKey.json and TransactionLogValue.json of Kafka, versions 0 and 1.
 */
export interface CoordinatorEntry extends ProducerIdentity {
  readonly transactionalId: string
  /** `other`: nothing open, nothing being ended. */
  readonly status: 'ongoing' | 'prepare-commit' | 'prepare-abort' | 'other'
  readonly partitions: readonly TopicPartition[]
}

export const TRANSACTION_LOG = '__transaction_state'

const STATUSES: Readonly<Record<number, CoordinatorEntry['status']>> = {
  1: 'ongoing',
  2: 'prepare-commit',
  3: 'prepare-abort',
}
const KEY_VERSION = 0
const FLEXIBLE_VERSION = 1

/** Undefined for what is not an entry of a version that is known. */
export function decodeCoordinatorEntry(key: Buffer | null, value: Buffer | null): CoordinatorEntry | undefined {
  if (key === null || value === null) return undefined
  const ofKey = Reader.from(key)
  if (ofKey.readInt16() !== KEY_VERSION) return undefined
  const transactionalId = ofKey.readString(false)
  const reader = Reader.from(value)
  const version = reader.readInt16()
  if (version < 0 || version > FLEXIBLE_VERSION) return undefined
  const isCompact = version === FLEXIBLE_VERSION
  const producerId = reader.readInt64()
  const producerEpoch = reader.readInt16()
  reader.readInt32()
  const status = STATUSES[reader.readInt8()] ?? 'other'
  const partitions = reader.readArray(
    (entry): TopicPartition[] => {
      const topic = entry.readString(isCompact)
      return entry.readArray((each) => each.readInt32(), isCompact, false).map((partition) => ({ topic, partition }))
    },
    isCompact,
    isCompact,
  )
  return { transactionalId, producerId, producerEpoch, status, partitions: partitions.flat() }
}

/** The partition of `__transaction_state` that holds what is known of an id: by the hash of Java's strings. */
export function coordinatorPartition(transactionalId: string, partitions: number): number {
  let hash = 0
  for (let at = 0; at < transactionalId.length; at++) hash = (Math.imul(hash, 31) + transactionalId.charCodeAt(at)) | 0
  return hash === -(2 ** 31) ? 0 : Math.abs(hash) % partitions
}
