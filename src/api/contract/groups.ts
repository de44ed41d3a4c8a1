import { Type } from 'typebox'
import { atMs, count, nullableInteger, nullableNumber, object, text } from './schema-kit.ts'

export const PositionBody = object(
  {
    topic: text('Name at the source.'),
    targetTopic: text('Name at the target.'),
    partition: count('Partition.'),
    sourceOffset: count('Position committed at the source.'),
    targetOffset: nullableInteger('The same position on the target. Null while it can not be told.'),
    behindRecords: count('Records the group would read again on the target, because the copy is behind it.'),
    rereadRecords: nullableInteger(
      'Records the group would read again if it moved now: between its position on the target, whoever wrote it, and ' +
        'the one at the source. Null where it has none there, or nothing is known.',
    ),
  },
  'Position of a group in one partition.',
)

export const GroupState = Type.Enum([
  'synced',
  'active-on-target',
  'foreign-position',
  'not-copied',
  'failed',
  'gone-at-source',
])

export const GroupBody = object(
  {
    link: text('Name of the link.'),
    group: text('Consumer group.'),
    state: GroupState,
    reason: text('A sentence for the operator.'),
    syncedAtMs: nullableInteger('When its positions were last in step, milliseconds since 1970.'),
    syncAgeSeconds: nullableNumber('Seconds since then. Null before the first time.'),
    rereadRecords: nullableInteger('Over all of its positions. Null where one of them is not known.'),
    positions: Type.Array(PositionBody),
  },
  'A consumer group over a link.',
)
export type GroupBody = Type.Static<typeof GroupBody>

export const GroupsBody = object(
  {
    link: text('Name of the link.'),
    total: count('Groups that match, over all pages.'),
    next: Type.Unsafe<string | null>({
      type: ['string', 'null'],
      description: 'Give it as `after` for the next page; null on the last.',
    }),
    groups: Type.Array(GroupBody),
  },
  'A page of the consumer groups of a link, in the order of their names.',
)
export type GroupsBody = Type.Static<typeof GroupsBody>

export const GroupsQuery = object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100, description: 'Groups a page.' })),
    after: Type.Optional(Type.String({ maxLength: 300, description: '`next` of the page before.' })),
    state: Type.Optional(GroupState),
    group: Type.Optional(Type.String({ maxLength: 249, description: 'Only this consumer group.' })),
  },
  'Which groups.',
)
export type GroupsQuery = Type.Static<typeof GroupsQuery>

const LagPartition = object(
  {
    partition: count('Partition.'),
    position: nullableInteger('Position of the group at the source.'),
    end: nullableInteger('End of the partition at the source, as last observed.'),
    lagRecords: nullableInteger('Records the group has still to read at the source. Null while unknown.'),
    copyLagRecords: nullableInteger('Records the copy has still to take. Null while unknown.'),
    copyLagSeconds: nullableNumber('Age of the oldest record the copy lacks. Null while unknown.'),
    rereadRecords: nullableInteger('Records the group would read again on the target. Null while unknown.'),
  },
  'Lag of one partition.',
)

const LagTopic = object(
  { topic: text('Name at the source.'), partitions: Type.Array(LagPartition) },
  'Lag of one topic.',
)

const LagGroup = object(
  {
    link: text('Name of the link.'),
    group: Type.Unsafe<string | null>({
      type: ['string', 'null'],
      description: 'Consumer group; null for the copy itself, which counts every partition of the link.',
    }),
    topics: Type.Array(LagTopic),
  },
  'Lag of a group, or of the copy itself.',
)

export const LagBody = object(
  { atMs: atMs('When this was true.'), groups: Type.Array(LagGroup) },
  'Lag by group, topic and partition; the copy itself comes first for each link.',
)
export type LagBody = Type.Static<typeof LagBody>

export const LagQuery = object(
  {
    link: Type.Optional(Type.String({ maxLength: 63, description: 'Only this link.' })),
    group: Type.Optional(Type.String({ maxLength: 249, description: 'Only this consumer group.' })),
    topic: Type.Optional(Type.String({ maxLength: 249, description: 'Only this topic, by its name at the source.' })),
  },
  'Which lag.',
)
export type LagQuery = Type.Static<typeof LagQuery>

export const Direction = Type.Enum(['source-to-target', 'target-to-source'])

export const TranslateQuery = object(
  {
    link: Type.String({ maxLength: 63, description: 'Name of the link.' }),
    topic: Type.Optional(Type.String({ maxLength: 249, description: 'Name at the source.' })),
    partition: Type.Optional(Type.Integer({ minimum: 0, description: 'Partition.' })),
    offset: Type.Optional(Type.Integer({ minimum: 0, description: 'Offset to translate.' })),
    direction: Type.Optional(Direction),
    group: Type.Optional(
      Type.String({ maxLength: 249, description: 'Instead of topic, partition and offset: all positions of a group.' }),
    ),
  },
  'One offset (`topic`, `partition`, `offset`), or all positions of a group (`group`).',
)
export type TranslateQuery = Type.Static<typeof TranslateQuery>

export const TranslateBody = object(
  {
    offset: Type.Optional(
      object(
        {
          link: text('Name of the link.'),
          topic: text('Name at the source.'),
          targetTopic: text('Name at the target.'),
          partition: count('Partition.'),
          direction: Direction,
          from: count('The offset asked for.'),
          to: count('Its translation.'),
          note: Type.Enum(['exact', 'hole', 'before-start', 'not-copied']),
        },
        'Set where an offset was asked for.',
      ),
    ),
    group: Type.Optional(GroupBody),
  },
  'Exactly one of `offset` and `group`, as was asked for.',
)
export type TranslateBody = Type.Static<typeof TranslateBody>
