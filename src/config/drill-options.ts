import { Type } from 'typebox'
import { DRILL_LEVELS } from '../failover/index.ts'

/** The `drills` of a failover group: one definition for types, validation and the reference page. */
const strict = <Properties extends Type.TProperties>(properties: Properties, description: string) =>
  Type.Object(properties, { additionalProperties: false, description })

const clock = (description: string) =>
  Type.Optional(
    Type.String({
      pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$',
      description,
      rule: 'not a time of day',
      remedy: 'write it like 08:30',
    }),
  )

const Window = strict(
  {
    days: Type.Optional(
      Type.Array(Type.Enum(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']), {
        minItems: 1,
        description: 'Days of the week. Default: every day.',
      }),
    ),
    from: clock('Time of day it begins at. Default: 00:00. One after `to` goes over midnight.'),
    to: clock('Time of day it ends before. Default: 24:00.'),
    dates: Type.Optional(
      Type.String({
        pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}/[0-9]{4}-[0-9]{2}-[0-9]{2}$',
        description: 'First and last day, such as `2026-12-19/2027-01-06`. Default: always.',
        rule: 'not two dates',
        remedy: 'write it like 2026-12-19/2027-01-06',
      }),
    ),
  },
  'A stretch of time in the time zone of the drill: all that it names has to hold.',
)

export const Drills = Type.Array(
  strict(
    {
      name: Type.String({
        pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$',
        description: 'Name of the schedule, unique in its group.',
        rule: 'not a valid name',
        remedy: 'use lower-case letters, digits and dashes, up to 63, with a letter or digit at both ends',
      }),
      cron: Type.String({
        description: 'When: minute, hour, day of month, month and day of week, as cron has them.',
      }),
      timezone: Type.Optional(Type.String({ default: 'UTC', description: 'Time zone of all times of the schedule.' })),
      level: Type.Enum([...DRILL_LEVELS], {
        description:
          '`preflight`: plan and guards. `canary`: a real switchover and failback of a failover group that only drills ' +
          'use. `isolated`: the copies on a standby are read. `full`: switchover and failback of the group itself, only ' +
          'with an approval not older than 24 hours. `authority`: a restore from a region, into memory.',
      }),
      region: Type.Optional(
        Type.String({ description: 'The standby that it is about. Default: the one that ranks best.' }),
      ),
      staySeconds: Type.Optional(
        Type.Integer({
          minimum: 0,
          maximum: 3600,
          default: 30,
          description: 'How long `canary` and `full` stay in the other region.',
        }),
      ),
      allowed: Type.Optional(
        Type.Array(Window, { description: 'It is skipped outside of these. Default: always allowed.' }),
      ),
      blocked: Type.Optional(Type.Array(Window, { description: 'It is skipped in these, allowed or not.' })),
    },
    'A rehearsal that is repeated.',
  ),
  { description: 'Rehearsals by the clock. People order others at any time.' },
)
