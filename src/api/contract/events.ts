import { Type } from 'typebox'
import { count, nullableText, object, orNull, text } from './schema-kit.ts'

const severity = (description: string) => Type.Enum(['info', 'warning', 'error'], { description })

export const EventBody = object(
  {
    id: text('As `Last-Event-ID`, it says where to go on. Of this process.'),
    uid: text('The same in every process that tells it, and however often it is sent: for deduplication.'),
    at: text('When, ISO 8601.'),
    kind: text('What it is, such as `fence:lost` or `move:committed`.'),
    severity: severity('How much it weighs.'),
    sentence: text('What happened.'),
    group: nullableText('Failover group; null where it is about none.'),
    region: nullableText('Region; null where it is about none.'),
    link: nullableText('Link; null where it is about none.'),
    operation: nullableText('Operation; null where it is about none.'),
    facts: Type.Record(Type.String(), Type.Unknown(), { description: 'The same as values, by kind.' }),
  },
  'The `data` of an event.',
)
export type EventBody = Type.Static<typeof EventBody>

export const EventsQuery = object(
  {
    group: Type.Optional(Type.String({ maxLength: 63, description: 'Only events of this failover group.' })),
    kind: Type.Optional(
      Type.String({ maxLength: 100, description: 'Only this kind, such as `fence:lost`, or `fence` for all of them.' }),
    ),
    severity: Type.Optional(severity('Only events that weigh as much, or more.')),
    lastEventId: Type.Optional(
      Type.String({ maxLength: 100, description: 'As the header `Last-Event-ID`, which goes before it.' }),
    ),
    from: Type.Optional(
      Type.Enum(['now', 'oldest'], {
        default: 'now',
        description: 'Where a client begins that shows no id: with what happens next, or with all that is kept.',
      }),
    ),
    follow: Type.Optional(
      Type.Boolean({ default: true, description: 'Without it the stream ends behind the newest event.' }),
    ),
  },
  'Which events.',
)
export type EventsQuery = Type.Static<typeof EventsQuery>

const NotificationReceiverBody = object(
  {
    name: text('Name of the receiver.'),
    where: text('Scheme and host of its address.'),
    sent: count('Notifications that it has taken since this process started.'),
    failed: count('Given up, after many attempts or because it does not take them.'),
    dropped: count('Never tried: too many were waiting.'),
    waiting: count('Still to be sent.'),
    failingSince: nullableText('Since when no attempt has succeeded, ISO 8601; null where the last one did.'),
    reason: text('Why the last attempt failed; empty where it did not.'),
  },
  'A receiver of notifications.',
)

export const NotificationsBody = object(
  { receivers: Type.Array(NotificationReceiverBody) },
  'Receivers of notifications, as this process has them.',
)
export type NotificationsBody = Type.Static<typeof NotificationsBody>

export const NotificationTestRequest = object(
  {
    by: Type.String({ minLength: 1, maxLength: 200, description: 'Who asks.' }),
    name: Type.Optional(Type.String({ maxLength: 63, description: 'Only this receiver. Default: all.' })),
  },
  'Whom to send a test to.',
)

export const NotificationTestBody = object(
  {
    results: Type.Array(
      object(
        {
          name: text('Name of the receiver.'),
          delivered: Type.Boolean({ description: 'Whether it has taken the test.' }),
          reason: text('Why it has not; empty where it has.'),
        },
        'One receiver.',
      ),
    ),
  },
  'What one attempt at each receiver came to.',
)
export type NotificationTestBody = Type.Static<typeof NotificationTestBody>

const FindingBody = object(
  {
    id: text('What it is, such as `internal-topics-outside`; see the reference of findings.'),
    severity: severity('`error`: a move would be refused or would do harm. `info`: to know.'),
    group: nullableText('Failover group; null where it is about none.'),
    region: nullableText('Region; null where it is about none.'),
    title: text('What is wrong.'),
    evidence: text('What was seen.'),
    remedy: text('What to do.'),
  },
  'A finding.',
)

export const DoctorBody = object(
  {
    at: text('When it looked, ISO 8601.'),
    process: text('Name of the process that looked.'),
    worst: orNull(severity('Of the gravest finding.'), 'Null where nothing was found.'),
    findings: Type.Array(FindingBody, { description: 'The gravest first.' }),
  },
  'What would go wrong one day.',
)
export type DoctorBody = Type.Static<typeof DoctorBody>
