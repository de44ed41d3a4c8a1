import type { ContentLog } from './content-log.ts'

/**
 * What a schema registry of Confluent makes of its topic `_schemas`, rebuilt from the log as its reader thread does:
 * record by record, the last one of a key wins, a null value removes what the key names.
 *
 * Keys are JSON: SCHEMA (subject, version), CONFIG and MODE (subject or null), DELETE_SUBJECT and CLEAR_SUBJECT
 * (subject), NOOP. A deleted version stays with `deleted: true`; only a tombstone removes it for good. DELETE_SUBJECT
 * marks every version up to the one it names. Source: io.confluent.kafka.schemaregistry.storage, KafkaStoreReaderThread
 * and KafkaStoreMessageHandler.
 */
export interface RegistryState {
  /** By subject and version. */
  readonly schemas: ReadonlyMap<string, RegisteredSchema>
  /** Ids are shared by the subjects that hold the same schema. */
  readonly byId: ReadonlyMap<number, string>
  readonly configs: ReadonlyMap<string, string>
  readonly modes: ReadonlyMap<string, string>
  /** Keys of kinds that are not known: none may be overlooked. */
  readonly unknown: readonly string[]
}

export interface RegisteredSchema {
  readonly id: number
  readonly schema: string
  readonly isDeleted: boolean
}

interface SchemasKey {
  readonly keytype: string
  readonly subject?: string | null
  readonly version?: number
}

interface SchemaValue {
  readonly subject: string
  readonly version: number
  readonly id: number
  readonly schema: string
  readonly deleted?: boolean
}

const GLOBAL = '(global)'

/** Applies every record below `end`; all of them without it. */
export function readRegistry(log: ContentLog, end = Number.POSITIVE_INFINITY): RegistryState {
  const state = { schemas: new Map(), byId: new Map(), configs: new Map(), modes: new Map(), unknown: [] as string[] }
  for (const { offset, key, value } of [...log.values()].flat()) {
    if (offset >= end) break
    if (key === null) state.unknown.push(`offset ${offset} has no key`)
    else apply(state, JSON.parse(key) as SchemasKey, value)
  }
  return state
}

interface MutableState {
  readonly schemas: Map<string, RegisteredSchema>
  readonly byId: Map<number, string>
  readonly configs: Map<string, string>
  readonly modes: Map<string, string>
  readonly unknown: string[]
}

function apply(state: MutableState, key: SchemasKey, value: string | null): void {
  const subject = key.subject ?? GLOBAL
  switch (key.keytype) {
    case 'SCHEMA':
      applySchema(state, `${subject}/${key.version ?? 0}`, value)
      break
    case 'CONFIG':
      set(state.configs, subject, value)
      break
    case 'MODE':
      set(state.modes, subject, value)
      break
    case 'DELETE_SUBJECT':
      if (value !== null) markDeleted(state, subject, (JSON.parse(value) as SchemaValue).version)
      break
    case 'CLEAR_SUBJECT':
      for (const name of state.schemas.keys()) {
        if (name.startsWith(`${subject}/`) && state.schemas.get(name)?.isDeleted) state.schemas.delete(name)
      }
      break
    case 'NOOP':
      break
    default:
      state.unknown.push(JSON.stringify(key))
  }
}

function applySchema({ schemas, byId }: MutableState, name: string, value: string | null): void {
  if (value === null) {
    schemas.delete(name)
    return
  }
  const { id, schema, deleted = false } = JSON.parse(value) as SchemaValue
  schemas.set(name, { id, schema, isDeleted: deleted })
  byId.set(id, schema)
}

function markDeleted({ schemas }: MutableState, subject: string, upTo: number): void {
  for (const [name, held] of schemas) {
    const slash = name.lastIndexOf('/')
    if (name.slice(0, slash) !== subject || Number(name.slice(slash + 1)) > upTo) continue
    schemas.set(name, { ...held, isDeleted: true })
  }
}

function set(map: Map<string, string>, key: string, value: string | null): void {
  if (value === null) map.delete(key)
  else map.set(key, value)
}

export interface RegistryComparison {
  /** Versions of subjects at the source. */
  readonly schemas: number
  /** Of them missing, or with another id, schema or deletion on the target. */
  readonly schemasDiffering: number
  /** Ids that name another schema, or none, on the target. */
  readonly idsDiffering: number
  /** Versions, compatibility rules and modes that only one side has, or that differ. */
  readonly restDiffering: number
}

/** Compares what two registries would serve. Ids of versions that are gone for good are left aside. */
export function compareRegistries(source: RegistryState, target: RegistryState): RegistryComparison {
  let schemasDiffering = 0
  const ids = new Set<number>()
  for (const [name, held] of source.schemas) {
    ids.add(held.id)
    if (JSON.stringify(target.schemas.get(name)) !== JSON.stringify(held)) schemasDiffering++
  }
  const idsDiffering = [...ids].filter((id) => source.byId.get(id) !== target.byId.get(id)).length
  const extra = [...target.schemas.keys()].filter((name) => !source.schemas.has(name)).length
  const restDiffering =
    extra + countDiffering(source.configs, target.configs) + countDiffering(source.modes, target.modes)
  return { schemas: source.schemas.size, schemasDiffering, idsDiffering, restDiffering }
}

function countDiffering(one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): number {
  const keys = new Set([...one.keys(), ...other.keys()])
  return [...keys].filter((key) => one.get(key) !== other.get(key)).length
}
