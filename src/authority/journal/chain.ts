import { hashOf, type JournalEntry, type JournalHead, journalKey, NO_HASH, RESTORED_KIND } from './entry.ts'

/** What a look at the whole chain came to. */
export type JournalVerdict =
  | {
      readonly kind: 'intact'
      readonly entries: number
      /** Number of the first entry: above 1 where the authority was restored. Undefined for an empty journal. */
      readonly first: number | undefined
      readonly head: JournalHead | undefined
    }
  | { readonly kind: 'broken'; readonly number: number; readonly reason: string }

interface Stored {
  readonly key: string
  readonly value: unknown
}

/** Checks entry after entry, in order; pure. */
export class ChainCheck {
  readonly #anchor: JournalHead | undefined
  #first: number | undefined
  #head: JournalHead | undefined
  #entries = 0
  #broken: JournalVerdict | undefined

  /** The anchor is an entry that the chain is known to have had, such as the head of an earlier check. */
  constructor(anchor?: JournalHead) {
    this.#anchor = anchor
  }

  /** False once the chain is broken. */
  add(stored: Stored): boolean {
    if (this.#broken !== undefined) return false
    const entry = stored.value as JournalEntry
    const reason = this.#findBreak(stored.key, entry)
    if (reason !== undefined) {
      this.#broken = { kind: 'broken', number: (this.#head?.number ?? 0) + 1, reason }
      return false
    }
    this.#first ??= entry.number
    this.#head = { number: entry.number, hash: entry.hash }
    this.#entries++
    return true
  }

  verdict(): JournalVerdict {
    if (this.#broken !== undefined) return this.#broken
    const [anchor, first] = [this.#anchor, this.#first ?? 0]
    if (anchor !== undefined && anchor.number > (this.#head?.number ?? 0)) {
      const end = this.#head?.number ?? 0
      return { kind: 'broken', number: end + 1, reason: `it ends at ${end}, but had ${anchor.number} entries` }
    }
    if (anchor !== undefined && anchor.number < first) {
      const reason = `it begins at ${first}, after entry ${anchor.number}, so that one cannot be compared`
      return { kind: 'broken', number: first, reason }
    }
    return { kind: 'intact', entries: this.#entries, first: this.#first, head: this.#head }
  }

  #findBreak(key: string, entry: JournalEntry): string | undefined {
    if (typeof entry !== 'object' || entry === null || entry.format !== 1) return `${key} is not an entry of format 1`
    if (journalKey(entry.number) !== key) return `${key} says that it is entry ${entry.number}`
    const { number, hash } = this.#head ?? { number: 0, hash: NO_HASH }
    const begins = this.#head === undefined && entry.kind === RESTORED_KIND
    if (!begins && entry.number !== number + 1) return `entry ${number + 1} is missing`
    if (!begins && entry.previousHash !== hash) return `entry ${entry.number} does not follow entry ${number}`
    if (hashOf(entry) !== entry.hash) return `entry ${entry.number} was changed: its hash is not that of its contents`
    if (this.#anchor?.number === entry.number && this.#anchor.hash !== entry.hash) {
      return `entry ${entry.number} is not the one that was there before`
    }
    return undefined
  }
}
