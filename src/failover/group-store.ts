import { canonicalJson, invariant } from '../core/index.ts'
import { digestOf, type EvidenceRef } from './evidence.ts'
import { failoverFaults } from './faults.ts'
import { checkInvariants } from './moves/invariants.ts'
import type { Json } from './outcome.ts'
import type { AuthorityPort, Lease, WriteOptions, WriteResult } from './ports.ts'
import { readGroupDocument } from './read-document.ts'
import { type GroupDocument, groupKey, type OperationRecord, operationKey } from './state.ts'

/** A document of the group with the revision that a change of it has to name. */
export interface ReadGroup {
  readonly document: GroupDocument
  readonly revision: number
}

/** Reads and changes the group's document in the authority. No change is sent that breaks an invariant. */
export class GroupStore {
  readonly #authority: AuthorityPort
  readonly #key: string

  constructor(authority: AuthorityPort, group: string) {
    this.#authority = authority
    this.#key = groupKey(group)
  }

  async read(signal: AbortSignal): Promise<ReadGroup | undefined> {
    const stored = await this.#authority.read(this.#key, signal)
    if (stored === undefined) return undefined
    return { document: readGroupDocument(stored.value), revision: stored.revision }
  }

  /** A write without a lease is a person's request; the machine itself only writes with one. */
  async change(
    was: ReadGroup | undefined,
    next: GroupDocument,
    lease: Lease | undefined,
    signal: AbortSignal,
  ): Promise<WriteResult> {
    const broken = checkInvariants(was?.document, next)
    invariant(broken.length === 0, `group ${next.group}: ${broken.join('; ')}`)
    const options: WriteOptions = { expected: was?.revision ?? 'absent', ...(lease !== undefined && { lease }) }
    return await this.#authority.write(this.#key, toJson(next), options, signal)
  }

  /** Keeps what a phase found out, under a key of its own. Writing the same again is no change. */
  async keepEvidence(
    id: string,
    part: string,
    evidence: Json,
    lease: Lease,
    signal: AbortSignal,
  ): Promise<EvidenceRef> {
    const key = operationKey(id, part)
    await this.#put(key, evidence, lease, signal)
    return { key, digest: digestOf(evidence) }
  }

  /** What stands behind a reference. Fault EVIDENCE_LOST, also where the store was set back and has something older. */
  async evidence(ref: EvidenceRef, signal: AbortSignal): Promise<Json> {
    const stored = await this.#authority.read(ref.key, signal)
    if (stored === undefined || digestOf(stored.value) !== ref.digest) {
      throw failoverFaults.fault('EVIDENCE_LOST', { key: ref.key })
    }
    return stored.value
  }

  /** What stands under the key of a part, whatever the document says of it; undefined where nothing does. */
  async kept(id: string, part: string, signal: AbortSignal): Promise<Json | undefined> {
    return (await this.#authority.read(operationKey(id, part), signal))?.value
  }

  /** An operation that was kept. */
  async operation(id: string, signal: AbortSignal): Promise<OperationRecord | undefined> {
    return (await this.#authority.read(operationKey(id), signal))?.value as unknown as OperationRecord | undefined
  }

  /** Keeps an operation that has left the group's document. */
  async keepOperation(operation: OperationRecord, lease: Lease | undefined, signal: AbortSignal): Promise<void> {
    await this.#put(operationKey(operation.id), toJson(operation), lease, signal)
  }

  async #put(key: string, value: Json, lease: Lease | undefined, signal: AbortSignal): Promise<void> {
    const present = await this.#authority.read(key, signal)
    if (present !== undefined && canonicalJson(present.value) === canonicalJson(value)) return
    const options: WriteOptions = { expected: present?.revision ?? 'absent', ...(lease !== undefined && { lease }) }
    const result = await this.#authority.write(key, value, options, signal)
    if (result.kind !== 'written') throw new Error(`${key} could not be written: ${result.kind}`)
  }
}

/** Documents are JSON by their types; what is undefined in them is left out. */
function toJson(value: object): Json {
  return JSON.parse(JSON.stringify(value)) as Json
}
