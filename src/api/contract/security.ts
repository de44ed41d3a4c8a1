import { Type } from 'typebox'
import { count, name, nullableInteger, nullableText, object, text } from './schema-kit.ts'

export const AclEntry = object(
  {
    principal: text('Who; `User:*` is everyone.'),
    operation: text('What, such as `write`.'),
    resource: text('On what: `topic`, `group`, `cluster`, `transactional-id`, `delegation-token`, `user`.'),
    name: text('Of the resource, or how it begins.'),
    pattern: Type.Enum(['literal', 'prefixed'], { description: 'How the name is meant.' }),
    host: text('From which address; `*` is every one.'),
    permission: Type.Enum(['allow', 'deny'], { description: 'Whether it may.' }),
  },
  'An ACL as Kafka has it.',
)
export type AclEntry = Type.Static<typeof AclEntry>

const entries = (description: string) => Type.Array(AclEntry, { description })
const owner = text('Whose policy.')
const region = text('In which region.')

const PolicyTroubleBody = object(
  { owner, region, reason: text('What is wrong.'), remedy: text('What to do.') },
  'A region of a policy that could not be looked at.',
)
const troubles = Type.Array(PolicyTroubleBody, { description: 'Regions that could not be looked at.' })

const removalKeys = {
  remove: Type.Optional(
    Type.Boolean({
      default: false,
      description: 'Whether entries that were put up for the owner, and are not declared any more, are taken away.',
    }),
  ),
  maxRemovals: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 20_000,
      description:
        'How many may go from one region. Default: 5, and no more than a tenth of what stands for the owner.',
    }),
  ),
}

const credential = {
  user: text('Without `User:`.'),
  mechanism: Type.Enum(['SCRAM-SHA-256', 'SCRAM-SHA-512'], { description: 'How it logs in.' }),
}
const userWhy = text('What would be done, or why nothing is.')

const QuotaBody = object(
  {
    entity: Type.Array(
      object(
        { type: text('`user` or `client-id`.'), name: nullableText('Null: every one without a limit of its own.') },
        'A part of it.',
      ),
      { description: 'Whose limit.' },
    ),
    key: text('As Kafka calls it, such as `producer_byte_rate`.'),
    value: Type.Number({ description: 'As declared.' }),
    found: Type.Unsafe<number | null>({ type: ['number', 'null'], description: 'As it is; null where there is none.' }),
  },
  'A limit that is not as declared.',
)
export type QuotaBody = Type.Static<typeof QuotaBody>

export const SecurityPlanRequest = object(
  {
    owner: Type.Optional(name('Only the policy of this owner.')),
    region: Type.Optional(name('Only this region.')),
    ...removalKeys,
  },
  'Which policies are planned.',
)
export type SecurityPlanRequest = Type.Static<typeof SecurityPlanRequest>

const PolicyPlanBody = object(
  {
    owner,
    region,
    hash: text('Of what was seen and what is to be done; applying asks for it.'),
    additions: entries('What is missing.'),
    removals: entries('What would be taken away.'),
    left: Type.Array(
      object(
        {
          entry: AclEntry,
          why: Type.Enum(['claimed-by-another', 'topic-away', 'removal-off'], { description: 'Why it stays.' }),
          reason: text('A sentence about it.'),
        },
        'An entry that stays.',
      ),
      { description: 'Put up for this owner, no longer declared, and left standing.' },
    ),
    foreign: entries('Neither declared nor put up for anybody; never touched.'),
    applied: Type.Boolean({ description: 'Whether a plan of this owner was applied here before.' }),
    standing: count('Declared entries that stand already.'),
    lints: Type.Array(
      object(
        {
          code: Type.Enum(['everyone', 'wildcard-write', 'all-on-cluster'], { description: 'What it is.' }),
          of: Type.Enum(['policy', 'region'], { description: 'Who has it: the policy, or others in the region.' }),
          entry: AclEntry,
          reason: text('Why it is told.'),
        },
        'An entry that lets in more than most people mean.',
      ),
      { description: 'Told, not refused.' },
    ),
    users: Type.Array(object({ ...credential, iterations: count('Of the hash.') }, 'A user.'), {
      description: 'SCRAM users that are missing, and would be made.',
    }),
    usersLeft: Type.Array(
      object(
        {
          ...credential,
          why: Type.Enum(['no-password', 'other-iterations'], { description: 'Why nothing is done.' }),
          reason: userWhy,
        },
        'A user.',
      ),
      { description: 'SCRAM users that are not as declared, and are left so.' },
    ),
    quotas: Type.Array(QuotaBody, { description: 'Limits that would be set.' }),
    obstacles: Type.Array(
      object({ code: text('Stable.'), reason: text('What is wrong.'), remedy: text('What to do.') }, 'An obstacle.'),
      { description: 'While there is one, nothing is applied.' },
    ),
  },
  'What applying a policy to a region would do.',
)
export type PolicyPlanBody = Type.Static<typeof PolicyPlanBody>

export const SecurityPlanBody = object(
  {
    remove: Type.Boolean({ description: 'As asked for.' }),
    maxRemovals: nullableInteger('As asked for.'),
    plans: Type.Array(PolicyPlanBody, { description: 'One for each policy and region.' }),
    troubles,
  },
  'Plans of policies. Nothing was changed.',
)
export type SecurityPlanBody = Type.Static<typeof SecurityPlanBody>

export const SecurityApplyRequest = object(
  {
    hash: Type.String({ minLength: 1, maxLength: 100, description: 'Of the plan.' }),
    ...removalKeys,
    by: Type.String({ minLength: 1, maxLength: 200, description: 'Who asks.' }),
    reason: Type.String({ minLength: 1, maxLength: 2000, description: 'Why.' }),
  },
  'Carries a plan out, as long as the region is as it was planned. Again with the same hash: goes on where it ended.',
)
export type SecurityApplyRequest = Type.Static<typeof SecurityApplyRequest>

export const SecurityApplyBody = object(
  {
    owner,
    region,
    added: count('Entries that were put up; each is in force on every broker.'),
    removed: count('Entries that were taken away.'),
    users: count('SCRAM users that were made; every broker knows them.'),
    quotas: count('Limits that were set.'),
    resumed: Type.Boolean({ description: 'Whether an earlier call had begun it.' }),
    remaining: count('What there is to do now: more than 0 where somebody else changes entries at the same time.'),
  },
  'What was done.',
)
export type SecurityApplyBody = Type.Static<typeof SecurityApplyBody>

export const SecurityScopeQuery = Type.Object(
  { owner: Type.Optional(name('Only of this owner.')), region: Type.Optional(name('Only in this region.')) },
  { additionalProperties: false },
)

const PolicyDriftBody = object(
  {
    owner,
    region,
    missing: entries('Declared, and not there.'),
    extraOwned: entries('Put up for this owner and no longer declared.'),
    extraForeign: entries('Put up by others for principals of the policy.'),
    changed: Type.Array(object({ declared: AclEntry, found: AclEntry }, 'A pair.'), {
      description: 'Declared for the same right, but from another address, or allowed where it is to be denied.',
    }),
    users: Type.Array(
      object(
        {
          ...credential,
          why: Type.Enum(['missing', 'no-password', 'other-iterations'], { description: 'How it differs.' }),
          reason: userWhy,
        },
        'A user.',
      ),
      { description: 'SCRAM users that are not there, or not as declared.' },
    ),
    quotas: Type.Array(QuotaBody, { description: 'Limits that are not as declared.' }),
  },
  'How a region differs from a policy.',
)
export type PolicyDriftBody = Type.Static<typeof PolicyDriftBody>

export const SecurityDriftBody = object(
  {
    drifts: Type.Array(PolicyDriftBody, { description: 'One for each policy and region.' }),
    entries: count('All that differs.'),
    troubles,
  },
  'How regions differ from the policies, looked up now.',
)
export type SecurityDriftBody = Type.Static<typeof SecurityDriftBody>

export const SecurityImportQuery = Type.Object(
  {
    region: name('The region to write it from.'),
    owner: name('Whose policy it is to be.'),
    failoverGroup: Type.Optional(name('To which it applies. Default: to this region.')),
  },
  { additionalProperties: false },
)

export const SecurityImportBody = object(
  {
    policy: Type.Object(
      {},
      { additionalProperties: true, description: 'A SecurityPolicy; planning it is empty there.' },
    ),
    leftOut: Type.Array(Type.String(), {
      description: 'What stands there and no policy can say, or could not be read.',
    }),
  },
  'A policy that asks for what stands.',
)
export type SecurityImportBody = Type.Static<typeof SecurityImportBody>

export const RIGHTS_ROLES = ['all', 'controller', 'replicator', 'agent'] as const

export const SecurityRightsQuery = Type.Object(
  {
    role: Type.Optional(
      Type.Enum([...RIGHTS_ROLES], {
        default: 'all',
        description: 'What the process is there for, as of `isthmus run`.',
      }),
    ),
  },
  { additionalProperties: false },
)

export const SecurityRightsBody = object(
  {
    role: text('As asked for.'),
    regions: Type.Array(
      object(
        {
          region,
          bootstrap: Type.Array(Type.String(), { description: 'Its addresses.' }),
          principal: nullableText('As the brokers name Isthmus; null where it is not known: set fence.principal.'),
          rights: Type.Array(
            object(
              {
                entry: AclEntry,
                for: text('What for.'),
                optional: Type.Boolean({ description: 'Whether all but what it is for works without it.' }),
              },
              'A right.',
            ),
            { description: 'Least rights; DESCRIBE and DESCRIBE_CONFIGS that others imply are left out.' },
          ),
        },
        'What Isthmus needs in a region.',
      ),
    ),
  },
  'The least rights of the principals of Isthmus, by the configuration.',
)
export type SecurityRightsBody = Type.Static<typeof SecurityRightsBody>

export const SecurityProbeRequest = object(
  { region: Type.Optional(name('Only this region.')) },
  'Which regions are probed.',
)

const severity = Type.Enum(['critical', 'error', 'warning', 'info'], { description: 'How grave.' })

const ProbeFindingBody = object(
  {
    id: text('What it is; see the findings of `isthmus security probe`.'),
    severity,
    region,
    broker: nullableInteger('Null where it is about the region as a whole.'),
    listener: nullableText('Name of the listener, or its address.'),
    title: text('What is wrong.'),
    evidence: text('What was seen.'),
    remedy: text('What to do.'),
  },
  'A finding of probes.',
)
export type ProbeFindingBody = Type.Static<typeof ProbeFindingBody>

const ProbedListenerBody = object(
  {
    broker: nullableInteger('Of which broker.'),
    listener: text('Its name, or its address.'),
    address: text('`host:port`.'),
    speaks: Type.Unsafe<string | null>({ type: ['string', 'null'], description: '`tls` or `plaintext`.' }),
    tlsVersion: nullableText('The newest that both sides know.'),
    certificateEnds: nullableText('ISO 8601.'),
    mechanisms: Type.Array(Type.String(), { description: 'SASL mechanisms that it offers.' }),
  },
  'A listener as a stranger sees it.',
)

const ProbeRoundBody = object(
  {
    region,
    at: text('When, ISO 8601.'),
    declared: Type.Boolean({ description: 'Whether a policy says what the region has to be like.' }),
    findings: Type.Array(ProbeFindingBody, { description: 'The gravest first.' }),
    listeners: Type.Array(ProbedListenerBody, { description: 'What was probed.' }),
  },
  'A round of probes of a region.',
)

export const SecurityProbeBody = object(
  { rounds: Type.Array(ProbeRoundBody, { description: 'The last one of each region.' }) },
  'What probes have found.',
)
export type SecurityProbeBody = Type.Static<typeof SecurityProbeBody>
