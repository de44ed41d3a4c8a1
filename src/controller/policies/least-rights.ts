import type { RegionRights } from '../../api/index.ts'
import type { Config, LinkConfig } from '../../config/index.ts'
import type { RegionName } from '../../core/index.ts'
import type { AclBinding, AclOperation, AclResource } from '../../kafka/index.ts'
import type { Role } from '../control.ts'

/**
 * The least rights that Isthmus and its canary need in each region, by the configuration and by what a process is there
 * for: pure.
 * Selections that Kafka cannot say (a glob with something behind its star, an expression) are widened to how they begin.
 * DESCRIBE and DESCRIBE_CONFIGS that another right implies are left out, as brokers ask for them only through those.
 */
interface Need {
  readonly resource: AclResource
  readonly names: readonly Name[]
  readonly operations: readonly AclOperation[]
  readonly why: string
  readonly isOptional?: true
}

type Name = Pick<AclBinding, 'name' | 'pattern'>

const EVERY: readonly Name[] = [{ name: '*', pattern: 'literal' }]
const OWN: readonly Name[] = [{ name: '__isthmus.', pattern: 'prefixed' }]
const CLUSTER: readonly Name[] = [{ name: 'kafka-cluster', pattern: 'literal' }]
const UNKNOWN = 'User:isthmus'

type RightsConfig = Pick<Config, 'regions' | 'links' | 'failoverGroups' | 'policies'>

/** Of Isthmus in each region and, behind it, of the canary where there is one: only a process that decides uses it. */
export function findLeastRights(config: RightsConfig, role: Role): RegionRights[] {
  return [...config.regions.values()].flatMap(({ name: region, bootstrap, fence, canary }) => {
    const of = (needs: readonly Need[], principal: string | undefined): RegionRights => {
      return { region, bootstrap, principal, rights: rightsOf(needs, principal ?? UNKNOWN) }
    }
    const own = of(needsOf(config, region, role), fence.principal)
    const others = role === 'all' || role === 'controller' ? canaryNeeds(config, region) : []
    return canary === undefined || others.length === 0 ? [own] : [own, of(others, canary.principal)]
  })
}

function needsOf({ links, failoverGroups, policies }: RightsConfig, region: RegionName, role: Role): readonly Need[] {
  const isMember = failoverGroups.some(({ regions }) => regions.includes(region))
  const health = isMember ? HEALTH : []
  if (role === 'agent') return health
  const ofGroups = failoverGroups
    .filter(({ regions }) => regions.includes(region))
    // Any of its regions may be active one day.
    .flatMap(({ topics: { include } }) => [...sourceNeeds(include), ...targetNeeds(include)])
  const declared = links.filter(({ failoverGroup }) => failoverGroup === null)
  const copies = [
    ...declared.filter(({ source }) => source === region).flatMap(({ topics }) => sourceNeeds(topics.include)),
    ...declared.filter(({ target }) => target === region).flatMap((link) => targetNeeds(writtenNames(link))),
  ]
  const moves = isMember ? MOVES : []
  if (role === 'replicator') return [...ofGroups, ...copies, ...(isMember ? FENCES : []), ...health]
  const here = policies.filter(({ regions }) => regions.includes(region))
  const hasQuotas = here.some(({ policy: { quotas = [] } }) => quotas.length > 0)
  const rights = here.length === 0 ? [] : [...POLICIES, ...(hasQuotas ? QUOTAS : [])]
  const decides = [...ofGroups, ...moves, ...health, ...rights]
  return role === 'controller' ? decides : [...decides, ...copies]
}

/** What applications may, and the records of drills. */
function canaryNeeds({ failoverGroups }: RightsConfig, region: RegionName): Need[] {
  const groups = failoverGroups.filter(({ regions }) => regions.includes(region))
  return groups.flatMap(({ topics, canaryOf }): Need[] => {
    const names = namesOf(topics.include)
    if (canaryOf === null) return [{ resource: 'topic', names, operations: ['write'], why: 'being refused by a fence' }]
    return [
      { resource: 'topic', names, operations: ['read', 'write'], why: 'records of drills' },
      { resource: 'group', names, operations: ['read'], why: 'positions of drills' },
    ]
  })
}

function sourceNeeds(topics: readonly string[]): Need[] {
  const names = namesOf(topics)
  return [
    { resource: 'topic', names, operations: ['read'], why: 'copying' },
    { resource: 'topic', names, operations: ['describe-configs'], why: 'configs of copies' },
    { resource: 'topic', names: OWN, operations: ['read'], why: 'noticing copies that would come back' },
    { resource: 'group', names: EVERY, operations: ['describe'], why: 'positions of consumer groups' },
    {
      resource: 'transactional-id',
      names: EVERY,
      operations: ['describe'],
      why: 'telling hanging transactions from long ones',
    },
  ]
}

function targetNeeds(topics: readonly string[]): Need[] {
  const names = namesOf(topics)
  return [
    { resource: 'topic', names, operations: ['create'], why: 'making copies' },
    { resource: 'topic', names, operations: ['read'], why: 'the proof of where a copy ends' },
    { resource: 'topic', names, operations: ['write'], why: 'copying' },
    { resource: 'topic', names, operations: ['alter'], why: 'partitions that are added' },
    { resource: 'topic', names, operations: ['alter-configs'], why: 'configs of copies' },
    { resource: 'topic', names, operations: ['delete'], why: 'following the start of the log; reseeds; deletions' },
    { resource: 'topic', names: OWN, operations: ['create', 'read', 'write'], why: 'the offset map' },
    {
      resource: 'topic',
      names: OWN,
      operations: ['delete'],
      why: 'taking them away with the last link, by `isthmus link remove`',
      isOptional: true,
    },
    { resource: 'transactional-id', names: OWN, operations: ['write'], why: 'one writer for each shard' },
    { resource: 'group', names: EVERY, operations: ['read'], why: 'positions; sharing work with other replicators' },
    {
      resource: 'group',
      names: EVERY,
      operations: ['delete'],
      why: 'positions that are gone at the source',
      isOptional: true,
    },
    {
      resource: 'cluster',
      names: CLUSTER,
      operations: ['alter'],
      why: 'fencing an owner that the broker has forgotten (before Kafka 3.8: CLUSTER_ACTION)',
      isOptional: true,
    },
  ]
}

const FENCES: readonly Need[] = [
  { resource: 'cluster', names: CLUSTER, operations: ['describe', 'alter'], why: 'fences against applications' },
]

const MOVES: readonly Need[] = [
  ...FENCES,
  {
    resource: 'cluster',
    names: CLUSTER,
    operations: ['describe-configs'],
    why: 'super users and quotas, which every move looks at',
  },
  {
    resource: 'transactional-id',
    names: EVERY,
    operations: ['describe', 'write'],
    why: 'ending transactions that are open at a move',
  },
  {
    resource: 'topic',
    names: [{ name: '__transaction_state', pattern: 'literal' }],
    operations: ['describe'],
    why: 'being sure that a transaction hangs',
    isOptional: true,
  },
  {
    resource: 'topic',
    names: [{ name: '__transaction_state', pattern: 'literal' }],
    operations: ['read'],
    why: 'completing transactions whose markers a broker has dropped',
    isOptional: true,
  },
]

const HEALTH: readonly Need[] = [
  {
    resource: 'topic',
    names: [{ name: '__isthmus.health', pattern: 'literal' }],
    operations: ['create', 'read', 'write'],
    why: 'proof that the region takes writes; hearing other processes',
    isOptional: true,
  },
  {
    resource: 'cluster',
    names: CLUSTER,
    operations: ['describe'],
    why: 'whether the controller quorum answers',
    isOptional: true,
  },
]

const POLICIES: readonly Need[] = [
  { resource: 'cluster', names: CLUSTER, operations: ['describe', 'alter'], why: 'reading and applying policies' },
  { resource: 'topic', names: OWN, operations: ['create', 'read', 'write'], why: 'the record of what was put up' },
  {
    resource: 'cluster',
    names: CLUSTER,
    operations: ['describe-configs'],
    why: 'what brokers are set to',
    isOptional: true,
  },
]

const QUOTAS: readonly Need[] = [
  {
    resource: 'cluster',
    names: CLUSTER,
    operations: ['describe-configs', 'alter-configs'],
    why: 'reading and setting quotas of policies',
  },
]

/** Each right once; it is optional only where everything that asks for it is. */
function rightsOf(needs: readonly Need[], principal: string): RegionRights['rights'] {
  const found = new Map<string, RegionRights['rights'][number]>()
  for (const { resource, names, operations, why, isOptional = false } of needs) {
    for (const operation of operations) {
      for (const name of names) {
        const key = [resource, name.pattern, name.name, operation].join(' ')
        const before = found.get(key)
        const binding = { resource, ...name, operation, principal, host: '*', permission: 'allow' } as const
        const reasons = before === undefined || before.why.includes(why) ? [] : [before.why]
        const all = [...reasons, before !== undefined && reasons.length === 0 ? before.why : why].join('; ')
        found.set(key, { binding, why: all, isOptional: isOptional && before?.isOptional !== false })
      }
    }
  }
  const rights = [...found.values()]
  return rights.filter(({ binding }) => !rights.some((other) => other.binding !== binding && covers(other, binding)))
}

/** What another right says already: a wider name, or what the operation implies. */
function covers({ binding: has, isOptional }: RegionRights['rights'][number], wanted: AclBinding): boolean {
  if (isOptional || has.resource !== wanted.resource) return false
  const isImplied = IMPLIED_BY[wanted.operation]?.includes(has.operation) === true
  if (has.operation !== wanted.operation && !isImplied) return false
  const isSame = has.name === wanted.name && has.pattern === wanted.pattern
  if (isSame) return has.operation !== wanted.operation
  if (has.pattern === 'literal') return has.name === '*'
  return wanted.name !== '*' && wanted.name.startsWith(has.name)
}

const IMPLIED_BY: Readonly<Partial<Record<AclOperation, readonly AclOperation[]>>> = {
  describe: ['read', 'write', 'delete', 'alter'],
  'describe-configs': ['alter-configs'],
}

/** Names and globs of a selection as Kafka can say them. */
function namesOf(patterns: readonly string[]): Name[] {
  return patterns.map((text) => {
    if (text.length > 2 && text.startsWith('/') && text.endsWith('/')) return { name: '*', pattern: 'literal' }
    const at = text.search(/[*?]/)
    if (at < 0) return { name: text, pattern: 'literal' }
    return at === 0 ? { name: '*', pattern: 'literal' } : { name: text.slice(0, at), pattern: 'prefixed' }
  })
}

/** On the target. */
function writtenNames({ source, topics, rename }: LinkConfig): readonly string[] {
  if (rename === null) return topics.include
  return topics.include.map((text) => {
    const topic = text.startsWith('/') ? '*' : text
    return rename.replaceAll('{source}', source).replaceAll('{topic}', () => topic)
  })
}
