import { Type } from 'typebox'
import type { LinkBandwidthOptions } from './bandwidth.ts'

/**
 * What replication can be told in the configuration file: types, validation and the reference page come from here.
 * `TopicSelection`, `GroupSelection`, `LinkStart` and `TopicRename` belong to one link or failover group;
 * `ReplicationOptions` holds for the process.
 */
const PATTERN_FORMS =
  'An entry is a name, a glob (`*` any characters, `?` one; the whole name has to match) or a regular expression ' +
  'between slashes (the whole name has to match, unless it begins with `^` or ends with `$`).'

const selection = (what: string, description: string) =>
  Type.Object(
    {
      include: Type.Array(Type.String({ minLength: 1, maxLength: 1000 }), {
        minItems: 1,
        description: `The ${what} to take. ${PATTERN_FORMS}`,
        remedy: 'give at least one name or pattern, such as "orders.*"',
      }),
      exclude: Type.Optional(
        Type.Array(Type.String({ minLength: 1, maxLength: 1000 }), {
          default: [],
          description: `The ${what} to leave out of \`include\`, in the same form; it wins over \`include\`.`,
        }),
      ),
    },
    { additionalProperties: false, description },
  )

export const TopicSelection = selection(
  'topics',
  'Which topics are copied. Topics that Kafka or MirrorMaker keep for themselves are copied only where an entry of ' +
    '`include` is their very name; offsets, transactions and the topics of Isthmus never are.',
)
export type TopicSelection = Type.Static<typeof TopicSelection>

export const GroupSelection = selection(
  'consumer groups',
  'Which consumer groups have their positions kept in step. Share groups are left out: they have no positions.',
)
export type GroupSelection = Type.Static<typeof GroupSelection>

export const LinkStart = Type.String({
  pattern: '^(earliest|latest|\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d{1,3})?(Z|[+-]\\d{2}:\\d{2}))$',
  default: 'earliest',
  description:
    'Where copying begins when it is started for the first time: `earliest`, `latest` or a time (RFC 3339) such as ' +
    '`2026-01-31T06:00:00Z`. Topics and partitions created later are always copied from their beginning.',
  rule: 'not a start',
  remedy: 'write earliest, latest or a time such as 2026-01-31T06:00:00Z',
})

export const TopicRename = Type.String({
  pattern: '^([A-Za-z0-9._-]|\\{source\\})*\\{topic\\}([A-Za-z0-9._-]|\\{source\\})*$',
  default: '{topic}',
  description:
    'Name of the copy on the target: `{topic}` stands for the name at the source, `{source}` for the source region.',
  rule: 'not a rename pattern',
  remedy: 'write {topic} once, where the name goes, such as {source}.{topic}, and else only a-z A-Z 0-9 . _ -',
})

const MEGABYTE = 1_000_000

const megabytesPerSecond = (description: string) =>
  Type.Optional(
    Type.Number({
      minimum: 0,
      maximum: 100_000,
      default: 0,
      description: `${description} Megabytes (1,000,000 bytes) a second, as they come from the source; 0 is no limit.`,
    }),
  )

export const LinkTraffic = Type.Object(
  {
    maxMegabytesPerSecond: megabytesPerSecond('How much the link may fetch.'),
    priority: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 100,
        default: 10,
        description:
          'Weight of the link where `replication.maxMegabytesPerSecond` makes links compete: one of 20 gets twice as ' +
          'much as one of 10. What a link leaves unused goes to the others.',
      }),
    ),
  },
  { additionalProperties: false, description: 'How much of the way to the other region the link takes.' },
)
export type LinkTraffic = Type.Static<typeof LinkTraffic>

/** The traffic options in the form that the bandwidth takes. */
export function resolveTraffic({ maxMegabytesPerSecond = 0, priority = 10 }: LinkTraffic = {}): LinkBandwidthOptions {
  return { weight: priority, limit: bytesPerSecond(maxMegabytesPerSecond) }
}

/** Undefined: no limit. */
export function bytesPerSecond(megabytes: number): number | undefined {
  return megabytes === 0 ? undefined : megabytes * MEGABYTE
}

const DELETIONS = { follow: false, graceMinutes: 60 }

export const TopicDeletions = Type.Object(
  {
    follow: Type.Optional(
      Type.Boolean({
        default: DELETIONS.follow,
        description:
          'Whether the copy of a topic is deleted when its source topic was. A source that does not answer, lists no ' +
          'topics or may not tell of this one never counts as a deletion.',
      }),
    ),
    graceMinutes: Type.Optional(
      Type.Number({
        minimum: 0.1,
        maximum: 43_200,
        default: DELETIONS.graceMinutes,
        description:
          'How long the copy stays after the source topic was found gone. A restart of Isthmus begins it anew; a topic ' +
          'that is made again within it is told as recreated.',
      }),
    ),
  },
  {
    additionalProperties: false,
    description: 'What becomes of copies whose source topic is deleted. They stay, by default.',
  },
)
export type TopicDeletions = Type.Static<typeof TopicDeletions>

/** The policy with every value that is not given taken from its schema's default. */
export function resolveDeletions(given: TopicDeletions = {}): { readonly follow: boolean; readonly graceMs: number } {
  const { follow, graceMinutes } = { ...DELETIONS, ...given }
  return { follow, graceMs: graceMinutes * 60_000 }
}

const seconds = (options: { minimum: number; default: number; description: string }) =>
  Type.Optional(Type.Number({ maximum: 3600, ...options }))

export const ReplicationOptions = Type.Object(
  {
    topicSyncSeconds: seconds({
      minimum: 1,
      default: 4,
      description: 'Seconds between looks at the topics of both sides: new topics, partitions and configs.',
    }),
    positionSyncSeconds: seconds({
      minimum: 0.1,
      default: 1,
      description: 'Seconds between looks at the positions of the consumer groups.',
    }),
    groupDeletionGraceSeconds: seconds({
      minimum: 1,
      default: 600,
      description:
        'Seconds that a consumer group, or its positions in a topic, have to be gone at the source before the positions ' +
        'that Isthmus wrote for them are deleted on the target.',
    }),
    replicationFactor: Type.Optional(
      Type.Union([Type.Integer({ minimum: 1, maximum: 32_767 }), Type.Literal('default')], {
        default: 'default',
        description:
          'Replication factor of the topics that are created on a target; `default` leaves it to the target brokers.',
        rule: 'not a replication factor',
        remedy: 'write a whole number from 1 on, or default',
      }),
    ),
    heldBackSeconds: seconds({
      minimum: 1,
      default: 60,
      description:
        'Seconds for which a transaction may hold back the last stable offset of a source partition before Isthmus ' +
        'asks whose it is and whether it hangs.',
    }),
    bufferMb: Type.Optional(
      Type.Integer({
        minimum: 8,
        maximum: 16_384,
        default: 64,
        description: 'Mebibytes of fetched records that all links together hold while the targets have not taken them.',
      }),
    ),
    maxMegabytesPerSecond: megabytesPerSecond('How much all links together may fetch, shared by their `priority`.'),
    shareWork: Type.Optional(
      Type.Boolean({
        default: true,
        description:
          'Replicators with the same target region share its work through the Kafka group `__isthmus.shards` there. ' +
          'They need the same links into it: one whose links differ copies nothing until the others have stopped. The ' +
          'first of all waits `group.initial.rebalance.delay.ms` of the target. ' +
          '`false`: this process takes over everything at its start, and another one that takes it over in turn ends it.',
      }),
    ),
    memberName: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9._-]{0,200}$',
        default: '',
        description:
          'Name of this process among the replicators, unique and the same after a restart. Empty: host name and port ' +
          'of the API.',
        rule: 'not a member name',
        remedy: 'use up to 200 of a-z A-Z 0-9 . _ -',
      }),
    ),
    sessionSeconds: Type.Optional(
      Type.Integer({
        minimum: 6,
        maximum: 300,
        default: 10,
        description:
          'Seconds after which the others take over the work of a replicator that is not heard of. The target brokers ' +
          'have to allow it (`group.min.session.timeout.ms`, `group.max.session.timeout.ms`).',
      }),
    ),
    acknowledgeUnfenced: Type.Optional(
      Type.Boolean({
        default: false,
        description:
          'Vouches that no older replicator runs: a shard whose last owner can no longer be fenced (fault ' +
          'SHARD_UNFENCED) is taken over all the same. Set it for one start only.',
      }),
    ),
  },
  { additionalProperties: false, description: 'How the replicator of this process works.' },
)
export type ReplicationOptions = Type.Static<typeof ReplicationOptions>

/** The options with every value that is not given taken from its schema's default. */
export function resolveReplicationOptions(given: ReplicationOptions): Required<ReplicationOptions> {
  const defaults = Object.entries(ReplicationOptions.properties).map(([name, schema]) => [
    name,
    (schema as { default?: unknown }).default,
  ])
  return { ...(Object.fromEntries(defaults) as Required<ReplicationOptions>), ...given }
}
