import { Type } from 'typebox'
import { PersonRequest } from './moves.ts'
import { count, name, nullableInteger, nullableText, object, orNull, text } from './schema-kit.ts'

const LEVELS = ['preflight', 'canary', 'isolated', 'full', 'authority'] as const

const DrillLevel = Type.Enum([...LEVELS], {
  description:
    '`preflight`: plan and guards. `canary`: a real switchover and failback of a failover group that only drills use. ' +
    '`isolated`: the copies on a standby are read. `full`: switchover and failback of the group itself, which needs an ' +
    'approval. `authority`: a restore from a region, into memory.',
})
const DrillOutcomeKind = Type.Enum(['passed', 'failed', 'interrupted', 'skipped'], {
  description: '`interrupted`: something real began meanwhile. `skipped`: it was due and was not begun.',
})

export const DrillRequest = object(
  {
    level: DrillLevel,
    region: Type.Optional(name('The standby that it is about. Default: the one that ranks best.')),
    staySeconds: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 3600,
        default: 30,
        description: 'How long `canary` and `full` stay in the other region.',
      }),
    ),
    ...PersonRequest.properties,
  },
  'The order of a drill.',
)
export type DrillRequest = Type.Static<typeof DrillRequest>

export const DrillOrderHeaders = Type.Object({
  'idempotency-key': Type.String({
    minLength: 1,
    maxLength: 200,
    description: 'Chosen by the caller: the same order sent again is the same drill.',
  }),
})

const ApprovalBody = { by: text('Who.'), reason: text('Why.'), at: text('When, ISO 8601.') }

const MeasuredBody = object(
  {
    rpoRecords: nullableInteger('Records that were acknowledged and lost.'),
    rpoMs: nullableInteger('How much time those span; of `isolated`, how old the newest record of the standby was.'),
    rtoMs: nullableInteger('From the order of the slowest move until applications could write again.'),
    writePauseMs: nullableInteger('The longest time without an accepted write.'),
  },
  'Null where the level does not measure it.',
)

export const DrillBody = object(
  {
    id: text('Id of the drill.'),
    group: text('Name of the failover group.'),
    level: DrillLevel,
    from: text('Where what is moved was active.'),
    region: text('The standby that it is about.'),
    phase: text('The step it is at; `done` at its end.'),
    outcome: orNull(
      object({ kind: DrillOutcomeKind, reasons: Type.Array(Type.String()) }, 'How it ended, or is going to.'),
      'Null while nothing is decided.',
    ),
    by: text('Who asked for it.'),
    reason: text('Why.'),
    at: text('When, ISO 8601.'),
    endedAt: nullableText('When it ended, ISO 8601; null while it runs.'),
    schedule: nullableText('Name of the schedule that asked for it; null where a person did.'),
    approval: orNull(object(ApprovalBody, 'Who approved it.'), 'Null but for `full`.'),
    abort: orNull(
      object({ by: text('Who.'), reason: text('Why.') }, 'A request to abort it.'),
      'Null where nobody asked.',
    ),
    planHash: nullableText('Hash of the plan that it went by; null where it has made none.'),
    moves: Type.Array(
      object(
        {
          kind: Type.Enum(['switchover', 'failback']),
          operation: text('Id of the operation.'),
          group: text('The group that was moved.'),
          from: text('Region that was left.'),
          to: text('Region that became active.'),
          endedAs: nullableText('The phase that it ended at; null while it runs.'),
        },
        'A move that it ordered.',
      ),
    ),
    measured: orNull(MeasuredBody, 'Null where nothing is measured yet.'),
    leftovers: Type.Array(Type.String(), { description: 'What it made and could not take away.' }),
  },
  'A drill. Its report has everything.',
)
export type DrillBody = Type.Static<typeof DrillBody>

const DrillScheduleBody = object(
  {
    name: text('Its name in the configuration.'),
    cron: text('Minute, hour, day of the month, month, day of the week.'),
    timezone: text('Of these, such as `Europe/Berlin`.'),
    level: DrillLevel,
    region: nullableText('The standby that it is about; null: the one that ranks best.'),
    coming: Type.Array(
      object(
        {
          at: text('When, ISO 8601.'),
          skipped: nullableText('Why it is not going to run: the window it falls into; null where it is.'),
        },
        'An occurrence.',
      ),
      { description: 'The next ones, the nearest first.' },
    ),
  },
  'A schedule of drills.',
)

export const DrillsBody = object(
  {
    running: orNull(DrillBody, 'Null where none runs.'),
    ended: Type.Array(DrillBody, { description: 'The newest 200, the newest first.' }),
    approval: orNull(
      object({ ...ApprovalBody, until: text('Until when, ISO 8601.') }, 'Lets one drill of the level `full` begin.'),
      'Null where none is valid.',
    ),
    trend: Type.Array(
      Type.Object(
        {
          level: DrillLevel,
          runs: count('Drills that ran to an end.'),
          passed: count('Of those, the ones that passed.'),
        },
        { additionalProperties: true, description: 'How what was measured went from drill to drill, by level.' },
      ),
    ),
    schedules: Type.Array(DrillScheduleBody, { description: 'By which drills begin without being asked for.' }),
  },
  'The drills of a failover group.',
)
export type DrillsBody = Type.Static<typeof DrillsBody>

export const ApprovalAnswer = object({ until: text('Until when, ISO 8601.') }, 'How long the approval is good.')
export type ApprovalAnswer = Type.Static<typeof ApprovalAnswer>

export const DrillReportBody = Type.Object(
  { drill: text('Id of the drill.') },
  {
    additionalProperties: true,
    description:
      'The report of a drill: plan, steps with times, RPO and RTO as promised, predicted and measured, the parts of each ' +
      'move, what the stream of records saw, guards with their evidence, what was looked for at the end.',
  },
)
