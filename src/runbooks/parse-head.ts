import { parse } from 'yaml'
import { describeError } from '../core/index.ts'
import { PARAM_TYPES, type Param, type Runbook } from './runbook.ts'
import type { Source } from './source.ts'

type Head = Pick<Runbook, 'id' | 'alerts' | 'severity' | 'when' | 'params' | 'role' | 'owner'>

type WrittenParam = Partial<Omit<Param, 'default'>> & { readonly default?: string | number }

/** As it stands in the file. */
interface CheckedHead extends Omit<Head, 'role' | 'params'> {
  readonly params?: Readonly<Record<string, WrittenParam | null>>
  readonly requires: Pick<Head, 'role'>
}

const oneOf =
  (...known: readonly string[]) =>
  (value: unknown) =>
    known.some((one) => one === value)
const isText = (value: unknown) => typeof value === 'string' && value !== ''
const roleOf = (value: unknown) => (value as { role?: unknown } | undefined)?.role

/** Each key with what it may be, and what is said where it is something else. */
const KEYS: Readonly<Record<string, readonly [is: (value: unknown) => boolean, rule: string, remedy: string]>> = {
  id: [isText, 'id is missing', 'give it the name of the file, without .md'],
  alerts: [
    (value) => Array.isArray(value) && value.every((alert) => typeof alert === 'string'),
    'alerts is no list of names',
    'write it as [Name, Name], or []',
  ],
  severity: [oneOf('critical', 'warning', 'planned'), 'severity is not known', 'use critical, warning or planned'],
  when: [isText, 'when is missing', 'say it in a sentence'],
  params: [
    (value) => value === undefined || (typeof value === 'object' && value !== null),
    'params is no map',
    'write NAME: { type: name, describe: what it is }',
  ],
  requires: [
    (value) => oneOf('viewer', 'operator', 'admin')(roleOf(value)),
    'requires names no role',
    'write { role: viewer }, operator or admin',
  ],
  owner: [isText, 'owner is missing', 'say who keeps it up to date'],
}

/** What stands between the two lines `---` at the top. @throws `RUNBOOK_INVALID` */
export function readHead(source: Source): Head {
  const head = readYaml(source)
  const lineOf = (key: string) => Math.max(1, source.lines.findIndex((line) => line.startsWith(`${key}:`)) + 1)
  for (const key of Object.keys(head)) {
    if (!Object.hasOwn(KEYS, key)) source.fail(lineOf(key), `${key} is no key`, `use ${Object.keys(KEYS).join(', ')}`)
  }
  for (const [key, [is, rule, remedy]] of Object.entries(KEYS)) {
    if (!is(head[key])) source.fail(lineOf(key), rule, remedy)
  }
  const { params = {}, requires, ...rest } = head as unknown as CheckedHead
  if (rest.id !== source.file.replace(/^.*\//, '').replace(/\.md$/, '')) {
    source.fail(lineOf('id'), 'id is not the name of the file', 'make them the same')
  }
  const fail = (name: string, rule: string, remedy: string) => source.fail(lineOf('params'), `${name} ${rule}`, remedy)
  return { ...rest, role: requires.role, params: readParams(params, fail) }
}

function readYaml(source: Source): Readonly<Record<string, unknown>> {
  const end = source.lines.indexOf('---', 1)
  if (source.lines[0] !== '---' || end < 0) source.fail(1, 'it has no front matter', 'begin with --- and end it so')
  try {
    const value: unknown = parse(source.lines.slice(1, end).join('\n'))
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch (error) {
    return source.fail(2, `the front matter is no YAML: ${describeError(error)}`, 'mend it')
  }
}

function readParams(
  given: Readonly<Record<string, WrittenParam | null>>,
  fail: (name: string, rule: string, remedy: string) => never,
): Readonly<Record<string, Param>> {
  const entries = Object.entries(given).map(([name, param]) => {
    const { type, describe, values, default: byDefault } = param ?? {}
    if (!/^[a-z][a-zA-Z0-9]*$/.test(name)) fail(name, 'is no name', 'use letters and digits, such as maxLag')
    if (!PARAM_TYPES.some((one) => one === type)) fail(name, 'has no type', `use ${PARAM_TYPES.join(', ')}`)
    if (typeof describe !== 'string') fail(name, 'is not described', 'say what it is')
    if ((type === 'choice') !== Array.isArray(values))
      fail(name, 'is a choice without values, or the reverse', 'mend it')
    return [name, { ...param, ...(byDefault !== undefined && { default: String(byDefault) }) } as Param] as const
  })
  return Object.fromEntries(entries)
}
