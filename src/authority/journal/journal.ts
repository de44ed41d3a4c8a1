/**
 * The journal: what was done, decided and asked for, as one chain of entries that only grows. Creating the document of
 * the next number, where there is none, gives all controllers one order. It is the audit log too.
 */
import { isFault, pause, type RetryContext } from '../../core/index.ts'
import type { Authority, Lease } from '../authority.ts'
import { authorityFaults } from '../faults.ts'
import { randomHex } from '../identity.ts'
import { settleWrite } from '../settle-write.ts'
import { ChainCheck, type JournalVerdict } from './chain.ts'
import {
  JOURNAL_PREFIX,
  type JournalEntry,
  type JournalFact,
  type JournalHead,
  journalKey,
  NO_HASH,
  sealEntry,
} from './entry.ts'

export interface JournalOptions {
  readonly authority: Authority
  readonly context: Omit<RetryContext, 'signal'>
}

export type AppendOutcome =
  | { readonly kind: 'appended'; readonly entry: JournalEntry }
  /** Only where a lease was given: nothing was appended. */
  | { readonly kind: 'lease-lost' }

export interface JournalPage {
  /** Entries behind this number, in the direction of the order. */
  readonly after?: number
  /** @defaultValue 100, at most 500 */
  readonly limit?: number
  /** @defaultValue ascending */
  readonly order?: 'ascending' | 'descending'
}

const PAGE_MAX = 500
const WAITING_MAX = 1_000
/** Each lost race is an entry of somebody else. */
const RACES_MAX = 100
const RACE_PAUSE_MS = 20

export class Journal {
  readonly #authority: Authority
  readonly #context: Omit<RetryContext, 'signal'>
  #waiting = 0
  #last: Promise<unknown> = Promise.resolve()
  #head: JournalHead | undefined
  /** Of the authority that `#head` belongs to. */
  #identity = ''

  constructor({ authority, context }: JournalOptions) {
    this.#authority = authority
    this.#context = context
  }

  /**
   * Resolves once the entry is in the chain. With a lease it is appended only while that is held. Throws `JOURNAL_BUSY`
   * and the faults of the authority; after `AUTHORITY_OUTCOME_UNKNOWN` the entry may be there.
   */
  async append(fact: JournalFact, signal: AbortSignal, lease?: Lease): Promise<AppendOutcome> {
    if (this.#waiting >= WAITING_MAX) {
      throw authorityFaults.fault('JOURNAL_BUSY', { kind: fact.kind, reason: `${WAITING_MAX} entries are waiting` })
    }
    this.#waiting++
    const turn = this.#last.then(() => this.#append(fact, signal, lease)).finally(() => this.#waiting--)
    // Whoever comes next only waits for the turn, whatever became of it.
    this.#last = turn.catch(() => undefined)
    return turn
  }

  async read(signal: AbortSignal, { after, limit = 100, order }: JournalPage = {}): Promise<readonly JournalEntry[]> {
    const page = {
      limit: Math.min(limit, PAGE_MAX),
      ...(order !== undefined && { order }),
      ...(after !== undefined && { after: journalKey(after) }),
    }
    const documents = await this.#authority.list(JOURNAL_PREFIX, signal, page)
    return documents.map(({ value }) => value as JournalEntry)
  }

  async head(signal: AbortSignal): Promise<JournalHead | undefined> {
    const last = (await this.read(signal, { limit: 1, order: 'descending' }))[0]
    return last && { number: last.number, hash: last.hash }
  }

  /**
   * Reads the whole chain. An entry that was cut off at the end is only missed with an anchor: the head of an earlier
   * check, or of a copy of the state.
   */
  async verify(signal: AbortSignal, anchor?: JournalHead): Promise<JournalVerdict> {
    const check = new ChainCheck(anchor)
    for (let after: string | undefined; ; ) {
      const page = { limit: PAGE_MAX, ...(after !== undefined && { after }) }
      const documents = await this.#authority.list(JOURNAL_PREFIX, signal, page)
      if (!documents.every((document) => check.add(document)) || documents.length < PAGE_MAX) return check.verdict()
      after = documents.at(-1)?.key
    }
  }

  async #append(fact: JournalFact, signal: AbortSignal, lease: Lease | undefined): Promise<AppendOutcome> {
    const { clock, random } = this.#context
    const { id, generation } = await this.#authority.identity(signal)
    if (`${id} ${generation}` !== this.#identity) this.#head = undefined
    this.#identity = `${id} ${generation}`
    const nonce = randomHex(random)
    for (let race = 0; race < RACES_MAX; race++) {
      this.#head ??= (await this.head(signal)) ?? { number: 0, hash: NO_HASH }
      const { number, hash } = this.#head
      const at = new Date(clock.nowMs()).toISOString()
      const entry = sealEntry({ ...fact, format: 1, number: number + 1, generation, at, nonce, previousHash: hash })
      const outcome = await this.#create(entry, signal, lease)
      if (outcome === 'lease-lost') return { kind: 'lease-lost' }
      if (outcome === 'written') {
        this.#head = { number: entry.number, hash: entry.hash }
        return { kind: 'appended', entry }
      }
      this.#head = undefined
      await pause(clock, random.next() * RACE_PAUSE_MS, signal)
      signal.throwIfAborted()
    }
    const reason = `another entry came first ${RACES_MAX} times`
    throw authorityFaults.fault('JOURNAL_BUSY', { kind: fact.kind, reason })
  }

  async #create(entry: JournalEntry, signal: AbortSignal, lease: Lease | undefined) {
    const write = {
      key: journalKey(entry.number),
      value: entry,
      terms: { expected: 'absent' as const, ...(lease && { lease }) },
    }
    try {
      return (await settleWrite(this.#authority, write, { ...this.#context, signal })).kind
    } catch (error) {
      // It may be there: the next entry has to look.
      if (isFault(error, 'AUTHORITY_OUTCOME_UNKNOWN')) this.#head = undefined
      throw error
    }
  }
}
