import type { RegionName } from '../../core/index.ts'
import type { AclBinding, AclOperation } from '../../kafka/index.ts'

/**
 * What is on record of a fence, in the region that it stands in: who set it, for which operation, until when, and how
 * to take it away again without anything else. Written before the fence, so that a crash leaves no fence that nobody
 * knows; a record without its fence does no harm.
 *
 * An entry may be claimed by several records (the fence of an operation and the standing one of a standby): it goes
 * with the last of them. An entry that stood there before any record claimed it is `foreign` and is never taken away.
 *
 * Where the region takes ACLs and no record, as one does that has just come back, the fence is not held up: each of its
 * entries then gets a mark beside it, by which whoever comes next tells it from a foreign one.
 */
export interface FenceRecord {
  readonly format: 1
  readonly region: RegionName
  readonly group: string
  /** Id of an operation, or `STANDING`. */
  readonly operation: string
  readonly means: FenceMeans
  readonly setBy: string
  readonly reason: string
  /** Wall clock, milliseconds since 1970. */
  readonly setAtMs: number
  /** Wall clock; the fence is lifted after that. Null: it stays until somebody lifts it. */
  readonly untilMs: number | null
  /** Of `acl` and `groups`: the entries are all combinations of these. */
  readonly denied: DeniedAccess
  readonly foreign: readonly AclBinding[]
  /** Marks may stand beside its entries. @defaultValue false */
  readonly isMarked?: boolean
  /** Of `topic-config`: the overrides that the topics had before, null for none. */
  readonly configsBefore: Readonly<Record<string, string | null>>
  /** Of `command`: it has run with success. */
  readonly hasRun: boolean
  /** A call about this fence got no answer: it may come into force at any time, also after the fence was lifted. */
  readonly mayLandLate: boolean
  /** Set from the moment that the fence is to go. The record stays until nothing can bring the fence back. */
  readonly lifted: LiftedMark | null
}

export interface LiftedMark {
  readonly by: string
  readonly atMs: number
  /** Since when nothing has come back, and the region has carried out what it was asked; null before. */
  readonly quietSinceMs: number | null
}

/** `acl` on topics, `groups` on consumer groups, the operator's `command`, or `topic-config` as a last resort. */
export type FenceMeans = 'acl' | 'groups' | 'command' | 'topic-config'

export interface DeniedAccess {
  readonly prefixes: readonly string[]
  readonly literals: readonly string[]
  readonly principals: readonly string[]
}

/** The operation of the fence that every standby carries. */
export const STANDING = 'standby'

/** What the operations of fences begin with that a person has put up. */
export const MANUAL = 'manual:'

/** Records of fences, kept where they are found without the authority. Implemented above this room. */
export interface FenceRecords {
  list(region: RegionName, signal: AbortSignal): Promise<readonly FenceRecord[]>
  /** Replaces the one of the same key. */
  put(region: RegionName, key: string, record: FenceRecord, signal: AbortSignal): Promise<void>
  remove(region: RegionName, key: string, signal: AbortSignal): Promise<void>
}

/** What each kind of fence denies. */
export const FENCED_OPERATIONS: Readonly<Record<'acl' | 'groups', readonly AclOperation[]>> = {
  acl: ['write', 'delete', 'alter'],
  groups: ['read'],
}

export const NOTHING_DENIED: DeniedAccess = { prefixes: [], literals: [], principals: [] }

/** What the key of every record begins with. */
export const FENCE_KEY_PREFIX = 'fence/'

export function fenceKeyOf({ operation, group, means }: Pick<FenceRecord, 'operation' | 'group' | 'means'>): string {
  return `${FENCE_KEY_PREFIX}${operation}/${group}/${means}`
}

/** Whether a person has put it up. */
export function isByHand({ operation }: Pick<FenceRecord, 'operation'>): boolean {
  return operation.startsWith(MANUAL)
}

/** Whether the entries of a record reach a topic, also one that is not there yet. */
export function coversTopic({ denied }: Pick<FenceRecord, 'denied'>, topic: string): boolean {
  return denied.literals.includes(topic) || denied.prefixes.some((prefix) => topic.startsWith(prefix))
}

/** The entries of a record, those included that it does not own. */
export function bindingsOf(means: FenceMeans, denied: DeniedAccess): AclBinding[] {
  if (means !== 'acl' && means !== 'groups') return []
  const resource = means === 'acl' ? 'topic' : 'group'
  const patterns = [
    ...denied.prefixes.map((name) => ({ name, pattern: 'prefixed' as const })),
    ...denied.literals.map((name) => ({ name, pattern: 'literal' as const })),
  ]
  return patterns.flatMap((pattern) =>
    denied.principals.flatMap((principal) =>
      FENCED_OPERATIONS[means].map(
        (operation): AclBinding => ({ resource, ...pattern, principal, host: '*', operation, permission: 'deny' }),
      ),
    ),
  )
}

/** What identifies an entry. Names and principals may hold any character, so that no separator would do. */
export function bindingKey(binding: AclBinding): string {
  const { resource, pattern, name, principal, host, operation, permission } = binding
  return JSON.stringify([resource, pattern, name, principal, host, operation, permission])
}

/** What says that the entry is of Isthmus while no record does: the same about a topic or group that there never is. */
export function markOf(binding: AclBinding): AclBinding {
  return { ...binding, name: `__isthmus.fence-mark.${binding.pattern}.${binding.name}`, pattern: 'literal' }
}

/** Of the first, those that are not in the second. */
export function without(bindings: readonly AclBinding[], others: Iterable<AclBinding>): AclBinding[] {
  const keys = new Set([...others].map(bindingKey))
  return bindings.filter((binding) => !keys.has(bindingKey(binding)))
}

/** What may be taken away with a record: neither foreign nor claimed by a record that stays. */
export function ownedBindings(record: FenceRecord, all: readonly FenceRecord[]): AclBinding[] {
  const key = fenceKeyOf(record)
  const claimed = all
    .filter((other) => other.lifted === null && fenceKeyOf(other) !== key)
    .flatMap(({ means, denied }) => bindingsOf(means, denied))
  return without(bindingsOf(record.means, record.denied), [...record.foreign, ...claimed])
}

/** Both, sorted and without repetition. */
export function joinDenied(one: DeniedAccess, other: DeniedAccess): DeniedAccess {
  const join = (key: keyof DeniedAccess) => [...new Set([...one[key], ...other[key]])].sort()
  return { prefixes: join('prefixes'), literals: join('literals'), principals: join('principals') }
}
