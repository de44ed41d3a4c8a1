import * as fc from 'fast-check'

/** As much of JSON Schema as the bodies of the API use. */
interface Schema {
  readonly type?: string | readonly string[]
  readonly enum?: readonly string[]
  readonly anyOf?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
}

/** A request body as it goes on the wire. */
export interface FuzzedBody {
  readonly payload: string
  readonly type: string
}

/** Bodies that look as the schema asks; patterns are not kept to. */
export function bodiesLike(schema: Schema): fc.Arbitrary<unknown> {
  const { type, properties, anyOf, items, required = [], minLength = 0, minimum = 0 } = schema
  if (anyOf !== undefined) return fc.oneof(...anyOf.map(bodiesLike))
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum)
  if (properties !== undefined) {
    const parts = Object.entries(properties).map(([key, part]) => [key, bodiesLike(part)] as const)
    return fc.record(Object.fromEntries(parts), { requiredKeys: [...required] })
  }
  if (items !== undefined) return fc.array(bodiesLike(items), { maxLength: 3 })
  switch (Array.isArray(type) ? type[0] : type) {
    case 'string':
      return fc.string({ minLength, maxLength: Math.min(schema.maxLength ?? 20, 20) })
    case 'integer':
    case 'number':
      return fc.integer({ min: minimum, max: schema.maximum ?? minimum + 1_000 })
    case 'boolean':
      return fc.boolean()
    default:
      return fc.constant(null)
  }
}

const NASTY: readonly unknown[] = [
  null,
  '',
  ' ',
  '../../etc/passwd',
  'a'.repeat(70_000),
  '\u0000',
  '\uD800',
  '${jndi:ldap://x}',
  "' OR 1=1 --",
  -1,
  0,
  1e308,
  Number.MAX_SAFE_INTEGER + 2,
  0.1,
  true,
  [],
  {},
  [[[[[[]]]]]],
  { toString: 1, constructor: { prototype: {} } },
]
const TYPES = ['text/plain', 'application/xml', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']
const JSON_TYPE = 'application/json'
// Made once: each looks up every character there is when it is made, which took longer than to draw all bodies.
const NASTY_VALUES = fc.oneof(fc.constantFrom(...NASTY), fc.jsonValue({ maxDepth: 3 }))
const BINARY_TEXT = fc.string({ unit: 'binary', maxLength: 50 })

/** What somebody may send instead: something else, something broken, or something that is nearly right. */
export function fuzzedBodies(schema: object): fc.Arbitrary<FuzzedBody> {
  const good = bodiesLike(schema)
  const changed = fc.tuple(good, fc.string({ maxLength: 12 }), NASTY_VALUES).map(([body, key, value]) => {
    const keys = Object.keys(body as object)
    const at = keys[key.length % Math.max(1, keys.length)] ?? key
    return { ...(body as object), [at]: value }
  })
  const extended = fc.tuple(
    good,
    fc.oneof(fc.string(), fc.constantFrom('constructor', 'By', 'by ', 'role')),
    NASTY_VALUES,
  )
  const lacking = fc.tuple(good, fc.nat()).map(([body, at]) => {
    const entries = Object.entries(body as object)
    return Object.fromEntries(entries.filter((_, index) => index !== at % Math.max(1, entries.length)))
  })
  const json = fc
    .oneof(
      NASTY_VALUES,
      changed,
      lacking,
      extended.map(([body, key, value]) => ({ ...(body as object), [key]: value })),
    )
    .map((body): FuzzedBody => ({ payload: JSON.stringify(body), type: JSON_TYPE }))
  const broken = fc.oneof(
    fc.tuple(good, fc.nat()).map(([body, cut]) => {
      const text = JSON.stringify(body)
      return text.slice(0, cut % text.length)
    }),
    BINARY_TEXT,
    fc.constantFrom(
      '{"__proto__":{"role":"admin"}}',
      '{"constructor":{"prototype":{"x":1}}}',
      '['.repeat(20_000),
      '{"a":',
    ),
  )
  return fc.oneof(
    { arbitrary: json, weight: 6 },
    { arbitrary: broken.map((payload) => ({ payload, type: JSON_TYPE })), weight: 2 },
    {
      arbitrary: fc
        .tuple(good, fc.constantFrom(...TYPES))
        .map(([body, type]) => ({ payload: JSON.stringify(body), type })),
      weight: 1,
    },
  )
}
