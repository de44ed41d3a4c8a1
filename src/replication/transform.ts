/**
 * What a link changes in what it copies: leaves records out, changes headers, compresses anew. Keys, values and
 * timestamps are never changed. Pure: whoever compares a copy with its source applies the same to the source's records.
 */
import { Type } from 'typebox'
import type { ChangeContents, RecordContents, RecordHeader } from '../kafka/index.ts'
import { compileTextSelection } from './topics/selection.ts'

const PATTERNS = 'Each a text, a glob (`*`, `?`) or a regular expression between slashes.'

const texts = (description: string) =>
  Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 1000 }), { description }))

const strict = <Properties extends Type.TProperties>(properties: Properties, description: string) =>
  Type.Object(properties, { additionalProperties: false, description })

const HeaderSetting = Type.String({
  pattern: '^[^=]+=',
  maxLength: 10_000,
  rule: 'not a header with its value',
  remedy: 'write name=value',
})

export const LinkTransform = strict(
  {
    filter: Type.Optional(
      strict(
        {
          keys: Type.Optional(
            strict(
              {
                include: texts(`Records whose key matches one of these are copied. ${PATTERNS} Default: all.`),
                exclude: texts('Records whose key matches one of these are left out.'),
              },
              'By key, as UTF-8 text. A record without a key matches nothing.',
            ),
          ),
          headers: Type.Optional(
            strict(
              {
                include: texts(`Records with a header that matches one of these are copied. ${PATTERNS} Default: all.`),
                exclude: texts('Records with a header that matches one of these are left out.'),
              },
              'By header: an entry is a name, or `name=value`.',
            ),
          ),
          tombstones: Type.Optional(
            Type.Enum(['copy', 'drop'], { default: 'copy', description: 'What becomes of records without a value.' }),
          ),
        },
        'Which records are copied. The others are counted, and the offset map says that they were left out.',
      ),
    ),
    headers: Type.Optional(
      strict(
        {
          remove: texts(`Headers that are taken off, by name. ${PATTERNS}`),
          set: Type.Optional(
            Type.Array(HeaderSetting, {
              description: 'Headers that each record gets, as `name=value`, in place of those of that name.',
            }),
          ),
        },
        'Changes of headers. To end them later, leave `headers: {}`: without it a restart takes the changed headers of ' +
          'the last record for the work of somebody else.',
      ),
    ),
    recompress: Type.Optional(
      Type.Enum(['none', 'gzip', 'snappy', 'lz4', 'zstd'], {
        description: "The codec of the copy. Default: each batch keeps its producer's.",
      }),
    ),
  },
  'What is changed on the way. It costs the pass-through: every batch is opened.',
)
export type LinkTransform = Type.Static<typeof LinkTransform>

/**
 * What a transform makes of a record's contents: undefined where it is left out, the very same object where nothing
 * changes. Undefined where the link changes no contents at all. Faults: SELECTION_INVALID.
 */
export function compileTransform({ filter, headers }: LinkTransform): ChangeContents | undefined {
  const tests = compileTests(filter ?? {})
  const change = headers === undefined ? undefined : compileHeaders(headers)
  if (tests.length === 0 && change === undefined) return undefined
  return (contents) => {
    for (const isCopied of tests) if (!isCopied(contents)) return undefined
    return change === undefined ? contents : change(contents)
  }
}

type Test = (contents: RecordContents) => boolean
type Lists = { readonly include?: readonly string[]; readonly exclude?: readonly string[] }

function compileTests({ keys, headers, tombstones }: NonNullable<LinkTransform['filter']>): Test[] {
  const tests: Test[] = []
  if (tombstones === 'drop') tests.push(({ value }) => value !== null)
  if (keys !== undefined) {
    const { isIncluded, isExcluded } = compileLists(keys, 'key')
    tests.push(({ key }) => {
      const text = key === null ? [] : [key.toString()]
      return (isIncluded === undefined || text.some(isIncluded)) && !text.some(isExcluded)
    })
  }
  if (headers !== undefined) {
    const { isIncluded, isExcluded } = compileLists(headers, 'header')
    tests.push(({ headers: own }) => {
      const texts = own.flatMap(([name, value]) => [name.toString(), `${name.toString()}=${value?.toString() ?? ''}`])
      return (isIncluded === undefined || texts.some(isIncluded)) && !texts.some(isExcluded)
    })
  }
  return tests
}

function compileLists({ include, exclude = [] }: Lists, kind: 'key' | 'header') {
  return {
    isIncluded: include && compileTextSelection({ include, exclude: [] }, kind),
    isExcluded: compileTextSelection({ include: exclude, exclude: [] }, kind),
  }
}

function compileHeaders({ remove = [], set = [] }: NonNullable<LinkTransform['headers']>): ChangeContents | undefined {
  if (remove.length === 0 && set.length === 0) return undefined
  const isRemoved = compileTextSelection({ include: remove, exclude: [] }, 'header')
  const added = set.map((entry): RecordHeader => {
    const at = entry.indexOf('=')
    return [Buffer.from(entry.slice(0, at)), Buffer.from(entry.slice(at + 1))]
  })
  const names = new Set(added.map(([name]) => name.toString()))
  return (contents) => {
    const kept = contents.headers.filter(([name]) => !names.has(name.toString()) && !isRemoved(name.toString()))
    if (added.length === 0 && kept.length === contents.headers.length) return contents
    return { ...contents, headers: [...kept, ...added] }
  }
}
