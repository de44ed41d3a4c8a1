import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What the test asks the API server. */
type Ask = (path: string) => Promise<{ readonly body: object }>
type Json = { readonly [key: string]: unknown }

interface Definition {
  readonly 'x-kubernetes-group-version-kind'?: readonly {
    readonly group: string
    readonly version: string
    readonly kind: string
  }[]
}

const REF = '#/components/schemas/'

/**
 * Writes a JSON Schema for every kind of an API server, made from its `/openapi/v3` and strict about unknown fields: what
 * kubeconform takes as `FOLDER/{{.ResourceKind}}{{.KindSuffix}}.json`. Returns how many there are.
 */
export async function writeSchemas(ask: Ask, folder: string): Promise<number> {
  mkdirSync(folder, { recursive: true })
  const { paths } = (await ask('/openapi/v3')).body as {
    paths: Readonly<Record<string, { serverRelativeURL: string }>>
  }
  const groups = Object.entries(paths).filter(([path]) => /^apis?\/.*v[0-9]/.test(path))
  const documents = await Promise.all(
    groups.map(async ([, { serverRelativeURL }]) => (await ask(serverRelativeURL)).body),
  )
  const written = documents.flatMap((document) => {
    const { schemas = {} } =
      (document as { components?: { schemas?: Readonly<Record<string, Definition>> } }).components ?? {}
    return Object.entries(schemas).flatMap(([name, definition]) => {
      const kinds = definition['x-kubernetes-group-version-kind'] ?? []
      const [only] = kinds
      if (only === undefined || kinds.length > 1) return []
      const file = [only.kind.toLowerCase(), only.group.split('.')[0], only.version]
        .filter((part) => part !== '')
        .join('-')
      writeFileSync(join(folder, `${file}.json`), JSON.stringify(schemaOf(name, schemas)))
      return [file]
    })
  })
  return new Set(written).size
}

/** One kind with all that it refers to. */
function schemaOf(name: string, schemas: Readonly<Record<string, unknown>>): Json {
  const reached = new Map<string, unknown>()
  const visit = (one: string) => {
    if (reached.has(one)) return
    reached.set(one, undefined)
    reached.set(one, strict(schemas[one], visit))
  }
  visit(name)
  return { $ref: `#/definitions/${name}`, definitions: Object.fromEntries(reached) }
}

function strict(value: unknown, visit: (name: string) => void): unknown {
  if (Array.isArray(value)) return value.map((one) => strict(one, visit))
  if (typeof value !== 'object' || value === null) return value
  const given = value as Json
  const { $ref } = given
  // A property may be called so too.
  if (typeof $ref === 'string') {
    visit($ref.slice(REF.length))
    return { $ref: $ref.replace(REF, '#/definitions/') }
  }
  const entries = Object.entries(given).filter(
    ([key]) => !key.startsWith('x-kubernetes-') && key !== 'default' && key !== 'format',
  )
  const plain = Object.fromEntries(entries.map(([key, one]) => [key, strict(one, visit)]))
  if (given['x-kubernetes-int-or-string'] === true || given['format'] === 'int-or-string') {
    return { anyOf: [{ type: 'integer' }, { type: 'string' }] }
  }
  const isOpen = given['properties'] === undefined || given['additionalProperties'] !== undefined
  return isOpen || given['x-kubernetes-preserve-unknown-fields'] === true
    ? plain
    : { ...plain, additionalProperties: false }
}
