import type { PolicyRecord, PolicyRecords } from '../../src/security/policies/policy-record.ts'

/** Records of policies in memory, as the state topic of a region would hold them. */
export class PoliciesInMemory implements PolicyRecords {
  readonly held: Map<string, PolicyRecord>
  /** Before each put; what it throws is what the region answers. */
  onPut: (record: PolicyRecord) => void = () => undefined

  constructor(records: readonly PolicyRecord[] = []) {
    this.held = new Map(records.map((record) => [record.owner, record]))
  }

  async list(): Promise<readonly PolicyRecord[]> {
    return [...this.held.values()]
  }

  async put(record: PolicyRecord): Promise<void> {
    this.onPut(record)
    // As through JSON, so that what cannot be stored is noticed.
    this.held.set(record.owner, JSON.parse(JSON.stringify(record)) as PolicyRecord)
  }
}
