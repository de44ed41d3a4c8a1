import { Type } from 'typebox'
import { atMs, count, nullableInteger, nullableNumber, object, text } from './schema-kit.ts'
import { FlowState } from './status.ts'

const TopicFlowsEntry = object(
  {
    topic: text('Name at the source.'),
    targetTopic: text('Name at the target.'),
    partitions: count('Its flows.'),
    running: count('Of those, the ones that copy.'),
    stopped: count('Of those, the ones that need an operator.'),
    elsewhere: count('Of those, the ones that another replicator copies.'),
    lagRecords: nullableInteger('Sum over the flows whose lag is known; null where none is.'),
    lagSeconds: nullableNumber('The most of any flow whose lag is known; null where none is.'),
    lagAgeSeconds: nullableNumber('Seconds since the end of the source was last observed: the most of any flow.'),
    lagUnknown: count('Flows of this process whose lag is not known.'),
    recordsLost: count('Source offsets that were gone before they could be copied.'),
  },
  'The flows of one topic, summed up.',
)
export type TopicFlowsEntry = Type.Static<typeof TopicFlowsEntry>

export const TopicFlowsQuery = object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 100, description: 'Topics a page.' })),
    offset: Type.Optional(Type.Integer({ minimum: 0, default: 0, description: 'Topics that are left out before it.' })),
    search: Type.Optional(Type.String({ maxLength: 249, description: 'Only topics whose name contains this.' })),
    state: Type.Optional(FlowState),
    order: Type.Optional(
      Type.Enum(['lag', 'name'], {
        default: 'lag',
        description: '`lag`: the furthest behind first, the unknown before it.',
      }),
    ),
  },
  'Which topics.',
)
export type TopicFlowsQuery = Type.Static<typeof TopicFlowsQuery>

export const TopicFlowsBody = object(
  {
    link: text('Name of the link.'),
    atMs: atMs('When this was true.'),
    total: count('Topics that match, over all pages.'),
    flows: count('Flows of those.'),
    topics: Type.Array(TopicFlowsEntry),
  },
  'A page of the topics of a link.',
)
export type TopicFlowsBody = Type.Static<typeof TopicFlowsBody>

export const LinkHistoryQuery = object(
  {
    seconds: Type.Optional(
      Type.Integer({ minimum: 60, maximum: 86_400, default: 3_600, description: 'How far it goes back.' }),
    ),
  },
  'Which part of the history.',
)
export type LinkHistoryQuery = Type.Static<typeof LinkHistoryQuery>

const column = (description: string) =>
  Type.Array(Type.Unsafe<number | null>({ type: ['number', 'null'] }), { description })

export const LinkHistoryBody = object(
  {
    link: text('Name of the link.'),
    atMs: Type.Array(Type.Integer(), {
      description: 'When each sample was taken, milliseconds since 1970; the oldest first.',
    }),
    lagRecords: column('The most within the sample; null where nothing was known.'),
    lagSeconds: column('The most within the sample; null where nothing was known.'),
    recordsPerSecond: column('Copied by this process since the sample before; null for the first.'),
    bytesPerSecond: column('Copied by this process since the sample before; null for the first.'),
  },
  'How a link did, as this process remembers it, in at most 500 samples.',
)
export type LinkHistoryBody = Type.Static<typeof LinkHistoryBody>
