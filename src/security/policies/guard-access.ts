import type { AclBinding, AclOperation, AclResource } from '../../kafka/index.ts'
import {
  type AccessQuestion,
  allows,
  ANY,
  type Authorizer,
  CLUSTER_NAME,
  createAuthorizer,
  denies,
  EVERYONE,
  matchesName,
  OPERATIONS_OF,
} from '../authorizer-model.ts'
import { without } from '../fences/fence-record.ts'
import { isOverlay } from './overlay.ts'

/**
 * Who must not lose a right by a change of entries, found with the model of the authorizer: pure. Exact for entries: each
 * set of names that the same entries reach is tried by one name of it. Fences are left aside on both sides, so that a
 * right which one takes away for the time being is not taken away for good.
 */
export interface AccessGuards {
  /** As the brokers name Isthmus; undefined where that is not known. */
  readonly ownPrincipal: string | undefined
  /** Whether Isthmus is a super user, as was tried. */
  readonly isExempt: boolean
  /** As the operator says of the region: no entry applies to them. */
  readonly superUsers: readonly string[]
  /** Who has to keep every right besides Isthmus: those that only the policy takes for super users. */
  readonly kept: readonly string[]
  /** Undefined: whoever may do CLUSTER_ACTION counts as one. */
  readonly brokers: readonly string[] | undefined
  /** Whether resources without entries are open to everyone. */
  readonly allowsWithoutAcl: 'no' | 'yes' | 'unknown'
}

export interface LostRight {
  readonly principal: string
  readonly operation: AclOperation
  readonly resource: AclResource
  readonly name: string
  /** `*`: wherever it comes from. */
  readonly host: string
}

interface Change {
  readonly before: readonly AclBinding[]
  readonly after: readonly AclBinding[]
}

interface Sides {
  readonly before: Authorizer
  readonly after: Authorizer
}

/** In no name, address or principal that is in use: stands for those that no entry names. */
const UNNAMED = '\u{10ffff}'
/** Who has no entry of its own. */
const SOMEBODY = `User:${UNNAMED}`
const LOST_MAX = 20

/** Up to 20 of them: one is enough to refuse a change. */
export function findLostRights(change: Change, guards: AccessGuards): LostRight[] {
  const before = change.before.filter((it) => !isOverlay(it))
  const after = change.after.filter((it) => !isOverlay(it))
  const mayBeOpen = guards.allowsWithoutAcl !== 'no'
  const added = without(after, before).filter(({ permission }) => permission === 'deny' || mayBeOpen)
  const removed = without(before, after).filter(({ permission }) => permission === 'allow')
  if (added.length + removed.length === 0) return []
  const sides = {
    before: createAuthorizer(before, { allowsWithoutAcl: mayBeOpen }),
    // Where the change reaches, an entry has to let somebody in: whether the others are gone depends on their order.
    after: createAuthorizer(after, { allowsWithoutAcl: false }),
  }
  const { ownPrincipal, isExempt, superUsers, kept } = guards
  const exempt = new Set([...superUsers, ...(isExempt && ownPrincipal !== undefined ? [ownPrincipal] : [])])
  const own = ownPrincipal === undefined ? [] : [ownPrincipal]
  const whole = [...new Set([...own, ...kept])].filter((principal) => !exempt.has(principal))
  const entries = [...before, ...added]
  const names = new NamesOf(entries)
  const lost: LostRight[] = []
  const note = (principal: string, rights: Iterable<Right>) => {
    const hosts = hostsOf(principal, entries)
    for (const right of rights) {
      if (lost.length >= LOST_MAX) return
      const host = hosts.find((host) => isLost(sides, { ...right, principal, host }))
      if (host !== undefined) lost.push({ ...right, principal, host })
    }
  }
  for (const principal of whole) note(principal, rightsAtStake({ added, removed, mayBeOpen, principal, names }))
  const isAboutCluster = [...added, ...removed].some(({ resource }) => resource === 'cluster')
  for (const principal of isAboutCluster ? brokersAmong(entries, guards) : []) {
    if (!exempt.has(principal) && !whole.includes(principal)) note(principal, [BROKER_RIGHT])
  }
  return lost
}

type Right = Omit<LostRight, 'principal' | 'host'>

const BROKER_RIGHT = { operation: 'cluster-action', resource: 'cluster', name: CLUSTER_NAME } as const

function isLost({ before, after }: Sides, question: AccessQuestion): boolean {
  return before.isAllowed(question) && !after.isAllowed(question)
}

/** `*` stands for an address that no entry names. */
function hostsOf(principal: string, entries: readonly AclBinding[]): readonly string[] {
  const own = entries.filter((it) => it.principal === principal || it.principal === EVERYONE)
  return [...new Set([ANY, ...own.map(({ host }) => host)])]
}

interface Stake {
  readonly added: readonly AclBinding[]
  readonly removed: readonly AclBinding[]
  readonly mayBeOpen: boolean
  readonly principal: string
  readonly names: NamesOf
}

/** Everything that the changed entries may decide about one principal. */
function* rightsAtStake({ added, removed, mayBeOpen, principal, names }: Stake): Iterable<Right> {
  /** Names that stand and fall together, with what may change for them. */
  const reached = new Map<string, { readonly binding: AclBinding; readonly operations: Set<AclOperation> }>()
  const reach = (binding: AclBinding, isAdded: boolean) => {
    const { resource, pattern, name } = binding
    if (resource === 'unknown') return
    // Any entry closes what was open for want of one.
    const closes = isAdded && mayBeOpen
    if (!closes && binding.principal !== principal && binding.principal !== EVERYONE) return
    const key = `${resource} ${pattern} ${name}`
    const held = reached.get(key) ?? { binding, operations: new Set<AclOperation>() }
    reached.set(key, held)
    for (const operation of OPERATIONS_OF[resource]) {
      if (closes || (isAdded ? denies : allows)(binding, operation)) held.operations.add(operation)
    }
  }
  for (const binding of added) reach(binding, true)
  for (const binding of removed) reach(binding, false)
  for (const { binding, operations } of reached.values()) {
    for (const name of names.reachedBy(binding)) {
      for (const operation of operations) yield { operation, resource: binding.resource, name }
    }
  }
}

/** Those of the policy, or whoever an entry names, one to come as well; somebody stands for those whom nothing names. */
function brokersAmong(entries: readonly AclBinding[], { brokers }: AccessGuards): readonly string[] {
  if (brokers !== undefined) return brokers
  const named = entries.filter(({ resource, principal }) => resource === 'cluster' && principal !== EVERYONE)
  return [...new Set(named.map(({ principal }) => principal)), SOMEBODY]
}

/** One name for each set of names that the same entries reach, by the kind of resource. */
class NamesOf {
  readonly #sorted = new Map<AclResource, readonly string[]>()

  constructor(bindings: readonly AclBinding[]) {
    const names = new Map<AclResource, Set<string>>()
    for (const { resource, pattern, name } of bindings) {
      const held = names.get(resource) ?? new Set([UNNAMED])
      names.set(resource, held.add(pattern === 'prefixed' ? `${name}${UNNAMED}` : name))
    }
    for (const [resource, held] of names) this.#sorted.set(resource, [...held].sort(compare))
  }

  reachedBy(binding: AclBinding): readonly string[] {
    const sorted = this.#sorted.get(binding.resource) ?? []
    const { pattern, name } = binding
    if (pattern === 'literal' && name !== ANY) return [name]
    if (pattern === 'literal') return sorted.filter((it) => matchesName(binding, it))
    const from = firstAtLeast(sorted, name)
    let to = from
    while (sorted[to]?.startsWith(name) === true) to++
    return sorted.slice(from, to)
  }
}

/** By code units, as names that begin alike stand side by side then. */
function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}

function firstAtLeast(sorted: readonly string[], name: string): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] ?? '') < name) low = middle + 1
    else high = middle
  }
  return low
}
