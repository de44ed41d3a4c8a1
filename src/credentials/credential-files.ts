import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { type Clock, createEvents, describeError, invariant, type Timer } from '../core/index.ts'
import type { CredentialEvents } from './events.ts'
import { credentialFaults } from './faults.ts'
import type { Followed } from './followed.ts'
import { Material } from './material.ts'
import { endOfCertificates, versionOf } from './tell-versions.ts'

/** A change counts where two looks in a row have seen the same. */
const LOOK_EVERY_MS = 1_000

/** How a set of files stands. */
export interface CredentialStatus {
  readonly name: string
  readonly files: readonly string[]
  /** Eight digits that are the same wherever the same was read. They give nothing of it away. */
  readonly version: string
  /** Since when this version counts here, wall clock. */
  readonly sinceMs: number
  /** When the first certificate in them ends; null where there is none. */
  readonly endsAtMs: number | null
  /** How often they have changed and were taken. */
  readonly changes: number
  /** How often they have changed and were not. */
  readonly failures: number
  /** Why what stands in the files is not in use; null where it is. */
  readonly trouble: string | null
  /** Whether the other side still takes only the version before. */
  readonly usesFormer: boolean
}

interface Entry extends Omit<CredentialStatus, 'name' | 'files' | 'usesFormer'> {
  readonly followed: Followed
  /** Fingerprint of what was taken. */
  readonly taken: string
  /** Of what was seen and does not count: not yet, or not at all. */
  readonly pending: string | undefined
  readonly refused: string | undefined
}

/**
 * Files of credentials that count as they stand. They are read again and again instead of being watched: a secret that
 * is mounted into a container is exchanged by a link two folders above, which no watch of the file sees. A file that is
 * being written is not taken: what counts was seen twice, and can be parsed.
 */
export class CredentialFiles {
  readonly events = createEvents<CredentialEvents>()
  readonly #clock: Clock
  readonly #entries = new Map<string, Entry>()
  #timer: Timer | undefined
  #stopped = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Follows all of them. @throws `CREDENTIALS_UNUSABLE` */
  static async open(all: readonly Followed[], clock: Clock): Promise<CredentialFiles> {
    const files = new CredentialFiles(clock)
    for (const followed of all) await files.follow(followed)
    return files
  }

  /** Reads the files for the first time. @throws `CREDENTIALS_UNUSABLE` */
  async follow(followed: Followed): Promise<void> {
    const { name, files } = followed
    invariant(!this.#entries.has(name), `two sets of files are called ${name}`)
    try {
      const texts = await readAll(files)
      followed.take(texts)
      this.#entries.set(name, { ...this.#taken(followed, texts), changes: 0, failures: 0 })
    } catch (error) {
      const facts = { files: files.join(', '), reason: describeError(error) }
      throw credentialFaults.fault('CREDENTIALS_UNUSABLE', facts, error)
    }
    if (followed instanceof Material) {
      followed.note('current') // Nothing was before it.
      followed.onRenew(() => this.#lookAt(name, { atOnce: true }))
    }
  }

  /** Follows these instead of those whose name is meant. @throws `CREDENTIALS_UNUSABLE` */
  async replace(isMeant: (name: string) => boolean, all: readonly Followed[]): Promise<void> {
    for (const name of this.#entries.keys()) if (isMeant(name)) this.#entries.delete(name)
    for (const followed of all) await this.follow(followed)
    this.start()
  }

  status(): CredentialStatus[] {
    return [...this.#entries.values()].map(
      ({ followed, taken: _taken, pending: _pending, refused: _refused, ...it }) => {
        const { name, files } = followed
        return { name, files, ...it, usesFormer: followed instanceof Material && followed.usesFormer }
      },
    )
  }

  start(): void {
    if (this.#stopped || this.#entries.size === 0) return
    const look = () => {
      void this.#lookAtAll().finally(() => this.start())
    }
    this.#timer?.cancel()
    this.#timer = this.#clock.setTimer(LOOK_EVERY_MS, look, { keepAlive: false })
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  async #lookAtAll(): Promise<void> {
    for (const name of this.#entries.keys()) await this.#lookAt(name, { atOnce: false })
  }

  /** True where something else was taken. Without `atOnce`, what is new has to be the same the next time. */
  async #lookAt(name: string, { atOnce }: { readonly atOnce: boolean }): Promise<boolean> {
    const known = this.#entries.get(name)
    if (known === undefined) return false
    const { followed } = known
    let texts: readonly string[] | undefined
    let trouble = ''
    try {
      texts = await readAll(followed.files)
    } catch (error) {
      trouble = describeError(error)
    }
    const seen = texts === undefined ? trouble : fingerprint(texts)
    const entry = this.#entries.get(name) ?? known
    if (seen === entry.taken) {
      this.#entries.set(name, { ...entry, pending: undefined, refused: undefined, trouble: null })
      return false
    }
    if (seen === entry.refused) return false
    if (seen !== entry.pending && !atOnce) {
      this.#entries.set(name, { ...entry, pending: seen })
      return false
    }
    return this.#exchange(entry, texts, seen, trouble)
  }

  #exchange(entry: Entry, texts: readonly string[] | undefined, seen: string, trouble: string): boolean {
    const { followed, changes, failures } = entry
    const { name, files } = followed
    try {
      if (texts === undefined) throw new Error(trouble)
      followed.take(texts)
      const next = { ...this.#taken(followed, texts), changes: changes + 1, failures }
      this.#entries.set(name, next)
      this.events.emit('credentials:taken', { name, files, version: next.version })
      return true
    } catch (error) {
      const reason = describeError(error)
      followed.drop?.()
      const keeps = followed.drop === undefined
      const taken = keeps ? entry.taken : ''
      const refusal = { taken, pending: undefined, refused: seen, failures: failures + 1, trouble: reason }
      this.#entries.set(name, { ...entry, ...refusal })
      this.events.emit('credentials:refused', { name, files, reason, keeps })
      return false
    }
  }

  #taken(followed: Followed, texts: readonly string[]): Omit<Entry, 'changes' | 'failures'> {
    return {
      followed,
      version: versionOf(followed.name, texts, followed.isSecret ?? false),
      sinceMs: this.#clock.nowMs(),
      endsAtMs: endOfCertificates(texts),
      trouble: null,
      taken: fingerprint(texts),
      pending: undefined,
      refused: undefined,
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
