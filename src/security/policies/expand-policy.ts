import type { AclBinding } from '../../kafka/index.ts'
import { CLUSTER_NAME } from '../authorizer-model.ts'
import { bindingKey } from '../fences/fence-record.ts'
import type { DesiredAccounts } from './desired-accounts.ts'
import { type PatternOfNames, readPattern } from './name-pattern.ts'
import type { PolicyAcl, SecurityPolicy } from './policy-schema.ts'

/**
 * The entries that a policy asks for: pure. They are the same in every region; which globs had to be written out for
 * topics is kept, so that the right to a topic stays while the topic is away: it comes back with a restored region, and a
 * list of topics may be short because a region did not answer.
 */
export interface ExpandedPolicy {
  /** Sorted, each once. */
  readonly bindings: readonly AclBinding[]
  readonly followed: readonly FollowedPattern[]
  /** Undefined where it declares neither users nor quotas. */
  readonly accounts?: DesiredAccounts | undefined
}

export interface FollowedPattern {
  /** As it stands in the policy. */
  readonly text: string
  readonly principal: string
  readonly operation: 'read' | 'write'
  /** How many topics it takes now. */
  readonly topics: number
}

/** `topics`: of all regions that the policy applies to. */
export function expandPolicy(
  { roles = [], acls = [] }: Pick<SecurityPolicy, 'roles' | 'acls'>,
  topics: readonly string[],
): ExpandedPolicy {
  const found = new Map<string, AclBinding>()
  const followed: FollowedPattern[] = []
  const add = (binding: AclBinding) => void found.set(bindingKey(binding), binding)
  const addTopics = (principal: string, operation: 'read' | 'write', patterns: readonly string[]) => {
    for (const text of patterns) {
      const pattern = readPattern(text)
      const names = namesOf(pattern, topics)
      for (const name of names) add(allow(principal, { resource: 'topic', ...name, operation }))
      if (pattern.kind === 'followed') followed.push({ text, principal, operation, topics: names.length })
    }
  }
  for (const { principal, produce, consume } of roles) {
    if (produce !== undefined) {
      const { idempotent = false, transactionalIdPrefix: name } = produce
      addTopics(principal, 'write', produce.topics)
      if (idempotent) add(allow(principal, { ...CLUSTER, operation: 'idempotent-write' }))
      if (name !== undefined) {
        add(allow(principal, { resource: 'transactional-id', name, pattern: 'prefixed', operation: 'write' }))
      }
    }
    if (consume === undefined) continue
    addTopics(principal, 'read', consume.topics)
    for (const group of consume.groups ?? []) {
      for (const name of namesOf(readPattern(group), [])) {
        add(allow(principal, { resource: 'group', ...name, operation: 'read' }))
      }
    }
  }
  for (const entry of acls) add(bindingOf(entry))
  const bindings = [...found].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, binding]) => binding)
  return { bindings, followed }
}

/** Tells whether a glob of the policy means the topic of an entry, there or not. */
export function followerOf({ followed }: Pick<ExpandedPolicy, 'followed'>): (binding: AclBinding) => boolean {
  const globs = followed.map(({ text, principal, operation }) => ({ principal, operation, glob: readPattern(text) }))
  return ({ resource, pattern, permission, host, principal, operation, name }) => {
    if (resource !== 'topic' || pattern !== 'literal' || permission !== 'allow' || host !== '*') return false
    return globs.some(({ glob, ...of }) => {
      return of.principal === principal && of.operation === operation && glob.kind === 'followed' && glob.matches(name)
    })
  }
}

/** An entry of the escape hatch, with its defaults. */
export function bindingOf({ name, pattern, host, permission, ...entry }: PolicyAcl): AclBinding {
  return {
    ...entry,
    name: name ?? CLUSTER_NAME,
    pattern: pattern ?? 'literal',
    host: host ?? '*',
    permission: permission ?? 'allow',
  }
}

const CLUSTER = { resource: 'cluster', name: CLUSTER_NAME, pattern: 'literal' } as const

function allow(principal: string, what: Pick<AclBinding, 'resource' | 'name' | 'pattern' | 'operation'>): AclBinding {
  return { ...what, principal, host: '*', permission: 'allow' }
}

function namesOf(pattern: PatternOfNames, topics: readonly string[]): readonly Pick<AclBinding, 'name' | 'pattern'>[] {
  if (pattern.kind === 'entry') return [{ name: pattern.name, pattern: pattern.pattern }]
  return topics.filter((topic) => pattern.matches(topic)).map((name) => ({ name, pattern: 'literal' }))
}
