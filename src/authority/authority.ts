/**
 * Who is active, and who may change that: small JSON documents with compare-and-set, and leases with fencing tokens.
 * Every call throws `AUTHORITY_UNREACHABLE`, `AUTHORITY_REFUSED` or, where it writes, `AUTHORITY_OUTCOME_UNKNOWN`.
 */
export interface Authority extends AsyncDisposable {
  readonly backend: 'memory' | 'sqlite' | 'etcd' | 'kubernetes'
  /** For messages, such as `sqlite /var/lib/isthmus/isthmus.db`. */
  readonly where: string
  /** False from the first call that got no answer until the next one that did. */
  readonly answers: boolean
  /** Made by whoever asks first. Throws `DOCUMENT_UNREADABLE`. */
  identity(signal: AbortSignal): Promise<AuthorityIdentity>
  /** As of one moment. Throws `DOCUMENT_UNREADABLE`. */
  overview(signal: AbortSignal): Promise<AuthorityOverview>
  /** Sees every write that was answered before. Throws `DOCUMENT_UNREADABLE`. */
  read(key: string, signal: AbortSignal): Promise<StoredDocument | undefined>
  /** By key. Throws `DOCUMENT_UNREADABLE`. */
  list(prefix: string, signal: AbortSignal, page?: Page): Promise<readonly StoredDocument[]>
  /** The value is JSON of at most 512 KiB, else `DOCUMENT_TOO_LARGE`. */
  write(key: string, value: object, terms: WriteTerms, signal: AbortSignal): Promise<WriteOutcome>
  remove(key: string, terms: WriteTerms, signal: AbortSignal): Promise<WriteOutcome>
  /**
   * All documents below the prefix, at once and then after each change, until the signal aborts. Never an older state
   * after a newer one; states in between may be left out. While the authority does not answer, nothing comes.
   */
  watch(prefix: string, signal: AbortSignal): AsyncIterable<readonly StoredDocument[]>
  /** For one holder at a time; the same holder is given the same lease again. */
  acquire(name: string, terms: LeaseTerms, signal: AbortSignal): Promise<Acquisition>
  renew(lease: Lease, signal: AbortSignal): Promise<Renewal>
  /** Lets the next holder have it at once. Nothing happens where it is lost already. */
  release(lease: Lease, signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

/** Tells one authority from another one of the same regions, and from what it was before it was restored. */
export interface AuthorityIdentity {
  /** 16 hexadecimal digits. */
  readonly id: string
  /** 1 for a new authority, one more for each restoration. */
  readonly generation: number
}

export interface AuthorityOverview extends AuthorityIdentity {
  /** Of the store. */
  readonly revision: number
  /** As they are taken; whether a holder is still there, only whoever wants a lease finds out. */
  readonly leases: readonly Lease[]
}

export interface StoredDocument {
  readonly key: string
  /** JSON. Whoever reads it checks its shape. */
  readonly value: unknown
  /** Grows with every write to the authority. */
  readonly revision: number
}

export interface Page {
  /** Only keys behind this one, in the direction of the order. */
  readonly after?: string
  /** @defaultValue 1000, which is also the most */
  readonly limit?: number
  /** @defaultValue ascending */
  readonly order?: 'ascending' | 'descending'
}

export interface WriteTerms {
  /** The revision that the document must have, or that there must be none. */
  readonly expected: number | 'absent'
  /** With it, the authority itself refuses the write once the lease has another holder or was released. */
  readonly lease?: Lease
}

export type WriteOutcome =
  | { readonly kind: 'written'; readonly revision: number }
  | { readonly kind: 'conflict'; readonly current: StoredDocument | undefined }
  | { readonly kind: 'lease-lost' }

/** What a holder has. It can be lost at any moment; only the token decides. */
export interface Lease {
  readonly name: string
  readonly holder: string
  /** Grows with each holder of the name, over restarts, failures and restorations of the authority. */
  readonly token: number
}

export interface LeaseTerms {
  /** Unique for each start of a process. */
  readonly holder: string
  /** Without a renewal for this long, others may take the lease, milliseconds. */
  readonly ttlMs: number
}

export type Acquisition =
  | {
      readonly kind: 'held'
      readonly lease: Lease
      /** Nobody else had it before in this authority, or the one before gave it back: nobody acts under an older token. */
      readonly isFresh: boolean
    }
  /** Ask again: after `freeInMs` on the own clock without a renewal it is free. */
  | { readonly kind: 'held-by'; readonly holder: string; readonly token: number; readonly freeInMs: number }

export type Renewal = { readonly kind: 'held' } | { readonly kind: 'lease-lost' }
