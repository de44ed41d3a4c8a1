import type { Kafka, Producer } from 'kafkajs'
import { type Random, randomBelow } from '../../src/core/index.ts'
import type { ContentRecord } from './content-log.ts'

/** Writes `_schemas` as a schema registry of Confluent does, and remembers every record with its offset. */
export class SchemasWriter {
  readonly written: ContentRecord[] = []
  readonly #producer: Producer
  readonly #topic: string
  readonly #random: Random
  readonly #subjects = new Map<string, Version[]>()
  readonly #ids = new Map<string, number>()
  #timestamp = Date.now()

  private constructor(producer: Producer, topic: string, random: Random) {
    this.#producer = producer
    this.#topic = topic
    this.#random = random
  }

  static async connect(kafka: Kafka, topic: string, random: Random): Promise<SchemasWriter> {
    const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1, allowAutoTopicCreation: false })
    await producer.connect()
    return new SchemasWriter(producer, topic, random)
  }

  /** One change after the other until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted) await this.#write(this.#change())
    } finally {
      await this.#producer.disconnect()
    }
  }

  /** What a client of the registry might ask for now. */
  #change(): Entry[] {
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
  #register(subject: string, versions: Version[]): Entry {
    const shared = randomBelow(this.#random, SHARED_SCHEMAS)
    const text = randomBelow(this.#random, 3) === 0 ? `shared-${shared}` : `${subject}-${this.written.length}`
    const schema = JSON.stringify({ type: 'record', name: text.replaceAll('-', '_'), fields: [] })
    const id = this.#ids.get(schema) ?? this.#ids.size + 1
    this.#ids.set(schema, id)
    const version = { version: (versions.at(-1)?.version ?? 0) + 1, id, schema, deleted: false }
    versions.push(version)
    this.#subjects.set(subject, versions)
    return schemaEntry(subject, version)
  }

  /** A soft delete: the version is written again, marked. */
  #deleteVersion(subject: string, versions: Version[]): Entry[] {
    const version = versions[randomBelow(this.#random, versions.length)]
    if (version === undefined || version.deleted) return [noop]
    version.deleted = true
    return [schemaEntry(subject, version)]
  }

  /** A hard delete, of what was deleted softly before. */
  #removeVersion(subject: string, versions: Version[]): Entry[] {
    const version = versions.find(({ deleted }) => deleted)
    if (version === undefined || version === versions.at(-1)) return [noop]
    versions.splice(versions.indexOf(version), 1)
    return [{ key: schemaKey(subject, version.version), value: null }]
  }

  #deleteSubject(subject: string, versions: Version[]): Entry[] {
    const last = versions.at(-1)
    if (last === undefined) return [noop]
    const key = { keytype: 'DELETE_SUBJECT', subject, magic: 0 }
    const clear = { keytype: 'CLEAR_SUBJECT', subject, magic: 0 }
    for (const version of versions) version.deleted = true
    const deletion = { key, value: { subject, version: last.version } }
    return randomBelow(this.#random, 4) === 0 ? [deletion, { key: clear, value: { subject } }] : [deletion]
  }

  async #write(entries: readonly Entry[]): Promise<void> {
    const messages = entries.map(({ key, value }) => ({
      key: JSON.stringify(key),
      value: value === null ? null : JSON.stringify(value),
      // Each later than the one before, so that every record can be told from every other.
      timestamp: String((this.#timestamp = Math.max(Date.now(), this.#timestamp + 1))),
    }))
    const [answer] = await this.#producer.send({ topic: this.#topic, messages, acks: -1 })
    const first = Number(answer?.baseOffset)
    messages.forEach(({ key, value, timestamp }, at) =>
      this.written.push({ offset: first + at, timestamp: Number(timestamp), digest: '', key, value }),
    )
  }
}

interface Version {
  readonly version: number
  readonly id: number
  readonly schema: string
  deleted: boolean
}

interface Entry {
  readonly key: object
  readonly value: object | null
}

const SUBJECTS = 40
const SHARED_SCHEMAS = 10
const noop: Entry = { key: { keytype: 'NOOP', magic: 0 }, value: null }

function schemaKey(subject: string, version: number): object {
  return { keytype: 'SCHEMA', subject, version, magic: 1 }
}

function schemaEntry(subject: string, { version, id, schema, deleted }: Version): Entry {
  return { key: schemaKey(subject, version), value: { subject, version, id, schema, deleted } }
}

function config(subject: string, compatibilityLevel: string | undefined): Entry {
  const value = compatibilityLevel === undefined ? null : { compatibilityLevel }
  return { key: { keytype: 'CONFIG', subject, magic: 0 }, value }
}

function mode(subject: string | undefined, name: string | undefined): Entry {
  return { key: { keytype: 'MODE', subject: subject ?? null, magic: 0 }, value: { mode: name } }
}
