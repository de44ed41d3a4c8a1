/**
 * How documents lie in Kubernetes, which has no transactions over several objects: one object, the root, names the
 * current pages, and pages never change. A commit makes new pages and then replaces the root, under the condition that
 * it is still the one that was read. That one write is the commit, so a root and its pages are a snapshot.
 *
 * What always holds: a page has the revision of the commit that made it in its name, and only that commit can put it
 * into a root. So a page that a root of the same or a later revision does not name will never be named: it can go.
 *
 * Leases and the identity change often or are needed for each commit, and are small: they stand in the root itself.
 */
import { invariant } from '../../core/index.ts'
import { boundsOf, type Commit, type RangeQuery, type StoredText } from '../document-store.ts'
import { IDENTITY_KEY } from '../identity.ts'
import { LEASES_PREFIX } from '../leases.ts'

/** Everything by key. */
export interface Root {
  /** Of the last commit; 0 before the first one. */
  readonly revision: number
  /** Of the last commit that removed something: what it removed has left no other trace. */
  readonly removedAt: number
  readonly documents: readonly StoredText[]
  readonly pages: readonly PageEntry[]
}

export interface PageEntry {
  /** The first key in it. */
  readonly from: string
  readonly name: string
}

export type Pages = ReadonlyMap<string, readonly StoredText[]>

export const EMPTY_ROOT: Root = { revision: 0, removedAt: 0, documents: [], pages: [] }
/** What each commit of one of its documents writes anew. A longer document has a page of its own. */
const PAGE_BYTES = 64 * 1024

/** Where it stands is decided by the key alone. */
export function isInRoot(key: string): boolean {
  return key === IDENTITY_KEY || key.startsWith(LEASES_PREFIX)
}

/** The page that has the key, if any has. */
export function pageOf({ pages }: Root, key: string): PageEntry | undefined {
  return pages.findLast(({ from }) => from <= key) ?? pages[0]
}

/** Pages that may have something of the query, in its order. */
export function pagesOf({ pages }: Root, query: RangeQuery): readonly PageEntry[] {
  const [from, to] = boundsOf(query)
  const found = pages.filter((page, at) => page.from < to && (pages[at + 1]?.from ?? '\uffff') > from)
  return query.order === 'descending' ? found.toReversed() : found
}

export function pageName(authority: string, revision: number, nonce: string): string {
  return `${authority}-${revision}-${nonce}`
}

/** Of the commit that made the page. */
export function pageRevision(name: string): number {
  return Number(name.split('-').at(-2))
}

/** May be true where nothing has changed, never false where something has. */
export function hasChanged(root: Root, prefix: string, afterRevision: number): boolean {
  if (root.revision <= afterRevision) return false
  if (root.removedAt > afterRevision) return true
  const isNew = ({ key, revision }: StoredText) => revision > afterRevision && key.startsWith(prefix)
  if (root.documents.some(isNew)) return true
  return pagesOf(root, { prefix, limit: 1 }).some(({ name }) => pageRevision(name) > afterRevision)
}

export interface CommitPlan {
  readonly root: Root
  /** To be made before the root is replaced. */
  readonly pages: Pages
}

/** Pure. `pages` has those that hold the keys of the commit; `newName` gives another name each time. */
export function planCommit(
  root: Root,
  pages: Pages,
  { puts = [], removals = [] }: Commit,
  newName: (revision: number) => string,
): CommitPlan {
  const revision = root.revision + 1
  invariant(Number.isSafeInteger(revision), 'revisions are safe integers')
  const changes = new Map<string, StoredText | undefined>([
    ...removals.map((key) => [key, undefined] as const),
    ...puts.map(({ key, text }) => [key, { key, text, revision }] as const),
  ])
  const ofRoot = [...changes].filter(([key]) => isInRoot(key))
  const made = new Map<string, readonly StoredText[]>()
  const entries = [...root.pages]
  for (const [page, ofPage] of Map.groupBy(
    [...changes].filter(([key]) => !isInRoot(key)),
    ([key]) => pageOf(root, key),
  )) {
    const before = page === undefined ? [] : pages.get(page.name)
    invariant(before !== undefined, 'a commit is planned with the pages that it changes')
    const next = splitPages(applyChanges(before, ofPage)).map((documents): PageEntry => {
      const name = newName(revision)
      made.set(name, documents)
      return { from: documents[0]?.key ?? '', name }
    })
    entries.splice(page === undefined ? 0 : entries.indexOf(page), page === undefined ? 0 : 1, ...next)
  }
  const removedAt = removals.length > 0 ? revision : root.removedAt
  return { root: { revision, removedAt, documents: applyChanges(root.documents, ofRoot), pages: entries }, pages: made }
}

function applyChanges(
  documents: readonly StoredText[],
  changes: readonly (readonly [string, StoredText | undefined])[],
): readonly StoredText[] {
  const byKey = new Map<string, StoredText | undefined>([
    ...documents.map((one) => [one.key, one] as const),
    ...changes,
  ])
  const left = [...byKey.values()].filter((document) => document !== undefined)
  return left.sort((one, other) => (one.key < other.key ? -1 : 1))
}

/** Filled from the first on, so that pages of what only grows, as the journal does, are full. */
function splitPages(documents: readonly StoredText[]): readonly (readonly StoredText[])[] {
  const pages: StoredText[][] = []
  let bytes = 0
  for (const document of documents) {
    const more = document.key.length + Buffer.byteLength(document.text)
    const last = pages.at(-1)
    if (last === undefined || bytes + more > PAGE_BYTES) {
      pages.push([document])
      bytes = more
    } else {
      last.push(document)
      bytes += more
    }
  }
  return pages
}
