import { Type } from 'typebox'
import { atMs, count, nullableInteger, object, text } from './schema-kit.ts'

const range = (description: string) =>
  Type.Union(
    [
      object(
        {
          from: count('First offset.'),
          to: nullableInteger('Behind the last; null where nobody can know it any more.'),
        },
        description,
      ),
      Type.Null(),
    ],
    { description: `${description} Null where it is about none.` },
  )

export const IncidentBody = object(
  {
    id: text('Stable: the same incident has the same id, whoever found it.'),
    code: text('Code of the fault that describes it, such as `FLOW_RETENTION_GAP`.'),
    link: text('Name of the link.'),
    sourceRegion: text('Region that is copied from.'),
    targetRegion: text('Region that is copied to.'),
    topic: text('Name at the source.'),
    targetTopic: text('Name at the target.'),
    partition: count('Partition, the same on both sides.'),
    source: range('Source offsets it is about.'),
    target: range('Target offsets it is about.'),
    reason: text('A sentence for the operator.'),
    action: text(
      'What was done: `went-on`, `copied-again`, `stopped`, `reseed` (the target topic is deleted and copied again), ' +
        '`quarantined`, `skipped` or `rebuilt`.',
    ),
    atMs: atMs('When it was found.'),
    folded: count(
      'How many others of its code it stands for as well. Where the flow went on, its ranges span all of them.',
    ),
    acknowledged: Type.Union(
      [
        object(
          { atMs: atMs('When.'), by: text('Who.'), note: text('What they had to say.') },
          'Who knows of it, and since when.',
        ),
        Type.Null(),
      ],
      { description: 'Null while it is open: it then blocks a switchover.' },
    ),
  },
  'A loss, or a topic that is not what it was.',
)
export type IncidentBody = Type.Static<typeof IncidentBody>

export const IncidentsBody = object(
  {
    total: count('Incidents that match, over all pages.'),
    open: count('Those of them that nobody has acknowledged.'),
    next: Type.Unsafe<string | null>({
      type: ['string', 'null'],
      description: 'Give it as `after` for the next page; null on the last.',
    }),
    incidents: Type.Array(IncidentBody),
  },
  'A page of incidents, the oldest first.',
)
export type IncidentsBody = Type.Static<typeof IncidentsBody>

export const IncidentsQuery = object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100, description: 'Incidents a page.' })),
    after: Type.Optional(Type.String({ maxLength: 100, description: '`next` of the page before.' })),
    link: Type.Optional(Type.String({ maxLength: 63, description: 'Only this link.' })),
    state: Type.Optional(Type.Enum(['open', 'acknowledged'])),
  },
  'Which incidents.',
)
export type IncidentsQuery = Type.Static<typeof IncidentsQuery>

export const AcknowledgeRequest = object(
  {
    by: Type.String({ minLength: 1, maxLength: 200, description: 'Who acknowledges it.' }),
    note: Type.Optional(Type.String({ maxLength: 2000, default: '', description: 'For those who read it later.' })),
    action: Type.Optional(
      Type.Enum(['reseed'], {
        description:
          'What the flow is to do, where it stopped because its copy cannot be continued: `reseed` deletes the target ' +
          'topic, every partition of it, and copies it again from the beginning of the source.',
      }),
    ),
  },
  'Who acknowledges an incident, and what is to be done.',
)
export type AcknowledgeRequest = Type.Static<typeof AcknowledgeRequest>
