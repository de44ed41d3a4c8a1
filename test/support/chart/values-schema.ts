import { ConfigSchema } from '../../../src/config/schema.ts'
import type { ChartValue } from './values-page.ts'

/** JSON Schema, as far as it is written here. */
export type Schema = { readonly [key: string]: unknown }

const text: Schema = { type: 'string' }
const count: Schema = { type: 'integer', minimum: 0 }
const texts: Schema = { type: 'array', items: text }
const maps: Schema = { type: 'array', items: { type: 'object' } }
const share: Schema = { anyOf: [count, { type: 'string', pattern: '^[0-9]+%$' }] }
const name = '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'

/** What a default alone does not tell, by the end of the path. */
const KNOWN: readonly (readonly [RegExp, Schema])[] = [
  [/^image\.digest$/, { ...text, pattern: '^(sha256:[0-9a-f]{64})?$' }],
  [/^image\.pullPolicy$/, { enum: ['Always', 'IfNotPresent', 'Never'] }],
  [/^logLevel$/, { enum: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] }],
  [/^region$/, { ...text, pattern: `^(${name.slice(1, -1)})?$` }],
  [/^api\.port$/, { type: 'integer', minimum: 1024, maximum: 65_535 }],
  [/^api\.anonymous$/, { enum: ['none', 'viewer'] }],
  [/^service\.type$/, { enum: ['ClusterIP', 'NodePort', 'LoadBalancer'] }],
  [/maxUnavailable$/, share],
  [/(extraArgs|existingSecrets|dnsNames)$/, texts],
  [/extraPorts$/, { type: 'array', items: { type: 'integer', minimum: 1, maximum: 65_535 } }],
  [/extraObjects$/, { type: 'array', items: { type: ['object', 'string'] } }],
  [
    /^api\.tokens$/,
    {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['name', 'role', 'existingSecret', 'key'],
        properties: {
          name: { ...text, pattern: name },
          role: { enum: ['viewer', 'operator', 'admin'] },
          existingSecret: { ...text, minLength: 1 },
          key: { ...text, minLength: 1 },
        },
      },
    },
  ],
]

/** `values.schema.json`: every value of the chart, and nothing else; `config` is checked as Isthmus checks it. */
export function makeValuesSchema(values: readonly ChartValue[]): Schema {
  const tree = values.reduce<Schema>((schema, value) => put(schema, value.path.split('.'), schemaOf(value)), strict({}))
  const properties = { ...propertiesOf(tree), global: { type: 'object', description: 'Values of a parent chart.' } }
  return { $schema: 'https://json-schema.org/draft/2020-12/schema', ...tree, properties }
}

function strict(properties: Schema): Schema {
  return { type: 'object', additionalProperties: false, properties }
}

function propertiesOf(schema: Schema): Schema {
  return schema['properties'] as Schema
}

function put(schema: Schema, [key = '', ...rest]: readonly string[], leaf: Schema): Schema {
  const properties = propertiesOf(schema)
  const inner = rest.length === 0 ? leaf : put((properties[key] as Schema | undefined) ?? strict({}), rest, leaf)
  return { ...schema, properties: { ...properties, [key]: inner } }
}

function schemaOf({ path, default: value, description }: ChartValue): Schema {
  if (path === 'config') return { ...configSchema(), description }
  const known = KNOWN.find(([pattern]) => pattern.test(path))?.[1]
  return { ...(known ?? typeOf(value)), description }
}

function typeOf(value: unknown): Schema {
  if (Array.isArray(value)) return maps
  if (typeof value === 'object') return { type: 'object' }
  if (typeof value === 'number') return count
  return { type: typeof value }
}

/** The configuration without what the chart fills in, and without the keys that are for messages of ours. */
function configSchema(): Schema {
  const plain = JSON.parse(
    JSON.stringify(ConfigSchema, (key, value: unknown) =>
      ['rule', 'remedy', 'secret'].includes(key) ? undefined : value,
    ),
  ) as Schema
  const { apiVersion: _version, api: _api, ...properties } = propertiesOf(plain)
  const required = (plain['required'] as string[]).filter((key) => key !== 'apiVersion')
  return { ...plain, properties, required }
}
