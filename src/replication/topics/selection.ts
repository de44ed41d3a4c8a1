import { topicFaults } from './faults.ts'

/**
 * Which topics and groups a link takes.
 *
 * An entry is one of
 * - a name or a glob: `*` stands for any characters, `?` for one; the whole name has to match;
 * - a regular expression between slashes: the whole name has to match, unless it begins with `^` or ends with `$`:
 *   then its author anchors it, and it is used as written (`/^orders/` takes every name that begins with orders).
 *
 * Exclusion wins over inclusion. Topics that Kafka, Isthmus or MirrorMaker keep for themselves are taken only where an
 * entry is their very name, and those that mean nothing on another cluster are never taken. What drills keep for
 * themselves, topics and groups that begin with `isthmus.canary.`, is taken only by entries that begin so, and only
 * canary groups have such entries; groups that begin with `isthmus.drill.` are never taken.
 */
export interface Selection {
  readonly include: readonly string[]
  readonly exclude: readonly string[]
}

type Matcher = (name: string) => boolean
type Kind = 'topic' | 'group' | 'key' | 'header'

/** State of one cluster: copying it to another cluster would be wrong, whatever a selection says. */
const NEVER = /^(?:__consumer_offsets|__transaction_state|__cluster_metadata|__share_group_state|__isthmus\..*)$/
/** Housekeeping: taken only when named literally. */
const HOUSEKEEPING = /^(?:__.*|mm2-.*\.internal|.*\.checkpoints\.internal|heartbeats)$/
const TOPIC_GLOB = /^[a-zA-Z0-9._\-*?]+$/
const TOPIC_NAME = /^[a-zA-Z0-9._-]{1,249}$/

/** Groups that Isthmus uses itself. */
const OWN_GROUPS = /^(?:__isthmus|isthmus\.drill)\./

/** Topics and consumer groups of canary groups, which only drills move. */
export const CANARY_PREFIX = 'isthmus.canary.'

/** Predicate over topic names. @throws `SELECTION_INVALID` for an entry that can match no topic or is no valid pattern. */
export function compileSelection(selection: Selection): Matcher {
  const isSelected = compile(selection, 'topic')
  const literals = new Set(selection.include)
  return (topic) => {
    if (isReservedTopic(topic)) return false
    if (HOUSEKEEPING.test(topic) && !literals.has(topic)) return false
    return isSelected(topic)
  }
}

/** Predicate over group ids, which may hold any character. Groups of Isthmus itself are never selected. */
export function compileGroupSelection(selection: Selection): Matcher {
  const isSelected = compile(selection, 'group')
  return (group) => !OWN_GROUPS.test(group) && isSelected(group)
}

/** Predicate over texts that stand in records. */
export function compileTextSelection(selection: Selection, kind: 'key' | 'header'): Matcher {
  return compile(selection, kind)
}

/** True for topics that may be neither copied nor copied to. */
export function isReservedTopic(topic: string): boolean {
  return NEVER.test(topic)
}

/** Why Kafka would refuse the name, or undefined where it would take it. */
export function explainBadTopicName(name: string): string | undefined {
  if (!TOPIC_NAME.test(name)) return 'a name has 1 to 249 letters, digits, dots, dashes and underscores'
  if (name === '.' || name === '..') return '"." and ".." are not names'
  if (isReservedTopic(name)) return 'the name is reserved'
  return undefined
}

/** The name of a topic on the target. `{source}` stands for the source region, `{topic}` for the topic's name there. */
export function renameTopic(
  pattern: string | undefined,
  { source, topic }: { readonly source: string; readonly topic: string },
): string {
  if (pattern === undefined) return topic
  return pattern.replace(/\{(source|topic)\}/g, (_whole, placeholder) => (placeholder === 'source' ? source : topic))
}

function compile({ include, exclude }: Selection, kind: Kind): Matcher {
  const included = include.map((pattern) => compilePattern(pattern, kind))
  const excluded = exclude.map((pattern) => compilePattern(pattern, kind))
  const isName = kind === 'topic' || kind === 'group'
  const ofCanaries = included.filter((_, at) => include[at]?.startsWith(CANARY_PREFIX))
  const takersOf = (name: string) => (isName && name.startsWith(CANARY_PREFIX) ? ofCanaries : included)
  return (name) => takersOf(name).some((matches) => matches(name)) && !excluded.some((matches) => matches(name))
}

function compilePattern(pattern: string, kind: Kind): Matcher {
  const expression =
    pattern.length > 2 && pattern.startsWith('/') && pattern.endsWith('/')
      ? compileExpression(pattern, kind)
      : compileGlob(pattern, kind)
  return (name) => expression.test(name)
}

function compileExpression(pattern: string, kind: string): RegExp {
  const body = pattern.slice(1, -1)
  const isAnchored = body.startsWith('^') || /(?<!\\)(?:\\\\)*\$$/.test(body)
  try {
    // Checked alone first: in parentheses, an expression such as `a)(b` would become a valid one.
    const expression = new RegExp(body, 's')
    return isAnchored ? expression : new RegExp(`^(?:${body})$`, 's')
  } catch (error) {
    throw topicFaults.fault('SELECTION_INVALID', { kind, pattern, why: (error as Error).message }, error)
  }
}

function compileGlob(pattern: string, kind: Kind): RegExp {
  if (pattern === '') throw topicFaults.fault('SELECTION_INVALID', { kind, pattern, why: 'it is empty' })
  if (kind === 'topic' && !TOPIC_GLOB.test(pattern)) {
    const why = 'topic names have letters, digits, dots, dashes and underscores only, and globs add * and ?'
    throw topicFaults.fault('SELECTION_INVALID', { kind, pattern, why })
  }
  const body = pattern
    .replace(/[\\^$.|+()[\]{}/]/g, '\\$&')
    .replace(/\*+/g, '.*')
    .replace(/\?/g, '.')
  return new RegExp(`^${body}$`, 'su')
}
