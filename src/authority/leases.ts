/**
 * Leases on any store.
 *
 * No clock is compared with another. A holder renews by writing a beat; whoever wants the lease takes it once it saw
 * neither token nor beat change for the holder's whole `ttlMs` on its own clock, under the condition that they still
 * have not. So a clock that is wrong costs time, never safety; a clock that runs much faster than others takes a lease
 * too early, and then the token decides as always.
 *
 * The token is the revision of the document that names the holder, which grows with every commit, and the generation
 * of the authority above that, since a restored authority may count from 1 again. The condition that goes with a write
 * names revision, holder and generation, so that nothing written before a restoration fits by chance.
 */
import { canonicalJson, type Clock, invariant, type Random } from '../core/index.ts'
import type { Acquisition, Lease, LeaseTerms, Renewal } from './authority.ts'
import type { Commit, Condition, DocumentStore, StoredText } from './document-store.ts'
import { readDocument } from './documents.ts'
import { authorityFaults } from './faults.ts'
import { establishIdentity, IDENTITY_KEY } from './identity.ts'

export const LEASES_PREFIX = 'leases/'
/** Tokens of one generation. More than any store counts to, and 9,000 generations of them are safe integers. */
const GENERATION_SPAN = 1_000_000_000_000

const PARTS = ['token', 'beat', 'terms'] as const
type Part = (typeof PARTS)[number]
const TOKEN_END = `/${PARTS[0]}`
/** More than there are kinds of them. */
const LEASES_MAX = 100

/** What was seen of another holder, and since when on our clock. */
interface Sighting {
  readonly token: number
  readonly beat: number
  readonly sinceMs: number
}

interface LeaseState {
  /** Names the holder. Nobody but the next holder writes it. */
  readonly token: StoredText | undefined
  readonly beat: StoredText | undefined
  readonly terms: StoredText | undefined
}

export interface LeaseContext {
  readonly store: DocumentStore
  readonly clock: Clock
  readonly random: Random
}

export class Leases {
  readonly #context: LeaseContext
  readonly #sightings = new Map<string, Sighting>()

  constructor(context: LeaseContext) {
    this.#context = context
  }

  async acquire(name: string, terms: LeaseTerms, signal: AbortSignal): Promise<Acquisition> {
    const { store, clock, random } = this.#context
    const identity = await establishIdentity(store, random, signal)
    const askedMs = clock.monotonicMs()
    const state = await this.#look(name, signal)
    if (state.token !== undefined) {
      const held = this.#readHolder(state.token)
      const token = tokenOf(held.generation, state.token.revision)
      if (held.holder === terms.holder && held.generation === identity.generation) {
        const lease = { name, holder: held.holder, token }
        const renewal = await this.renew(lease, signal)
        if (renewal.kind === 'held') return { kind: 'held', lease, isFresh: false }
      }
      const freeInMs = this.#freeInMs(name, state, askedMs)
      if (freeInMs > 0) return { kind: 'held-by', holder: held.holder, token, freeInMs }
    }
    const { generation, revision: identityRevision } = identity
    const outcome = await store.commit(takeOver(name, { state, generation, identityRevision, terms }), signal)
    if (outcome.kind === 'committed') {
      this.#sightings.delete(name)
      const lease = { name, holder: terms.holder, token: tokenOf(generation, outcome.revision) }
      // A restoration has voided the leases of before without their holders' doing.
      return { kind: 'held', lease, isFresh: state.token === undefined && generation === 1 }
    }
    return this.#describeWinner(name, signal)
  }

  async renew(lease: Lease, signal: AbortSignal): Promise<Renewal> {
    const puts = [{ key: keyOf(lease.name, 'beat'), text: '{}' }]
    const outcome = await this.#context.store.commit({ conditions: [fenceOf(lease)], puts }, signal)
    return { kind: outcome.kind === 'committed' ? 'held' : 'lease-lost' }
  }

  async release(lease: Lease, signal: AbortSignal): Promise<void> {
    const removals = PARTS.map((part) => keyOf(lease.name, part))
    await this.#context.store.commit({ conditions: [fenceOf(lease)], removals }, signal)
  }

  /** Every lease that somebody has taken and not released, and the revision of the store. */
  async list(signal: AbortSignal): Promise<{ readonly revision: number; readonly leases: readonly Lease[] }> {
    const query = { prefix: LEASES_PREFIX, limit: LEASES_MAX * PARTS.length }
    const { revision, documents } = await this.#context.store.range(query, signal)
    const tokens = documents.filter(({ key }) => key.endsWith(TOKEN_END))
    const leases = tokens.map((stored): Lease => {
      const { holder, generation } = this.#readHolder(stored)
      const name = stored.key.slice(LEASES_PREFIX.length, -TOKEN_END.length)
      return { name, holder, token: tokenOf(generation, stored.revision) }
    })
    return { revision, leases }
  }

  async #describeWinner(name: string, signal: AbortSignal): Promise<Acquisition> {
    const state = await this.#look(name, signal)
    if (state.token === undefined) return { kind: 'held-by', holder: 'nobody', token: 0, freeInMs: 0 }
    const { holder, generation } = this.#readHolder(state.token)
    const token = tokenOf(generation, state.token.revision)
    return { kind: 'held-by', holder, token, freeInMs: this.#ttlOf(state) }
  }

  async #look(name: string, signal: AbortSignal): Promise<LeaseState> {
    const { documents } = await this.#context.store.range(
      { prefix: `${LEASES_PREFIX}${name}/`, limit: PARTS.length },
      signal,
    )
    const find = (part: Part) => documents.find(({ key }) => key === keyOf(name, part))
    return { token: find('token'), beat: find('beat'), terms: find('terms') }
  }

  /** Counts from when the first look was answered to when this one was asked: never longer than it really was. */
  #freeInMs(name: string, state: LeaseState, askedMs: number): number {
    const [token, beat] = [state.token?.revision ?? 0, state.beat?.revision ?? 0]
    const ttlMs = this.#ttlOf(state)
    const seen = this.#sightings.get(name)
    if (seen !== undefined && seen.token === token && seen.beat === beat) {
      return Math.max(0, ttlMs - (askedMs - seen.sinceMs))
    }
    this.#sightings.set(name, { token, beat, sinceMs: this.#context.clock.monotonicMs() })
    return ttlMs
  }

  #ttlOf({ terms }: LeaseState): number {
    if (terms === undefined) return 0
    const { ttlMs } = readDocument(terms, this.#context.store.where).value as { ttlMs?: unknown }
    if (typeof ttlMs === 'number') return ttlMs
    const facts = { key: terms.key, where: this.#context.store.where, reason: 'it says nothing of a time' }
    throw authorityFaults.fault('DOCUMENT_UNREADABLE', facts)
  }

  #readHolder(stored: StoredText): { readonly holder: string; readonly generation: number } {
    const { where } = this.#context.store
    const { holder, generation } = readDocument(stored, where).value as { holder?: unknown; generation?: unknown }
    if (typeof holder === 'string' && typeof generation === 'number') return { holder, generation }
    throw authorityFaults.fault('DOCUMENT_UNREADABLE', { key: stored.key, where, reason: 'it names no holder' })
  }
}

/** The condition that holds only as long as nobody else has taken the lease. */
export function fenceOf({ name, holder, token }: Lease): Condition {
  const generation = Math.floor(token / GENERATION_SPAN) + 1
  return { key: keyOf(name, 'token'), revision: token % GENERATION_SPAN, text: holderText(generation, holder) }
}

interface TakeOver {
  readonly state: LeaseState
  readonly generation: number
  readonly identityRevision: number
  readonly terms: LeaseTerms
}

/** Only of what was seen: a renewal, another taker or a restoration in between refuses it. */
function takeOver(name: string, { state, generation, identityRevision, terms }: TakeOver): Commit {
  return {
    conditions: [
      { key: IDENTITY_KEY, revision: identityRevision },
      { key: keyOf(name, 'token'), revision: state.token?.revision ?? 0 },
      { key: keyOf(name, 'beat'), revision: state.beat?.revision ?? 0 },
    ],
    puts: [
      { key: keyOf(name, 'token'), text: holderText(generation, terms.holder) },
      { key: keyOf(name, 'beat'), text: '{}' },
      { key: keyOf(name, 'terms'), text: canonicalJson({ ttlMs: terms.ttlMs }) },
    ],
  }
}

function holderText(generation: number, holder: string): string {
  return canonicalJson({ generation, holder })
}

function keyOf(name: string, part: Part): string {
  return `${LEASES_PREFIX}${name}/${part}`
}

function tokenOf(generation: number, revision: number): number {
  invariant(revision < GENERATION_SPAN, 'a store counts fewer commits than a generation has tokens')
  const token = (generation - 1) * GENERATION_SPAN + revision
  invariant(Number.isSafeInteger(token), 'fencing tokens are safe integers')
  return token
}
