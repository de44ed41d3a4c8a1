import type { Authority } from '../authority/index.ts'
import { describeError } from '../core/index.ts'
import { type GroupDocument, groupKey } from '../failover/index.ts'

/** The documents of this process's failover groups, as the authority told them last: what every process follows. */
export class GroupDocuments {
  readonly #authority: Authority
  readonly #groups: readonly string[]
  readonly #stopping = new AbortController()
  readonly #listeners = new Set<(document: GroupDocument) => void>()
  #documents: ReadonlyMap<string, GroupDocument> = new Map()
  #running: Promise<void> | undefined

  constructor(authority: Authority, groups: readonly string[]) {
    this.#authority = authority
    this.#groups = groups
  }

  /** Undefined where the group is not recorded, or nothing has been read yet. */
  get(group: string): GroupDocument | undefined {
    return this.#documents.get(group)
  }

  /** Every state that is told from now on; states in between may be left out. Returns what ends it. */
  onChange(listener: (document: GroupDocument) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  start(onError: (reason: string) => void): void {
    this.#running ??= this.#follow().catch((error: unknown) => onError(describeError(error)))
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  async #follow(): Promise<void> {
    for await (const stored of this.#authority.watch(groupKey(''), this.#stopping.signal)) {
      const byKey = new Map(stored.map(({ key, value }) => [key, value as GroupDocument]))
      const known = this.#groups.flatMap((group) => {
        const document = byKey.get(groupKey(group))
        return document === undefined ? [] : [document]
      })
      this.#documents = new Map(known.map((document) => [document.group, document]))
      for (const document of known) for (const listener of this.#listeners) listener(document)
    }
  }
}
