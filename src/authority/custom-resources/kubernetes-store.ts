import { isFault, pause, type RetryContext } from '../../core/index.ts'
import { type KubernetesAccess, KubernetesClient, type KubernetesObject, kinds } from '../../kubernetes/index.ts'
import {
  type Commit,
  type CommitOutcome,
  type DocumentStore,
  holdsAll,
  type RangeQuery,
  type Snapshot,
  type StoredText,
} from '../document-store.ts'
import { authorityFaults } from '../faults.ts'
import { randomHex } from '../identity.ts'
import { PageCache, PageGone } from './page-cache.ts'
import { EMPTY_ROOT, hasChanged, isInRoot, pageName, pageOf, pagesOf, planCommit, type Root } from './root.ts'
import { AUTHORITY_LABEL, readRoot, writePage, writeRoot } from './root-object.ts'
import { sweepPages } from './sweep-pages.ts'

export interface KubernetesStoreOptions extends KubernetesAccess {
  /** Of the object in the namespace; each installation needs its own. @defaultValue `isthmus` */
  readonly name?: string
  readonly context: Omit<RetryContext, 'signal'>
}

/** The root as it was read, with the object that a replacement has to name. */
interface SeenRoot {
  readonly root: Root
  readonly object: KubernetesObject | undefined
}

/** How long one watch is listened to. What it says is only heard earlier. */
const WATCH_FOR_MS = 3_000
/** Before it is looked again for an authority that nobody has made yet. */
const ABSENT_LOOK_MS = 1_000
/** Each lost race is a commit of somebody else. */
const RACES_MAX = 100
const RACE_PAUSE_MS = 20
/** Replaced pages are removed together. */
const SWEEP_AFTER_PAGES = 16

/** Custom resources of one namespace; see root.ts. Reads are linearizable: they begin with the root as it is. */
export class KubernetesStore implements DocumentStore {
  readonly backend = 'kubernetes'
  readonly where: string
  readonly #client: KubernetesClient
  readonly #name: string
  readonly #context: Omit<RetryContext, 'signal'>
  readonly #pages: PageCache
  readonly #closed = new AbortController()
  #last: SeenRoot | undefined
  /** Of the first root that was seen. */
  #uid: string | undefined
  /** Whatever was left behind before this process started counts as much. */
  #toSweep = SWEEP_AFTER_PAGES
  #sweeping: Promise<void> | undefined

  constructor({ name, context, ...access }: KubernetesStoreOptions) {
    this.#client = new KubernetesClient(access, context)
    this.#name = name ?? 'isthmus'
    this.#context = context
    this.where = `${this.#client.where}, authority ${this.#name}`
    this.#pages = new PageCache(this.#client, this.where)
  }

  async get(key: string, signal: AbortSignal): Promise<StoredText | undefined> {
    return this.#look(signal, async ({ root }) => find(await this.#documentsAt(root, key, signal), key))
  }

  async range(query: RangeQuery, signal: AbortSignal): Promise<Snapshot> {
    return this.#look(signal, async ({ root }) => {
      const { prefix, after, limit, order } = query
      const isAsked = ({ key }: StoredText) => {
        if (!key.startsWith(prefix)) return false
        return after === undefined || (order === 'descending' ? key < after : key > after)
      }
      const paged: StoredText[] = []
      for (const { name } of pagesOf(root, query)) {
        if (paged.length >= limit) break
        paged.push(...(await this.#pages.read(name, signal)).filter(isAsked))
      }
      const documents = [...root.documents.filter(isAsked), ...paged]
      documents.sort((one, other) => (one.key < other.key === (order !== 'descending') ? -1 : 1))
      return { revision: root.revision, documents: documents.slice(0, limit) }
    })
  }

  async commit(commit: Commit, signal: AbortSignal): Promise<CommitOutcome> {
    const { clock, random } = this.#context
    for (let race = 0; race < RACES_MAX; race++) {
      // What was seen last is mostly right, and a commit that it refuses is tried with what is there now.
      const known = race === 0 ? this.#last : undefined
      try {
        const outcome = await (known ? this.#tryCommit(known, commit, signal) : this.#commitNow(commit, signal))
        if (outcome?.kind === 'committed' || (outcome !== undefined && known === undefined)) return outcome
      } catch (error) {
        if (!(error instanceof PageGone)) throw this.#toFault(error)
      }
      if (known === undefined) await pause(clock, random.next() * RACE_PAUSE_MS, signal)
      signal.throwIfAborted()
    }
    const reason = `others wrote first ${RACES_MAX} times`
    throw authorityFaults.fault('AUTHORITY_UNREACHABLE', { where: this.where, reason })
  }

  async changed(prefix: string, afterRevision: number, signal: AbortSignal): Promise<void> {
    try {
      const { root, object } = await this.#read(signal)
      if (hasChanged(root, prefix, afterRevision)) return
      const resourceVersion = object?.metadata.resourceVersion
      if (resourceVersion === undefined) return await pause(this.#context.clock, ABSENT_LOOK_MS, signal)
      const query = { name: this.#name, resourceVersion, forMs: WATCH_FOR_MS }
      for await (const news of this.#client.watch(kinds.authority, query, signal)) {
        if (news === undefined || hasChanged(readRoot(news, this.where), prefix, afterRevision)) return
      }
    } catch (error) {
      throw this.#toFault(error)
    }
  }

  async close(): Promise<void> {
    this.#closed.abort()
    await this.#sweeping
    await this.#client.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** Reads again where a page is gone, because somebody has replaced it meanwhile. */
  async #look<Result>(signal: AbortSignal, look: (seen: SeenRoot) => Promise<Result>): Promise<Result> {
    try {
      for (let race = 0; ; race++) {
        const seen = await this.#read(signal)
        try {
          return await look(seen)
        } catch (error) {
          if (!(error instanceof PageGone) || race === RACES_MAX) throw error
          await this.#mustBeReplaced(error, seen, signal)
        }
      }
    } catch (error) {
      throw this.#toFault(error)
    }
  }

  /** A page that the root goes on to name was removed by somebody else. */
  async #mustBeReplaced({ page }: PageGone, { root }: SeenRoot, signal: AbortSignal): Promise<void> {
    const now = await this.#read(signal)
    if (now.root.revision !== root.revision) return
    const facts = { key: page, where: this.where, reason: 'it is named by the authority, and is gone' }
    throw authorityFaults.fault('DOCUMENT_UNREADABLE', facts)
  }

  async #commitNow(commit: Commit, signal: AbortSignal): Promise<CommitOutcome | undefined> {
    const seen = await this.#read(signal)
    try {
      return await this.#tryCommit(seen, commit, signal)
    } catch (error) {
      if (error instanceof PageGone) await this.#mustBeReplaced(error, seen, signal)
      throw error
    }
  }

  /** Undefined where somebody else was faster. */
  async #tryCommit(seen: SeenRoot, commit: Commit, signal: AbortSignal): Promise<CommitOutcome | undefined> {
    const { conditions, puts = [], removals = [] } = commit
    const keys = [...conditions.map(({ key }) => key), ...puts.map(({ key }) => key), ...removals]
    const documents = new Map<string, StoredText>()
    const pages = new Map<string, readonly StoredText[]>()
    for (const key of keys) {
      const page = isInRoot(key) ? undefined : pageOf(seen.root, key)
      const found = await this.#documentsAt(seen.root, key, signal)
      if (page !== undefined) pages.set(page.name, found)
      const document = find(found, key)
      if (document !== undefined) documents.set(key, document)
    }
    if (!holdsAll(conditions, (key) => documents.get(key))) {
      const current = conditions.flatMap(({ key }) => documents.get(key) ?? [])
      return { kind: 'refused', current: new Map(current.map((document) => [document.key, document])) }
    }
    const object = seen.object ?? (await this.#create(signal))
    if (object === undefined) return undefined
    const newName = (revision: number) => pageName(this.#name, revision, randomHex(this.#context.random))
    const plan = planCommit(seen.root, pages, commit, newName)
    const written = writeRoot(plan.root, object, this.where)
    for (const [name, page] of plan.pages) {
      const made = await this.#client.create(kinds.authorityPage, writePage(name, this.#name, page), signal)
      if (made.kind !== 'written') return undefined
    }
    const replaced = await this.#replace(written, keys, signal)
    if (replaced === undefined) return undefined
    this.#last = { root: plan.root, object: replaced }
    for (const [name, page] of plan.pages) this.#pages.keep(name, page)
    this.#toSweep += plan.pages.size
    this.#sweep()
    return { kind: 'committed', revision: plan.root.revision }
  }

  /** The commit itself. */
  async #replace(
    object: KubernetesObject,
    keys: readonly string[],
    signal: AbortSignal,
  ): Promise<KubernetesObject | undefined> {
    try {
      const outcome = await this.#client.replace(kinds.authority, object, signal)
      return outcome.kind === 'written' ? outcome.object : undefined
    } catch (error) {
      if (!isFault(error, 'KUBERNETES_OUTCOME_UNKNOWN')) throw error
      const facts = { where: this.where, keys: keys.join(', '), reason: error.facts['reason'] }
      throw authorityFaults.fault('AUTHORITY_OUTCOME_UNKNOWN', facts, error)
    }
  }

  /** An empty one. Undefined where somebody else made one first. */
  async #create(signal: AbortSignal): Promise<KubernetesObject | undefined> {
    const left = await this.#client.list(kinds.authorityPage, { ...this.#ownPages, isMetadataOnly: true }, signal)
    if (left.length > 0) {
      const remedy = `delete authoritypages -l ${this.#ownPages.labelSelector} where a new one is meant`
      throw this.#refused(`it is gone, and ${left.length} of its pages are still there: ${remedy}`)
    }
    const empty = { metadata: { name: this.#name }, spec: EMPTY_ROOT }
    const made = await this.#client.create(kinds.authority, empty, signal)
    if (made.kind !== 'written') return undefined
    this.#uid = made.object.metadata.uid
    return made.object
  }

  get #ownPages() {
    return { labelSelector: `${AUTHORITY_LABEL}=${this.#name}` }
  }

  async #read(signal: AbortSignal): Promise<SeenRoot> {
    const object = await this.#client.get(kinds.authority, this.#name, signal)
    if (object === undefined) {
      if (this.#uid !== undefined) throw this.#refused('it was deleted')
      return { root: EMPTY_ROOT, object }
    }
    const { uid } = object.metadata
    this.#uid ??= uid
    if (uid !== this.#uid) throw this.#refused('it was deleted and made anew; restart Isthmus if that is meant')
    this.#last = { root: readRoot(object, this.where), object }
    return this.#last
  }

  async #documentsAt(root: Root, key: string, signal: AbortSignal): Promise<readonly StoredText[]> {
    if (isInRoot(key)) return root.documents
    const page = pageOf(root, key)
    return page === undefined ? [] : this.#pages.read(page.name, signal)
  }

  /** Beside everything else; what fails is done with the next one. */
  #sweep(): void {
    if (this.#toSweep < SWEEP_AFTER_PAGES || this.#sweeping !== undefined) return
    const { signal } = this.#closed
    const sweep = async () => {
      const { root } = await this.#read(signal)
      await sweepPages(this.#client, { root, ...this.#ownPages }, signal)
      this.#toSweep = 0
    }
    const ignoreFault = (error: unknown) => {
      if (!isFault(error) && !signal.aborted) throw error
    }
    this.#sweeping = sweep()
      .catch(ignoreFault)
      .finally(() => {
        this.#sweeping = undefined
      })
  }

  #refused(reason: string): Error {
    return authorityFaults.fault('AUTHORITY_REFUSED', { where: this.where, reason })
  }

  /** Objects that were perhaps made, but that no root names, are nothing: only `#replace` leaves a commit open. */
  #toFault(error: unknown): unknown {
    if (!isFault(error) || !error.code.startsWith('KUBERNETES_')) return error
    const facts = { where: this.where, reason: String(error.facts['reason']) }
    const isOver = error.code === 'KUBERNETES_REFUSED' || error.code === 'KUBERNETES_ACCESS_UNUSABLE'
    return authorityFaults.fault(isOver ? 'AUTHORITY_REFUSED' : 'AUTHORITY_UNREACHABLE', facts, error)
  }
}

function find(documents: readonly StoredText[], key: string): StoredText | undefined {
  return documents.find((document) => document.key === key)
}
