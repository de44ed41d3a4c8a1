/**
 * What a fence covers, and under which names: pure. A fence is put on a prefix only where that prefix can take nothing
 * but topics of the group; everything else is named one by one, before it exists where its name is known.
 */
export interface FenceScope {
  /** Name of the failover group. */
  readonly group: string
  /** Entries of the group's selection: names, globs, or expressions between slashes. */
  readonly include: readonly string[]
  readonly exclude: readonly string[]
  /** What the selection itself says of a name; it decides. */
  isSelected(topic: string): boolean
}

/** Resource names as ACLs know them. */
export interface FencedNames {
  readonly prefixes: readonly string[]
  readonly literals: readonly string[]
}

/** Names that a selection takes only literally, by how they begin: no prefix may reach them. */
const HELD_BACK = ['__', 'mm2-', 'heartbeats']
/** Topics that only drills write to; their own groups begin their entries so. */
const CANARIES = 'isthmus.canary.'

/** `existing`: every topic of the region. Both lists are sorted and without repetition. */
export function planNames(scope: FenceScope, existing: readonly string[]): FencedNames {
  const prefixes = new Set<string>()
  const literals = new Set<string>()
  for (const entry of scope.include) {
    const prefix = prefixOf(entry)
    if (prefix !== undefined && coversOnlyGroup(prefix, scope, existing)) prefixes.add(prefix)
    else if (isName(entry) && scope.isSelected(entry)) literals.add(entry)
  }
  for (const topic of existing) if (scope.isSelected(topic)) literals.add(topic)
  const kept = [...prefixes].filter((prefix) => ![...prefixes].some((it) => it !== prefix && prefix.startsWith(it)))
  const single = [...literals].filter((topic) => !kept.some((prefix) => topic.startsWith(prefix)))
  return { prefixes: kept.sort(), literals: single.sort() }
}

/** Whether the fenced names reach every topic that the scope may ever select; else each is fenced once it is known. */
export function reachesAll({ include }: Pick<FenceScope, 'include'>, { prefixes }: FencedNames): boolean {
  const isReached = (head: string | undefined) => head !== undefined && prefixes.some((it) => head.startsWith(it))
  return include.every((entry) => isName(entry) || isReached(prefixOf(entry)))
}

/** `orders.` for the glob `orders.*`; undefined for everything that is more, or less, than a beginning. */
function prefixOf(entry: string): string | undefined {
  return /^(?<prefix>[^*?/]+)\*+$/.exec(entry)?.groups?.['prefix']
}

function isName(entry: string): boolean {
  return !/[*?/]/.test(entry)
}

function coversOnlyGroup(prefix: string, scope: FenceScope, existing: readonly string[]): boolean {
  if (HELD_BACK.some((head) => mayMeet(prefix, head))) return false
  if (!prefix.startsWith(CANARIES) && CANARIES.startsWith(prefix)) return false
  if (scope.exclude.some((entry) => mayMeet(prefix, headOf(entry)))) return false
  return existing.every((topic) => !topic.startsWith(prefix) || scope.isSelected(topic))
}

/** What every name that the entry takes begins with; '' where that cannot be said. */
function headOf(entry: string): string {
  return entry.startsWith('/') ? '' : (entry.split(/[*?]/)[0] ?? '')
}

/** Whether some name may begin with both. */
function mayMeet(prefix: string, head: string): boolean {
  return prefix.startsWith(head) || head.startsWith(prefix)
}
