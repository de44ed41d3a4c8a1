import type { FenceRecord, FenceRecords } from '../../src/security/index.ts'
import { kafkaFaults } from '../../src/kafka/index.ts'

/** Records of fences in memory, as the state topic of a region would hold them. */
export class RecordsInMemory implements FenceRecords {
  readonly held = new Map<string, FenceRecord>()
  isAway = false
  /** Of every put, so that tests see what was on record before what. */
  onPut: (record: FenceRecord) => void = () => undefined

  async list(region: string): Promise<FenceRecord[]> {
    this.#check()
    return [...this.held.values()].filter((record) => record.region === region)
  }

  async put(_region: string, key: string, record: FenceRecord): Promise<void> {
    this.#check()
    // As through JSON, so that what cannot be stored is noticed.
    this.held.set(key, JSON.parse(JSON.stringify(record)) as FenceRecord)
    this.onPut(record)
  }

  async remove(_region: string, key: string): Promise<void> {
    this.#check()
    this.held.delete(key)
  }

  #check(): void {
    if (this.isAway) throw kafkaFaults.fault('KAFKA_UNREACHABLE', { cluster: 'eu', address: 'b:1', reason: 'away' })
  }
}
