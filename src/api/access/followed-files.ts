import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { type Clock, describeError, type Timer } from '../../core/index.ts'
import { apiFaults } from '../faults.ts'

/** How soon a file that was changed counts. */
const LOOK_EVERY_MS = 2_000

/** Files that belong together, such as a certificate and its key. */
export interface Followed {
  readonly files: readonly string[]
  /** Takes the texts, in the order of the files; what it throws is told, and what it took before stays. */
  take(texts: readonly string[]): void
  /** They could not be read, or not be taken. The reason never holds what is in them. */
  refuse(reason: string): void
}

export interface FollowedFilesOptions {
  readonly clock: Clock
  /** Files that have changed and were taken. */
  readonly onTaken: (files: readonly string[]) => void
  readonly onRefused: (files: readonly string[], reason: string) => void
}

/**
 * Files that count as they stand. They are read again and again instead of being watched: a secret that is mounted into
 * a container is exchanged by a link two folders above, which no watch of the file sees.
 */
export class FollowedFiles {
  readonly #options: FollowedFilesOptions
  readonly #all: { readonly followed: Followed; seen: string | undefined }[] = []
  #timer: Timer | undefined
  #stopped = false

  constructor(options: FollowedFilesOptions) {
    this.#options = options
  }

  /** Reads the files for the first time. @throws `API_FILES_UNUSABLE` */
  async follow(followed: Followed): Promise<void> {
    try {
      const texts = await readAll(followed.files)
      followed.take(texts)
      this.#all.push({ followed, seen: fingerprint(texts) })
    } catch (error) {
      const facts = { files: followed.files.join(', '), reason: describeError(error) }
      throw apiFaults.fault('API_FILES_UNUSABLE', facts, error)
    }
  }

  start(): void {
    if (this.#stopped || this.#all.length === 0) return
    const look = () => {
      void this.#look().finally(() => this.start())
    }
    this.#timer = this.#options.clock.setTimer(LOOK_EVERY_MS, look, { keepAlive: false })
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  async #look(): Promise<void> {
    for (const one of this.#all) {
      const { files } = one.followed
      let seen: string
      let texts: readonly string[] = []
      try {
        texts = await readAll(files)
        seen = fingerprint(texts)
      } catch (error) {
        seen = describeError(error)
      }
      if (seen === one.seen) continue
      one.seen = seen
      try {
        if (texts.length === 0) throw new Error(seen)
        one.followed.take(texts)
        this.#options.onTaken(files)
      } catch (error) {
        one.followed.refuse(describeError(error))
        this.#options.onRefused(files, describeError(error))
      }
    }
  }
}

/** Keys are not kept for comparing. */
function fingerprint(texts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(texts)).digest('base64')
}

async function readAll(files: readonly string[]): Promise<string[]> {
  return Promise.all(files.map((file) => readFile(file, 'utf8')))
}
