import { type KubernetesClient, kinds } from '../../kubernetes/index.ts'
import type { StoredText } from '../document-store.ts'
import { readPage } from './root-object.ts'

/** The page was replaced since the root was read, or somebody has removed it. */
export class PageGone extends Error {
  override readonly name = 'PageGone'
  readonly page: string

  constructor(page: string) {
    super(`page ${page} is gone`)
    this.page = page
  }
}

/** Some MB. */
const PAGES_MAX = 64

/** Pages never change, so what was read or written once is right; the ones used last are kept. */
export class PageCache {
  readonly #client: KubernetesClient
  readonly #where: string
  readonly #pages = new Map<string, readonly StoredText[]>()

  constructor(client: KubernetesClient, where: string) {
    this.#client = client
    this.#where = where
  }

  /** Throws `PageGone`, and what the client throws. */
  async read(name: string, signal: AbortSignal): Promise<readonly StoredText[]> {
    let page = this.#pages.get(name)
    if (page === undefined) {
      const object = await this.#client.get(kinds.authorityPage, name, signal)
      if (object === undefined) throw new PageGone(name)
      page = readPage(object, this.#where)
    }
    this.keep(name, page)
    return page
  }

  keep(name: string, page: readonly StoredText[]): void {
    this.#pages.delete(name)
    this.#pages.set(name, page)
    const [oldest] = this.#pages.keys()
    if (oldest !== undefined && this.#pages.size > PAGES_MAX) this.#pages.delete(oldest)
  }
}
