import type { Static, TSchema } from 'typebox'
import { Settings } from 'typebox/system'
import { Pointer, Value } from 'typebox/value'
import { closest, type Path, type ProblemCollector } from './problems.ts'
import { type ConfigFile, ConfigSchema, LATER_KEYS } from './schema.ts'

/** The annotations of schema.ts that word a message. */
interface SchemaNode {
  readonly rule?: string
  readonly remedy?: string
  readonly secret?: boolean
  readonly properties?: Readonly<Record<string, unknown>>
}

interface SchemaError {
  readonly keyword: string
  readonly schemaPath: string
  readonly instancePath: string
  readonly params: object
}

const VALUE_SHOWN_MAX = 60

/** An entry of a list and its place in the file. */
export interface Entry<Value> {
  readonly at: number
  readonly entry: Value
}

/** The parts of a file that have the right shape, so that rules can be checked on them while others are broken. */
export interface UsableConfig {
  readonly regions: readonly Entry<ConfigFile['regions'][number]>[]
  readonly failoverGroups: readonly Entry<NonNullable<ConfigFile['failoverGroups']>[number]>[]
  readonly links: readonly Entry<NonNullable<ConfigFile['links']>[number]>[]
  readonly authority: ConfigFile['authority']
  readonly kubernetes: ConfigFile['kubernetes']
  readonly replication: ConfigFile['replication']
  readonly health: ConfigFile['health']
  readonly notifications: readonly Entry<NonNullable<ConfigFile['notifications']>[number]>[]
  readonly api: ConfigFile['api']
  readonly security: ConfigFile['security']
  /** Of every region that has a name, whatever else is wrong with it. */
  readonly regionNames: readonly string[]
}

/** Reports every way in which the value differs from the schema. */
export function reportShape(schema: TSchema, value: unknown, problems: ProblemCollector): void {
  // The library stops at eight errors otherwise; an operator wants to see all of them at once.
  Settings.Set({ maxErrors: 1_000 })
  const seen = new Set<string>()
  for (const error of Value.Errors(schema, value)) {
    const branch = error.schemaPath.indexOf('/anyOf')
    const whole = branch < 0 ? error : { ...error, keyword: 'anyOf', schemaPath: error.schemaPath.slice(0, branch) }
    const key = `${whole.keyword} ${whole.schemaPath} ${whole.instancePath}`
    if (seen.has(key)) continue
    seen.add(key)
    reportError(whole, { schema, value }, problems)
  }
}

/** The same for the configuration file, and gives the parts of it that have the right shape. */
export function validateShape(value: unknown, problems: ProblemCollector): UsableConfig {
  reportShape(ConfigSchema, value, problems)
  const parts = (value ?? {}) as Record<string, unknown>
  const { regions, failoverGroups, links, authority, kubernetes, replication } = ConfigSchema.properties
  const { health, notifications, api, security } = ConfigSchema.properties
  return {
    regions: usableEntries(regions.items, parts.regions, { dropInvalid: false }),
    failoverGroups: usableEntries(failoverGroups.items, parts.failoverGroups, { dropInvalid: true }),
    links: usableEntries(links.items, parts.links, { dropInvalid: true }),
    authority: Value.Check(authority, parts.authority) ? parts.authority : undefined,
    kubernetes: Value.Check(kubernetes, parts.kubernetes) ? parts.kubernetes : undefined,
    replication: Value.Check(replication, parts.replication) ? parts.replication : undefined,
    health: Value.Check(health, parts.health) ? parts.health : undefined,
    notifications: usableEntries(notifications.items, parts.notifications, { dropInvalid: true }),
    api: Value.Check(api, parts.api) ? parts.api : undefined,
    security: Value.Check(security, parts.security) ? parts.security : undefined,
    regionNames: namesOf(parts.regions),
  }
}

/** An entry counts without its unknown keys, and without optional values of the wrong shape where that is harmless. */
function usableEntries<Schema extends TSchema>(
  schema: Schema,
  list: unknown,
  options: { readonly dropInvalid: boolean },
): Entry<Static<Schema>>[] {
  if (!Array.isArray(list)) return []
  return list.flatMap((original: unknown, at) => {
    const entry = Value.Clean(schema, Value.Clone(original))
    if (options.dropInvalid && typeof entry === 'object' && entry !== null) {
      const places = Value.Errors(schema, entry).map((error) => error.instancePath)
      for (const place of places) if (place !== '') Pointer.Delete(entry, place)
    }
    return Value.Check(schema, entry) ? [{ at, entry }] : []
  })
}

function namesOf(list: unknown): string[] {
  if (!Array.isArray(list)) return []
  return list.flatMap((entry: { name?: unknown } | null) => (typeof entry?.name === 'string' ? [entry.name] : []))
}

function reportError(
  error: SchemaError,
  { schema, value }: { readonly schema: TSchema; readonly value: unknown },
  problems: ProblemCollector,
): void {
  const path = pathOf(error.instancePath, value)
  const node = (Pointer.Get(schema, error.schemaPath.slice(1)) ?? {}) as SchemaNode
  switch (error.keyword) {
    case 'boolean':
      return // The same unknown key, reported by its object as well.
    case 'additionalProperties': {
      const { additionalProperties } = error.params as { additionalProperties: string[] }
      for (const key of additionalProperties)
        reportUnknownKey([...path, key], Object.keys(node.properties ?? {}), problems)
      return
    }
    case 'required': {
      const { requiredProperties } = error.params as { requiredProperties: string[] }
      for (const key of requiredProperties) {
        const child = (node.properties?.[key] ?? {}) as SchemaNode & { description?: string }
        problems.error([...path, key], 'missing', child.remedy ?? `add ${key}: ${firstSentence(child.description)}`)
      }
      return
    }
    default: {
      const shown = node.secret === true ? '' : showValue(path, value)
      const [rule, remedy] = wordError(error, node)
      problems.error(path, `${shown}${rule}`, remedy)
    }
  }
}

function reportUnknownKey(path: Path, known: readonly string[], problems: ProblemCollector): void {
  const key = String(path.at(-1))
  if (LATER_KEYS.has(key)) {
    problems.error(path, 'not in this version', `remove ${key}; this version has no use for it`)
    return
  }
  const meant = closest(key, known)
  const remedy = meant === undefined ? `remove it; known here: ${known.join(', ')}` : `did you mean ${meant}?`
  problems.error(path, 'unknown key', remedy)
}

type Params = { readonly type?: string; readonly limit?: number; readonly allowedValues?: readonly string[] }
type Words = readonly [rule: string, remedy: string]

/** By keyword; the schema's own `remedy` goes first where it has one. */
const WORDS: Readonly<Record<string, (params: Params) => Words>> = {
  type: ({ type = 'value' }) => [`not ${article(type)}`, `give ${article(type)}`],
  minItems: ({ limit }) =>
    limit === 1 ? ['empty', 'give at least one'] : [`fewer than ${limit}`, `give ${limit} or more`],
  minLength: () => ['empty', 'give a text or remove the key'],
  maxLength: ({ limit }) => [`longer than ${limit} characters`, 'shorten it'],
  minimum: ({ limit }) => [`below ${limit}`, `give ${limit} or more`],
  maximum: ({ limit }) => [`above ${limit}`, `give ${limit} or less`],
  enum: ({ allowedValues = [] }) => ['not known here', `use one of ${allowedValues.join(', ')}`],
}

function wordError(error: SchemaError, node: SchemaNode): Words {
  const words = WORDS[error.keyword]?.(error.params)
  return [
    words?.[0] ?? node.rule ?? `against the rule "${error.keyword}"`,
    node.remedy ?? words?.[1] ?? 'see the configuration reference',
  ]
}

/** `"Foo" is `, for scalars; nothing for what is not worth repeating. */
function showValue(path: Path, value: unknown): string {
  let at: unknown = value
  for (const part of path) at = (at as Record<string | number, unknown> | null | undefined)?.[part]
  if (at === null || at === undefined || typeof at === 'object' || at === '') return ''
  const text = JSON.stringify(at)
  return `${text.length > VALUE_SHOWN_MAX ? `${text.slice(0, VALUE_SHOWN_MAX)}…` : text} is `
}

/** JSON pointer to path; digits are an index only where the value there is an array. */
function pathOf(pointer: string, value: unknown): Path {
  let at: unknown = value
  return [...Pointer.Indices(pointer)].map((part) => {
    const key = Array.isArray(at) ? Number(part) : part
    at = (at as Record<string | number, unknown> | null | undefined)?.[key]
    return key
  })
}

function article(type: string): string {
  const words: Record<string, string> = {
    object: 'a map of keys',
    array: 'a list',
    string: 'a text',
    boolean: 'true or false',
  }
  return words[type] ?? (type === 'integer' ? 'a whole number' : `a ${type}`)
}

function firstSentence(description: string | undefined): string {
  return (description ?? 'see the configuration reference').split('. ')[0]?.replace(/\.$/, '').toLowerCase() ?? ''
}
