import type { AclOperation, OwnRights } from '../../kafka/index.ts'

/** What each step needs of Isthmus's own principal: pure. */
interface Need {
  readonly step: string
  readonly on: 'cluster' | 'topics'
  readonly operations: readonly AclOperation[]
  /** Not needed where the operator's command fences. */
  readonly isForAcls?: boolean
  /** On the cluster it is as good. */
  readonly isOnEither?: boolean
}

const SOURCE: readonly Need[] = [
  { step: 'fence', on: 'cluster', operations: ['describe', 'alter'], isForAcls: true },
  { step: 'settle', on: 'topics', operations: ['read', 'describe-configs'] },
  { step: 'cut', on: 'topics', operations: ['write'] },
  { step: 'reverse', on: 'topics', operations: ['create'], isOnEither: true },
  { step: 'reverse', on: 'topics', operations: ['write', 'alter-configs'] },
]

const TARGET: readonly Need[] = [
  { step: 'promote', on: 'topics', operations: ['write', 'describe-configs', 'alter-configs'] },
  { step: 'open', on: 'cluster', operations: ['describe', 'alter'], isForAcls: true },
  { step: 'reverse', on: 'topics', operations: ['read'] },
]

export interface RightsQuestion {
  readonly side: 'source' | 'target'
  readonly rights: OwnRights
  readonly topics: readonly string[]
  /** False where no fence of the region is made of ACLs. */
  readonly usesAcls: boolean
}

export function findOwnRightsMissing({ side, rights, topics, usesAcls }: RightsQuestion): string[] {
  const needs = (side === 'source' ? SOURCE : TARGET).filter(({ isForAcls }) => usesAcls || isForAcls !== true)
  return needs.flatMap(({ step, on, operations, isOnEither = false }) => {
    return operations.flatMap((operation) => {
      const text = `${step}: ${operation.toUpperCase()}`
      if (isOnEither && rights.cluster.includes(operation)) return []
      if (on === 'cluster') return rights.cluster.includes(operation) ? [] : [`${text} on the cluster`]
      const [first, ...others] = topics.filter((topic) => !(rights.topics.get(topic) ?? []).includes(operation))
      if (first === undefined) return []
      return [`${text} on ${first}${others.length > 0 ? ` and ${others.length} more topics` : ''}`]
    })
  })
}
