/**
 * A new authority out of the copies that the regions have of the lost one.
 *
 * What always holds: it happens in one commit, so it is done or not; every lease of before is void; the generation is
 * above that of every copy, so that no token and no document of before can pass for one of now. What only the lost
 * authority had (evidence of operations, journal) is not there any more, and the journal says so; an operation that needs
 * it ends by itself or says what to do (fault `EVIDENCE_LOST`).
 */
import { describeError, isFault, type RetryContext, retry } from '../../core/index.ts'
import type { Commit, DocumentStore, StoredText } from '../document-store.ts'
import { readDocument, writeDocument } from '../documents.ts'
import { authorityFaults } from '../faults.ts'
import { IDENTITY_KEY, randomHex, readIdentity, type StoredIdentity, writeIdentity } from '../identity.ts'
import {
  JOURNAL_PREFIX,
  type JournalEntry,
  type JournalHead,
  journalKey,
  NO_HASH,
  RESTORED_KIND,
  sealEntry,
} from '../journal/entry.ts'
import { LEASES_PREFIX } from '../leases.ts'
import { type ChosenCopy, chooseCopies } from './choose-copies.ts'
import { type CopyRegions, compareStamps, readCopy, type StateCopy, stampOf } from './copy.ts'
import { COPIED_PREFIX } from './state-copies.ts'

export interface RestoreOptions {
  /** The new authority's: empty, or older than the copies. */
  readonly store: DocumentStore
  readonly regions: CopyRegions
  /** A region that has to answer. Any other one that has newer copies is used too. */
  readonly from: string
  readonly reason: string
  readonly actor: string
  /** Names of the controllers that answer: with any, nothing is done. */
  readonly answeringControllers: (signal: AbortSignal) => Promise<readonly string[]>
  /** `plan` changes nothing. */
  readonly mode: 'plan' | 'apply'
  readonly context: Omit<RetryContext, 'signal'>
}

export interface Restoration {
  /** Of the new authority. */
  readonly generation: number
  readonly documents: readonly RestoredDocument[]
  /** Regions that gave nothing: a newer copy may be in one of them. */
  readonly unread: readonly { readonly region: string; readonly reason: string }[]
  /** Where the journal goes on. */
  readonly journal: JournalHead
}

export interface RestoredDocument {
  readonly key: string
  /** Whose copy it is. */
  readonly region: string
  /** Those of the copy. */
  readonly generation: number
  readonly epoch: number
}

const DOCUMENTS_MAX = 1_000
const SETTLE_DELAYS = { firstMs: 100, mostMs: 2_000 }
const SETTLE_DEADLINE_MS = 30_000

/** Throws the `RESTORE_...` faults and those of the authority. */
export async function restoreAuthority(options: RestoreOptions, signal: AbortSignal): Promise<Restoration> {
  const { store, regions, from, mode, context } = options
  const answering = await options.answeringControllers(signal)
  if (answering.length > 0) {
    throw authorityFaults.fault('RESTORE_CONTROLLER_ANSWERS', { controllers: answering.join(', ') })
  }
  const { read, unread } = await readRegions(regions, signal)
  const gone = unread.find(({ region }) => region === from)
  if (gone !== undefined || !read.has(from)) {
    const reason = gone?.reason ?? 'it is not one of the regions that keep copies'
    throw authorityFaults.fault('RESTORE_REGION_UNREADABLE', { region: from, reason })
  }
  const chosen = chooseCopies(read, from)
  if (chosen.size === 0) {
    throw authorityFaults.fault('RESTORE_NOTHING_FOUND', { regions: [...read.keys()].join(', ') })
  }
  const target = await readTarget(store, signal)
  checkIsNeeded(store.where, target, chosen)
  const { commit, entry, documents, identity } = planRestoration(options, { target, chosen, unread })
  if (mode === 'apply') await commitSettled(store, { commit, identity }, { ...context, signal })
  const { number, hash } = entry
  return { generation: entry.generation, documents, unread, journal: { number, hash } }
}

type Unread = Restoration['unread']

async function readRegions(regions: CopyRegions, signal: AbortSignal) {
  const read = new Map<string, ReadonlyMap<string, StateCopy>>()
  const unread: { region: string; reason: string }[] = []
  await Promise.all(
    regions.regions.map(async (region) => {
      try {
        const texts = await regions.readAll(region, signal)
        const copies = [...texts].flatMap(([key, text]) => readCopy(key, text) ?? [])
        read.set(region, new Map(copies.map((copy) => [copy.key, copy])))
      } catch (error) {
        signal.throwIfAborted()
        unread.push({ region, reason: describeError(error) })
      }
    }),
  )
  return { read, unread }
}

/** What the new authority has before. */
interface Target {
  readonly identity: StoredIdentity | undefined
  readonly documents: ReadonlyMap<string, StoredText>
  readonly leases: readonly StoredText[]
  readonly lastEntry: JournalEntry | undefined
}

async function readTarget(store: DocumentStore, signal: AbortSignal): Promise<Target> {
  const identity = await store.get(IDENTITY_KEY, signal)
  const groups = await store.range({ prefix: COPIED_PREFIX, limit: DOCUMENTS_MAX }, signal)
  const leases = await store.range({ prefix: LEASES_PREFIX, limit: DOCUMENTS_MAX }, signal)
  const journal = await store.range({ prefix: JOURNAL_PREFIX, limit: 1, order: 'descending' }, signal)
  const last = journal.documents[0]
  return {
    identity: identity && readIdentity(identity, store.where),
    documents: new Map(groups.documents.map((document) => [document.key, document])),
    leases: leases.documents,
    lastEntry: last && (readDocument(last, store.where).value as JournalEntry),
  }
}

/** A document that is as new as its copy means that the authority was not lost. */
function checkIsNeeded(where: string, target: Target, chosen: ReadonlyMap<string, ChosenCopy>): void {
  for (const [key, { copy }] of chosen) {
    const stored = target.documents.get(key)
    if (stored === undefined) continue
    const own = stampOf(readDocument(stored, where).value, stored.revision, target.identity?.generation ?? 0)
    const isSame = copy.authority === target.identity?.id
    // Revisions of two authorities cannot be compared.
    const order = compareStamps(own, isSame ? copy : { ...copy, revision: own.revision })
    if (order > 0 || (order === 0 && isSame)) throw authorityFaults.fault('RESTORE_NOT_NEEDED', { where, key })
  }
}

interface Findings {
  readonly target: Target
  readonly chosen: ReadonlyMap<string, ChosenCopy>
  readonly unread: Unread
}

function planRestoration(options: RestoreOptions, { target, chosen, unread }: Findings) {
  const { from, reason, actor, context } = options
  const copies = [...chosen.values()].map(({ copy }) => copy)
  const generation = Math.max(target.identity?.generation ?? 0, ...copies.map((copy) => copy.generation)) + 1
  const identity = writeIdentity({ id: randomHex(context.random), generation })
  const documents = [...chosen].map(([key, { copy, region }]): RestoredDocument => {
    return { key, region, generation: copy.generation, epoch: copy.epoch }
  })
  const { number, hash } = journalHeadOf(target, copies)
  const entry = sealEntry({
    format: 1,
    number: number + 1,
    generation,
    at: new Date(context.clock.nowMs()).toISOString(),
    actor,
    kind: RESTORED_KIND,
    facts: { from, reason, documents, unread },
    nonce: randomHex(context.random),
    previousHash: hash,
  })
  const conditionOf = (key: string) => ({ key, revision: target.documents.get(key)?.revision ?? 0 })
  const commit: Commit = {
    conditions: [
      { key: IDENTITY_KEY, revision: target.identity?.revision ?? 0 },
      { key: journalKey(entry.number), revision: 0 },
      ...copies.map(({ key }) => conditionOf(key)),
    ],
    puts: [
      identity,
      writeDocument(journalKey(entry.number), entry),
      ...copies.map(({ key, value }) => writeDocument(key, withGeneration(value, generation))),
    ],
    removals: target.leases.map(({ key }) => key),
  }
  return { commit, entry, documents, identity }
}

/** Its own chain goes on where it has one; a new one begins where the copies knew the lost one to be. */
function journalHeadOf({ lastEntry }: Target, copies: readonly StateCopy[]): JournalHead {
  if (lastEntry !== undefined) return lastEntry
  const heads = copies.flatMap(({ journal }) => journal ?? [])
  return heads.toSorted((left, right) => right.number - left.number)[0] ?? { number: 0, hash: NO_HASH }
}

function withGeneration(value: unknown, generation: number): object {
  return typeof value === 'object' && value !== null ? { ...value, generation } : { value, generation }
}

/** An unknown outcome is told by the identity, which nobody else can have written. */
async function commitSettled(
  store: DocumentStore,
  { commit, identity }: { readonly commit: Commit; readonly identity: { readonly text: string } },
  context: RetryContext,
): Promise<void> {
  try {
    const outcome = await store.commit(commit, context.signal)
    if (outcome.kind === 'committed') return
  } catch (error) {
    if (!isFault(error, 'AUTHORITY_OUTCOME_UNKNOWN')) throw error
    const policy = {
      deadlineMs: SETTLE_DEADLINE_MS,
      delaysFor: (fault: unknown) => (isFault(fault, 'AUTHORITY_UNREACHABLE') ? SETTLE_DELAYS : undefined),
    }
    const found = await retry((signal) => store.get(IDENTITY_KEY, signal), policy, context)
    if (found?.text === identity.text) return
    throw error
  }
  throw authorityFaults.fault('RESTORE_CONTROLLER_ANSWERS', {
    controllers: `something wrote to ${store.where} meanwhile`,
  })
}
