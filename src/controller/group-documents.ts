import type { Authority } from '../authority/index.ts'
import { describeError, type Fault, isFault } from '../core/index.ts'
import { type GroupDocument, groupKey, readGroupDocument } from '../failover/index.ts'

export interface DocumentListener {
  /** Every state that is told from now on; states in between may be left out. */
  changed(document: GroupDocument): void
  /** A newer version has written it: whoever follows it may do nothing of the group any more. */
  unreadable(group: string, reason: string): void
}

/** The documents of this process's failover groups, as the authority told them last: what every process follows. */
export class GroupDocuments {
  readonly #authority: Authority
  readonly #groups: readonly string[]
  readonly #stopping = new AbortController()
  readonly #listeners = new Set<DocumentListener>()
  readonly #told = new Map<string, string>()
  #documents: ReadonlyMap<string, GroupDocument> = new Map()
  #running: Promise<void> | undefined

  constructor(authority: Authority, groups: readonly string[]) {
    this.#authority = authority
    this.#groups = groups
  }

  /** Undefined where the group is not recorded, its record cannot be read, or nothing has been read yet. */
  get(group: string): GroupDocument | undefined {
    return this.#documents.get(group)
  }

  /** Returns what ends it. */
  listen(listener: DocumentListener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  start(onError: (reason: string) => void): void {
    this.#running ??= this.#follow(onError).catch((error: unknown) => onError(describeError(error)))
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  async #follow(onError: (reason: string) => void): Promise<void> {
    for await (const stored of this.#authority.watch(groupKey(''), this.#stopping.signal)) {
      const byKey = new Map(stored.map(({ key, value }) => [key, value]))
      const known: GroupDocument[] = []
      const unreadable = new Map<string, Fault>()
      for (const group of this.#groups) {
        const value = byKey.get(groupKey(group))
        if (value === undefined) continue
        try {
          known.push(readGroupDocument(value))
        } catch (error) {
          if (!isFault(error)) throw error
          unreadable.set(group, error)
        }
      }
      this.#documents = new Map(known.map((document) => [document.group, document]))
      for (const listener of this.#listeners) {
        for (const document of known) listener.changed(document)
        for (const [group, { message }] of unreadable) listener.unreadable(group, message)
      }
      this.#tell(unreadable, onError)
    }
  }

  /** Once for as long as it is so. */
  #tell(unreadable: ReadonlyMap<string, Fault>, onError: (reason: string) => void): void {
    for (const group of this.#groups) {
      const fault = unreadable.get(group)
      if (fault === undefined) this.#told.delete(group)
      else if (this.#told.get(group) !== fault.message) {
        this.#told.set(group, fault.message)
        onError(`${fault.message}. ${fault.remedy}`)
      }
    }
  }
}
