import { Type } from 'typebox'
import { OPERATIONS_OF } from '../authorizer-model.ts'
import { principalSchema } from '../options.ts'

/**
 * The one definition of a policy file: types, validation and messages come from it. What a schema cannot state is in
 * policy-rules.ts. A file is read whole or not at all: nothing in it is ever taken for "remove everything".
 */
const strict = <Properties extends Type.TProperties>(properties: Properties, description: string) =>
  Type.Object(properties, { additionalProperties: false, description })

const choice = <const Values extends string[]>(values: readonly [...Values], description: string) =>
  Type.Enum([...values], { description })

const OPERATIONS = ['all', ...new Set(Object.values(OPERATIONS_OF).flat())] as const
const RESOURCES = ['topic', 'group', 'cluster', 'transactional-id', 'delegation-token', 'user'] as const
/** Of SCRAM, as brokers take them. */
export const FEWEST_ITERATIONS = 4_096
export const AT_MOST_ITERATIONS = 16_384
const MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512', 'oauthbearer', 'gssapi'] as const

const ownerName = Type.String({
  pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$',
  description: 'Whose rights these are. What is removed never goes beyond what was put up for this owner.',
  rule: 'not a valid name',
  remedy: 'use lower-case letters, digits and dashes, up to 63, with a letter or digit at both ends',
})

const names = (description: string) => Type.Array(Type.String({ minLength: 1 }), { minItems: 1, description })

const topics = Type.Array(
  Type.String({
    pattern: '^[A-Za-z0-9._*?-]{1,249}$',
    rule: 'neither the name of a topic nor a glob',
    remedy: 'use letters, digits, dots, dashes and underscores, * for any text and ? for one character',
  }),
  {
    minItems: 1,
    description: 'Names and globs. What no entry of Kafka covers exactly is written out for the topics that exist.',
  },
)

const groups = Type.Array(
  Type.String({
    pattern: '^[^*?]*\\*?$',
    minLength: 1,
    rule: 'no name, and no beginning, which is all that Kafka can let in before a group exists',
    remedy: 'name the group, or how groups begin followed by *',
  }),
  { minItems: 1, description: 'Names of consumer groups, or how they begin followed by `*`.' },
)

const Applies = strict(
  {
    failoverGroup: Type.Optional(Type.String({ description: 'All regions of this failover group.' })),
    regions: Type.Optional(names('Names of regions.')),
  },
  'Where: exactly one of its keys.',
)

const Baseline = strict(
  {
    plaintext: Type.Optional(choice(['refuse', 'allow'], 'Listeners without TLS.')),
    tlsMin: Type.Optional(
      Type.Enum(['1.2', '1.3'], { description: 'Oldest version of TLS.', remedy: 'write "1.2" or "1.3", in quotes' }),
    ),
    sasl: Type.Optional(
      Type.Array(choice(MECHANISMS, 'A mechanism.'), { minItems: 1, description: 'Mechanisms that may be enabled.' }),
    ),
    anonymous: Type.Optional(choice(['refuse', 'allow'], 'Clients that do not log in.')),
    allowEveryoneIfNoAcl: Type.Optional(
      Type.Boolean({ description: 'What `allow.everyone.if.no.acl.found` of the brokers is.' }),
    ),
    superUsers: Type.Optional(Type.Array(principalSchema('One of them.'), { description: '`super.users`, all.' })),
    brokers: Type.Optional(
      Type.Array(principalSchema('One of them.'), {
        minItems: 1,
        description: 'Whom brokers take each other for. Default: whoever may do CLUSTER_ACTION.',
      }),
    ),
    maxReauthMinutes: Type.Optional(
      Type.Integer({ minimum: 1, description: 'After how long clients have to log in again, at the latest.' }),
    ),
    certificateMinDays: Type.Optional(
      Type.Integer({ minimum: 1, description: 'How long certificates have to be valid for, still.' }),
    ),
  },
  'What brokers and listeners have to be like.',
)

const Principal = strict(
  {
    name: principalSchema('As the brokers write it.'),
    auth: choice(['scram-sha-256', 'scram-sha-512', 'plain', 'mtls', 'oauthbearer'], 'How it logs in.'),
    passwordFile: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'For SCRAM: a user that a region lacks is made with it; one that is there keeps its password. A relative path ' +
          'starts at the policy file.',
      }),
    ),
    iterations: Type.Optional(
      Type.Integer({
        minimum: FEWEST_ITERATIONS,
        maximum: AT_MOST_ITERATIONS,
        description: 'For SCRAM. Default: whatever a user has; 8192 where one is made.',
      }),
    ),
  },
  'Somebody who uses the region.',
)

const Quota = strict(
  {
    principal: Type.Optional(principalSchema('Whose. `User:*` is every user that has none of its own.')),
    clientId: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'Of clients that call themselves so; with a principal, of its clients only. `*` is every other one.',
      }),
    ),
    producerBytesPerSecond: Type.Optional(Type.Integer({ minimum: 1, description: 'Written through one broker.' })),
    consumerBytesPerSecond: Type.Optional(Type.Integer({ minimum: 1, description: 'Read through one broker.' })),
    requestPercent: Type.Optional(
      Type.Number({ exclusiveMinimum: 0, description: 'Share of the time of one thread of a broker.' }),
    ),
    mutationsPerSecond: Type.Optional(
      Type.Number({ exclusiveMinimum: 0, description: 'Partitions that are made and deleted.' }),
    ),
  },
  'Limits of a principal, of clients by their id, or both. Limits that no policy names stay as they are.',
)

const Produce = strict(
  {
    topics,
    idempotent: Type.Optional(
      Type.Boolean({
        default: false,
        description: 'IDEMPOTENT_WRITE on the cluster, which brokers before 3.0 ask for.',
      }),
    ),
    transactionalIdPrefix: Type.Optional(
      Type.String({ minLength: 1, description: 'How the transactional ids begin that it may use.' }),
    ),
  },
  'Writes to topics.',
)

const Consume = strict({ topics, groups: Type.Optional(groups) }, 'Reads topics, as a member of groups.')

const Role = strict(
  {
    principal: principalSchema('Who. `User:*` is everyone.'),
    produce: Type.Optional(Produce),
    consume: Type.Optional(Consume),
  },
  'Rights of one principal, the same in every region. At least one of `produce` and `consume`.',
)

export const PolicyAcl = strict(
  {
    principal: principalSchema('Who. `User:*` is everyone.'),
    operation: choice(OPERATIONS, 'What.'),
    resource: choice(RESOURCES, 'On what.'),
    name: Type.Optional(
      Type.String({ minLength: 1, description: 'Its name, or how it begins; `*` for every one. None for `cluster`.' }),
    ),
    pattern: Type.Optional(
      Type.Enum(['literal', 'prefixed'], { default: 'literal', description: 'How `name` is meant.' }),
    ),
    host: Type.Optional(Type.String({ minLength: 1, default: '*', description: 'From which address.' })),
    permission: Type.Optional(Type.Enum(['allow', 'deny'], { default: 'allow', description: 'Whether it may.' })),
  },
  'An entry as Kafka has it.',
)
export type PolicyAcl = Type.Static<typeof PolicyAcl>

export const SecurityPolicy = strict(
  {
    apiVersion: Type.Enum(['isthmus/v1'], {
      description: 'Version of the file format.',
      remedy: 'write apiVersion: isthmus/v1',
    }),
    kind: Type.Enum(['SecurityPolicy'], { description: 'What the file is.', remedy: 'write kind: SecurityPolicy' }),
    owner: ownerName,
    applies: Applies,
    baseline: Type.Optional(Baseline),
    principals: Type.Optional(Type.Array(Principal, { description: 'Who uses the regions.' })),
    quotas: Type.Optional(Type.Array(Quota, { description: 'How much they may use.' })),
    roles: Type.Optional(Type.Array(Role, { description: 'Who may do what.' })),
    acls: Type.Optional(Type.Array(PolicyAcl, { description: 'What roles cannot say.' })),
    enforce: Type.Optional(
      Type.Boolean({
        default: false,
        description:
          'Whether entries, users and quotas that are missing are put up unasked, once a minute at most. Entries of globs that Kafka cannot ' +
          'say are kept up in any case, once the policy has been applied.',
      }),
    ),
    enforceRemovals: Type.Optional(
      Type.Boolean({
        default: false,
        description:
          'Whether `enforce` also takes away what was put up for this owner and is not declared any more: 5 entries at ' +
          'most, and no more than a tenth.',
      }),
    ),
  },
  'Rights of one owner, in every region that they apply to. Unknown keys are refused.',
)
export type SecurityPolicy = Type.Static<typeof SecurityPolicy>
