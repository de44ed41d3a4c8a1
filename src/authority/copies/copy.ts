import type { JournalHead } from '../journal/entry.ts'

/** Where copies of the state go: one place a region, such as a compacted topic. `app.ts` gives it. */
export interface CopyRegions {
  /** Names of all regions, whether they answer or not. */
  readonly regions: readonly string[]
  /** Resolves once the region keeps it. Later puts of a key replace earlier ones. */
  put(region: string, key: string, text: string, signal: AbortSignal): Promise<void>
  /** Everything that the region keeps, the latest of each key. */
  readAll(region: string, signal: AbortSignal): Promise<ReadonlyMap<string, string>>
}

/** How new a document is. Compared in this order; revisions count within a generation only. */
export interface Stamp {
  readonly generation: number
  /** 0 where the document has none. */
  readonly epoch: number
  readonly revision: number
}

/** A document as it stands in a region. */
export interface StateCopy extends Stamp {
  readonly format: 1
  readonly key: string
  /** Id of the authority that accepted it. */
  readonly authority: string
  /** Where the journal stood, for the authority that is restored from this copy. */
  readonly journal: JournalHead | null
  readonly value: unknown
}

export function compareStamps(left: Stamp, right: Stamp): number {
  return left.generation - right.generation || left.epoch - right.epoch || left.revision - right.revision
}

/** Generation and epoch as the document itself says. */
export function stampOf(value: unknown, revision: number, generation: number): Stamp {
  const own = (typeof value === 'object' && value !== null ? value : {}) as { generation?: unknown; epoch?: unknown }
  return {
    generation: typeof own.generation === 'number' ? own.generation : generation,
    epoch: typeof own.epoch === 'number' ? own.epoch : 0,
    revision,
  }
}

/** Undefined for what is not a copy of a document, as other things may stand in the same place. */
export function readCopy(key: string, text: string): StateCopy | undefined {
  try {
    const copy = JSON.parse(text) as Partial<StateCopy> | null
    const stamp = [copy?.generation, copy?.epoch, copy?.revision]
    const isCopy = copy?.format === 1 && copy.key === key && typeof copy.authority === 'string'
    return isCopy && stamp.every((part) => Number.isSafeInteger(part)) ? (copy as StateCopy) : undefined
  } catch {
    return undefined
  }
}
