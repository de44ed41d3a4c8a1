import { Type } from 'typebox'
import { atMs, count, nullableInteger, object, text } from './schema-kit.ts'

const offset = (description: string) => Type.Optional(Type.Integer({ minimum: 0, description }))

export const VerificationScope = Type.Union(
  [
    object({ kind: Type.Literal('whole') }, 'Everything that is copied and still there.'),
    object(
      {
        kind: Type.Literal('range'),
        fromOffset: offset('First source offset.'),
        toOffset: offset('Source offset behind the last one.'),
        fromMs: Type.Optional(atMs('Instead of `fromOffset`: records from this time on.')),
        toMs: Type.Optional(atMs('Instead of `toOffset`: up to the first record of this time.')),
      },
      'A range of every partition; a bound that is not given leaves it open.',
    ),
    object(
      {
        kind: Type.Literal('tail'),
        records: Type.Optional(Type.Integer({ minimum: 1, description: 'The last so many records.' })),
        minutes: Type.Optional(Type.Number({ exclusiveMinimum: 0, description: 'The last so many minutes.' })),
      },
      'The end of every partition; with neither bound, what was copied since it was last found equal by this process.',
    ),
    object(
      {
        kind: Type.Literal('sample'),
        stretches: Type.Integer({ minimum: 1, maximum: 10_000, description: 'How many stretches of a partition.' }),
        records: Type.Integer({ minimum: 1, maximum: 1_000_000, description: 'Source offsets in each.' }),
      },
      'Stretches anywhere in every partition.',
    ),
  ],
  { description: 'Which part of every partition is compared.' },
)
export type VerificationScope = Type.Static<typeof VerificationScope>

const DifferenceBody = object(
  {
    kind: Type.Enum(['different', 'missing', 'extra']),
    sourceOffset: count('Offset at the source; of an extra record, where it would be.'),
    targetOffset: nullableInteger('Offset on the target; of a missing record, where it should be.'),
    fields: Type.Array(Type.String(), { description: 'What differs: key, value, headers, timestamp.' }),
  },
  'A record that is not the same on both sides: `missing` on the target, or `extra` there.',
)

export const VerifiedPartitionBody = object(
  {
    topic: text('Name at the source.'),
    targetTopic: text('Name at the target.'),
    targetTopicId: text('Id of the target topic.'),
    partition: count('Partition.'),
    state: Type.Enum(['waiting', 'running', 'equal', 'different', 'failed']),
    reason: text('A sentence for the operator.'),
    from: nullableInteger('First source offset that is compared. Null until known.'),
    to: nullableInteger('Source offset behind the last one. Null until known.'),
    next: nullableInteger('Everything below is compared. Null until known.'),
    records: count('Records found on both sides and compared.'),
    blockRecords: count('Of these, compared as blocks of bytes, without being decoded.'),
    blockBytes: count('Bytes of those blocks.'),
    decodedBytes: count('Bytes of the batches that had to be decoded.'),
    different: count('Records that differ.'),
    missing: count('Records that the target lacks.'),
    extra: count('Records of the target that the source does not have.'),
    superseded: count('Records on one side only that compaction explains.'),
    attributed: count('Records that only one side has, for a cause that the map names.'),
    expired: count('Records that the source deleted meanwhile.'),
    first: Type.Union([DifferenceBody, Type.Null()], { description: 'The first difference, by source offset.' }),
  },
  'How far one partition is, and what was found.',
)
export type VerifiedPartitionBody = Type.Static<typeof VerifiedPartitionBody>

export const VerificationStart = object(
  {
    topics: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 1_000 }), {
        minItems: 1,
        maxItems: 1_000,
        description: 'Names, globs and /regular expressions/ of topics at the source. All of the link without it.',
      }),
    ),
    scope: VerificationScope,
    megabytesPerSecond: Type.Optional(
      Type.Number({ exclusiveMinimum: 0, maximum: 100_000, description: 'Most that is read from both sides.' }),
    ),
    resume: Type.Optional(
      Type.Array(VerifiedPartitionBody, {
        maxItems: 100_000,
        description: 'Partitions of an earlier report: what was finished is kept, what was begun goes on.',
      }),
    ),
  },
  'What to verify.',
)
export type VerificationStart = Type.Static<typeof VerificationStart>

export const VerificationBody = object(
  {
    id: text('Names it in this process.'),
    link: text('Name of the link.'),
    scope: VerificationScope,
    state: Type.Enum(['running', 'done', 'cancelled']),
    verdict: Type.Union([Type.Enum(['equal', 'different', 'incomplete']), Type.Null()], {
      description: '`incomplete` where nothing differs but not everything could be compared. Null while it runs.',
    }),
    startedAtMs: atMs('When it was started.'),
    endedAtMs: nullableInteger('When it ended, milliseconds since 1970.'),
    partitions: Type.Array(VerifiedPartitionBody),
  },
  'A verification and what it has found so far.',
)
export type VerificationBody = Type.Static<typeof VerificationBody>

export const VerificationsBody = object(
  { verifications: Type.Array(VerificationBody) },
  'The last verifications of a link.',
)
