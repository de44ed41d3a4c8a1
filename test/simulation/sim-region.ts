import { PartitionLog } from './partition-log.ts'
import type { SimClock } from './sim-clock.ts'

/** What an application may do, as one broker sees it: it learns of changes a little after the controller quorum. */
interface SimBroker {
  isFrozen: boolean
  /** It serves, but hears nothing of the quorum. */
  isLagging: boolean
  denied: boolean
  groupDenied: boolean
}

export interface Rights {
  readonly denied?: boolean
  readonly groupDenied?: boolean
}

interface Transaction {
  readonly id: number
  readonly records: readonly number[]
  state: 'ongoing' | 'prepare-commit' | 'prepare-abort' | 'complete'
  /** Partitions that still owe the transaction its control record. */
  owed: readonly number[]
}

export const REGIONS = ['west', 'east', 'north'] as const
export const PARTITIONS = 2
const BROKERS = 2
const PROPAGATION_MOST_MS = 50

/**
 * One Kafka cluster: two brokers, each leading one of two partitions. A right is changed at the controller quorum; while
 * that is frozen, calls get no answer and come into force in their order when it is back (measured on real clusters).
 */
export class SimRegion {
  readonly name: string
  readonly partitions = Array.from({ length: PARTITIONS }, () => new PartitionLog())
  readonly brokers: SimBroker[]
  readonly transactions: Transaction[] = []
  /** The one consumer group's committed position by partition. */
  readonly positions = Array.from({ length: PARTITIONS }, () => 0)
  isAlive = true
  /** Closed by the operator's command, whatever the brokers allow. */
  isGated = false
  isQuorumFrozen = false
  readonly #clock: SimClock
  readonly #rights: { denied: boolean; groupDenied: boolean }
  #queue: { readonly rights: Rights; readonly answer: () => void }[] = []

  constructor(name: string, clock: SimClock, denied: boolean) {
    this.name = name
    this.#clock = clock
    this.#rights = { denied, groupDenied: false }
    this.brokers = Array.from({ length: BROKERS }, () => ({
      isFrozen: false,
      isLagging: false,
      denied,
      groupDenied: false,
    }))
  }

  /** Applications can write to at least one partition. */
  get isWritable(): boolean {
    return this.isAlive && !this.isGated && this.brokers.some(({ isFrozen, denied }) => !isFrozen && !denied)
  }

  get denied(): boolean {
    return this.#rights.denied
  }

  /** Changes rights; the answer comes when they are in force at the quorum. */
  changeRights(rights: Rights, answer: () => void): void {
    this.#queue.push({ rights, answer })
    this.#work()
  }

  #work(): void {
    if (this.isQuorumFrozen || !this.isAlive) return
    const queue = this.#queue
    this.#queue = []
    for (const { rights, answer } of queue) {
      Object.assign(this.#rights, rights)
      for (const [index, broker] of this.brokers.entries()) {
        const delayMs = ((index + 1) * PROPAGATION_MOST_MS) / this.brokers.length
        this.#clock.schedule(delayMs, () => this.#tellBroker(broker), false)
      }
      answer()
    }
  }

  #tellBroker(broker: SimBroker): void {
    if (!broker.isFrozen && !broker.isLagging) Object.assign(broker, this.#rights)
  }

  freezeQuorum(): void {
    this.isQuorumFrozen = true
  }

  /** Everything that was frozen goes on, with what it missed. */
  heal(): void {
    // A broker that starts reads the rights before it serves; one that was only frozen goes on with what it knew.
    if (!this.isAlive) for (const broker of this.brokers) Object.assign(broker, this.#rights)
    this.isAlive = true
    this.isQuorumFrozen = false
    this.#work()
    for (const broker of this.brokers) {
      broker.isFrozen = false
      broker.isLagging = false
      this.#clock.schedule(PROPAGATION_MOST_MS, () => this.#tellBroker(broker), false)
    }
    for (const log of this.partitions) {
      log.isFollowerFrozen = false
      log.replicate()
    }
  }

  /** Transactions that are ending get their control records, one partition at a time. */
  writeControlRecords(): void {
    for (const transaction of this.transactions) {
      if (transaction.state !== 'prepare-commit' && transaction.state !== 'prepare-abort') continue
      const next = transaction.owed.find((partition) => this.brokers[partition]?.isFrozen === false)
      if (next === undefined) continue
      const isCommit = transaction.state === 'prepare-commit'
      this.partitions[next]?.append({ kind: 'control', transaction: transaction.id, isCommit })
      transaction.owed = transaction.owed.filter((partition) => partition !== next)
      if (transaction.owed.length === 0) transaction.state = 'complete'
    }
    while (this.transactions[0]?.state === 'complete') this.transactions.shift()
  }
}
