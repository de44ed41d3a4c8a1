import type { Authority, Lease, WriteOutcome } from '../../authority/index.ts'
import { canonicalJson, isFault } from '../../core/index.ts'
import { digestOf, type EvidenceRef } from '../evidence.ts'
import { failoverFaults } from '../faults.ts'
import type { Json } from '../outcome.ts'
import type { DrillApproval, DrillDocument, DrillParts, DrillRecord } from './drill-document.ts'
import { summaryKey, summarise } from './drill-summary.ts'

/**
 * The drills of a group in the authority: the one that runs under one key, so that a compare-and-set keeps it the only
 * one; those that have ended each under its own, the newest 200; what they found beside them. Regions get no copies of
 * any of it.
 */
export interface ReadDrill {
  readonly drill: DrillDocument
  readonly revision: number
}

const KEPT_MOST = 200

type DrillAuthority = Pick<Authority, 'read' | 'write' | 'remove' | 'list'>

export class DrillStore {
  readonly #authority: DrillAuthority
  readonly #group: string
  readonly #keptMost: number

  constructor(authority: DrillAuthority, group: string, keptMost = KEPT_MOST) {
    this.#authority = authority
    this.#group = group
    this.#keptMost = keptMost
  }

  /** The drill that runs, or has ended and is not in the history yet. */
  async running(signal: AbortSignal): Promise<ReadDrill | undefined> {
    const stored = await this.#authority.read(this.#key('running'), signal)
    return stored && { drill: stored.value as DrillDocument, revision: stored.revision }
  }

  /** Undefined where somebody else has changed it, or it is not known: it is read again. */
  async change(
    was: ReadDrill | undefined,
    next: DrillDocument,
    lease: Lease | undefined,
    signal: AbortSignal,
  ): Promise<ReadDrill | undefined> {
    const terms = { expected: was?.revision ?? ('absent' as const), ...(lease && { lease }) }
    const outcome = await orUnknown(this.#authority.write(this.#key('running'), next, terms, signal))
    return outcome?.kind === 'written' ? { drill: next, revision: outcome.revision } : undefined
  }

  /** Into the history, which may be done again; then nothing runs any more. */
  async archive({ drill, revision }: ReadDrill, lease: Lease, signal: AbortSignal): Promise<void> {
    await this.keepEnded(drill, lease, signal)
    await orUnknown(this.#authority.remove(this.#key('running'), { expected: revision, lease }, signal))
  }

  async keepEnded(drill: DrillDocument, lease: Lease, signal: AbortSignal): Promise<void> {
    await this.#put(this.#key(`history/${drill.id}`), drill, lease, signal)
    await this.#prune(lease, signal)
    await this.#put(summaryKey(this.#group), summarise(this.#group, await this.history(signal)), lease, signal)
  }

  /** Those that have ended, the newest first. */
  async history(signal: AbortSignal): Promise<DrillDocument[]> {
    const stored = await this.#authority.list(this.#key('history/'), signal)
    const drills = stored.map(({ value }) => value as DrillDocument)
    return drills.sort((left, right) => (left.request.at < right.request.at ? 1 : -1))
  }

  async find(id: string, signal: AbortSignal): Promise<DrillDocument | undefined> {
    const running = await this.running(signal)
    if (running?.drill.id === id) return running.drill
    return (await this.#authority.read(this.#key(`history/${id}`), signal))?.value as DrillDocument | undefined
  }

  /** With everything that it has found. Fault EVIDENCE_LOST where a part is not there any more. */
  async record(document: DrillDocument, signal: AbortSignal): Promise<DrillRecord> {
    const parts: Record<string, unknown> = {}
    for (const [part, ref] of Object.entries(document.parts)) {
      const stored = await this.#authority.read(ref.key, signal)
      const value = (stored?.value as { readonly part?: Json } | undefined)?.part
      if (value === undefined || digestOf(value) !== ref.digest) {
        throw failoverFaults.fault('EVIDENCE_LOST', { key: ref.key })
      }
      parts[part] = value
    }
    return { document, parts }
  }

  async keepParts(
    drill: DrillDocument,
    found: Partial<DrillParts>,
    lease: Lease,
    signal: AbortSignal,
  ): Promise<Record<string, EvidenceRef>> {
    const refs: Record<string, EvidenceRef> = {}
    for (const [name, value] of Object.entries(found)) {
      const key = this.#key(`parts/${drill.id}/${name}`)
      const part = JSON.parse(JSON.stringify(value)) as Json
      await this.#put(key, { part }, lease, signal)
      refs[name] = { key, digest: digestOf(part) }
    }
    return refs
  }

  async approval(signal: AbortSignal): Promise<DrillApproval | undefined> {
    return (await this.#authority.read(this.#key('approval'), signal))?.value as DrillApproval | undefined
  }

  /** Null takes it away. */
  async setApproval(approval: DrillApproval | null, signal: AbortSignal): Promise<void> {
    const key = this.#key('approval')
    const present = await this.#authority.read(key, signal)
    const terms = { expected: present?.revision ?? ('absent' as const) }
    if (approval !== null) await this.#authority.write(key, approval, terms, signal)
    else if (present !== undefined) await this.#authority.remove(key, terms, signal)
  }

  async #prune(lease: Lease, signal: AbortSignal): Promise<void> {
    for (const old of (await this.history(signal)).slice(this.#keptMost)) {
      const keys = [...Object.values(old.parts).map(({ key }) => key), this.#key(`history/${old.id}`)]
      for (const key of keys) {
        const stored = await this.#authority.read(key, signal)
        if (stored !== undefined) await this.#authority.remove(key, { expected: stored.revision, lease }, signal)
      }
    }
  }

  async #put(key: string, value: object, lease: Lease, signal: AbortSignal): Promise<void> {
    const present = await this.#authority.read(key, signal)
    if (present !== undefined && canonicalJson(present.value) === canonicalJson(value)) return
    const outcome = await this.#authority.write(key, value, { expected: present?.revision ?? 'absent', lease }, signal)
    if (outcome.kind !== 'written') throw new Error(`${key} could not be written: ${outcome.kind}`)
  }

  #key(rest: string): string {
    return `drills/${this.#group}/${rest}`
  }
}

/** A write that was not answered is no error here: the document is read again. */
async function orUnknown(write: Promise<WriteOutcome>): Promise<WriteOutcome | undefined> {
  try {
    return await write
  } catch (error) {
    if (isFault(error, 'AUTHORITY_OUTCOME_UNKNOWN')) return undefined
    throw error
  }
}
