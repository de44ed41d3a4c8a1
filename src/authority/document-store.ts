/**
 * What a backend has to offer. Everything else (documents, leases, journal) is built on it once, so that all
 * backends, and the simulation, run the same code.
 *
 * What always holds: a commit is applied whole or not at all; revisions are safe integers, grow with each commit and
 * never come back, neither after a removal nor after a restart; reads see every commit that was answered before them.
 * A commit whose answer is missing throws `AUTHORITY_OUTCOME_UNKNOWN`: it may have been applied, or still be.
 */
export interface DocumentStore extends AsyncDisposable {
  readonly backend: 'memory' | 'sqlite' | 'etcd' | 'kubernetes'
  /** For messages, such as `etcd at https://etcd-0:2379`. */
  readonly where: string
  get(key: string, signal: AbortSignal): Promise<StoredText | undefined>
  /** One snapshot, ordered by key. */
  range(query: RangeQuery, signal: AbortSignal): Promise<Snapshot>
  commit(commit: Commit, signal: AbortSignal): Promise<CommitOutcome>
  /** Resolves once something below the prefix has changed after the revision; may do so too early, never too late. */
  changed(prefix: string, afterRevision: number, signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

export interface StoredText {
  readonly key: string
  readonly text: string
  /** Of the commit that wrote it last. */
  readonly revision: number
}

export interface RangeQuery {
  readonly prefix: string
  /** Only keys behind this one, in the direction of the order. */
  readonly after?: string
  readonly limit: number
  /** @defaultValue ascending */
  readonly order?: 'ascending' | 'descending'
}

export interface Snapshot {
  /** Of the store at that moment. */
  readonly revision: number
  readonly documents: readonly StoredText[]
}

/** Puts and removals that happen together if every condition holds. No key may be put or removed twice. */
export interface Commit {
  readonly conditions: readonly Condition[]
  readonly puts?: readonly { readonly key: string; readonly text: string }[]
  readonly removals?: readonly string[]
}

export interface Condition {
  readonly key: string
  /** 0: the key does not exist. */
  readonly revision: number
  /** Exact text; left out where the revision says enough. */
  readonly text?: string
}

export type CommitOutcome =
  | { readonly kind: 'committed'; readonly revision: number }
  /** What stands at the keys of the conditions, of which at least one did not hold; absent ones are left out. */
  | { readonly kind: 'refused'; readonly current: ReadonlyMap<string, StoredText> }

/** True where all hold. `find` gives what stands at a key. */
export function holdsAll(conditions: readonly Condition[], find: (key: string) => StoredText | undefined): boolean {
  return conditions.every((condition) => {
    const found = find(condition.key)
    if ((found?.revision ?? 0) !== condition.revision) return false
    return condition.text === undefined || condition.text === found?.text
  })
}

/** The first key behind all that start with the prefix. Keys are ASCII. */
export function endOfPrefix(prefix: string): string {
  return prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1)
}

/** The bounds of a query: from the first key up to, and without, the second. */
export function boundsOf({ prefix, after, order }: RangeQuery): readonly [from: string, to: string] {
  if (after === undefined) return [prefix, endOfPrefix(prefix)]
  return order === 'descending' ? [prefix, after] : [`${after}\0`, endOfPrefix(prefix)]
}
