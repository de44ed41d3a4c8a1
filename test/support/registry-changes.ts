import { type Random, randomBelow } from '../../src/core/index.ts'

/** What the clients of a schema registry ask for, by chance, as the records that it writes to `_schemas` for them. */
export class RegistryChanges {
  readonly #random: Random
  readonly #subjects = new Map<string, Version[]>()
  readonly #ids = new Map<string, number>()
  /**
   * Never deleted again: a later DELETE_SUBJECT would let compaction drop the one that the clearing went by, and a
   * registry that reads the topic anew, wherever it runs, would find the versions again.
   */
  readonly #cleared = new Set<string>()

  constructor(random: Random) {
    this.#random = random
  }

  /** What a client of the registry might ask for now. */
  next(): RegistryChange[] {
    const subject = `subject-${randomBelow(this.#random, SUBJECTS)}`
    const versions = this.#subjects.get(subject) ?? []
    const dice = randomBelow(this.#random, 100)
    if (dice < 35 || versions.length === 0) return [this.#register(subject, versions)]
    if (dice < 50) return [noop]
    if (dice < 60) return [config(subject, ['BACKWARD', 'FULL', 'NONE'][randomBelow(this.#random, 3)])]
    if (dice < 65) return [config(subject, undefined)]
    if (dice < 70) return [mode(subject, ['READWRITE', 'READONLY', 'IMPORT'][randomBelow(this.#random, 3)])]
    if (dice < 72) return [mode(undefined, 'READWRITE')]
    if (dice < 86) return this.#deleteVersion(subject, versions)
    if (dice < 94) return this.#removeVersion(subject, versions)
    return this.#deleteSubject(subject, versions)
  }

  /** Some schemas are registered by several subjects: they share an id. */
  #register(subject: string, versions: Version[]): RegistryChange {
    const shared = randomBelow(this.#random, SHARED_SCHEMAS)
    const text = randomBelow(this.#random, 3) === 0 ? `shared-${shared}` : `${subject}-${this.#ids.size}`
    const schema = JSON.stringify({ type: 'record', name: text.replaceAll('-', '_'), fields: [] })
    const id = this.#ids.get(schema) ?? this.#ids.size + 1
    this.#ids.set(schema, id)
    const version = { version: (versions.at(-1)?.version ?? 0) + 1, id, schema, deleted: false }
    versions.push(version)
    this.#subjects.set(subject, versions)
    return schemaRegistryChange(subject, version)
  }

  /** A soft delete: the version is written again, marked. */
  #deleteVersion(subject: string, versions: Version[]): RegistryChange[] {
    const version = versions[randomBelow(this.#random, versions.length)]
    if (version === undefined || version.deleted) return [noop]
    version.deleted = true
    return [schemaRegistryChange(subject, version)]
  }

  /** A hard delete, of what was deleted softly before. */
  #removeVersion(subject: string, versions: Version[]): RegistryChange[] {
    const version = versions.find(({ deleted }) => deleted)
    if (version === undefined || version === versions.at(-1)) return [noop]
    versions.splice(versions.indexOf(version), 1)
    return [{ key: schemaKey(subject, version.version), value: null }]
  }

  #deleteSubject(subject: string, versions: Version[]): RegistryChange[] {
    const last = versions.at(-1)
    if (last === undefined || this.#cleared.has(subject)) return [noop]
    const key = { keytype: 'DELETE_SUBJECT', subject, magic: 0 }
    const clear = { keytype: 'CLEAR_SUBJECT', subject, magic: 0 }
    for (const version of versions) version.deleted = true
    const deletion = { key, value: { subject, version: last.version } }
    if (randomBelow(this.#random, 8) > 0) return [deletion]
    this.#cleared.add(subject)
    return [deletion, { key: clear, value: { subject } }]
  }
}

interface Version {
  readonly version: number
  readonly id: number
  readonly schema: string
  deleted: boolean
}

export interface RegistryChange {
  readonly key: object
  readonly value: object | null
}

const SUBJECTS = 40
const SHARED_SCHEMAS = 10
const noop: RegistryChange = { key: { keytype: 'NOOP', magic: 0 }, value: null }

function schemaKey(subject: string, version: number): object {
  return { keytype: 'SCHEMA', subject, version, magic: 1 }
}

function schemaRegistryChange(subject: string, { version, id, schema, deleted }: Version): RegistryChange {
  return { key: schemaKey(subject, version), value: { subject, version, id, schema, deleted } }
}

function config(subject: string, compatibilityLevel: string | undefined): RegistryChange {
  const value = compatibilityLevel === undefined ? null : { compatibilityLevel }
  return { key: { keytype: 'CONFIG', subject, magic: 0 }, value }
}

function mode(subject: string | undefined, name: string | undefined): RegistryChange {
  return { key: { keytype: 'MODE', subject: subject ?? null, magic: 0 }, value: { mode: name } }
}
