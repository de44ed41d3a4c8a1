import { Type } from 'typebox'
import { count, name, nullableNumber, nullableText, object, orNull, text } from './schema-kit.ts'

export const MoveKind = Type.Enum(['switchover', 'failback', 'failover'], {
  description: '`failback` is a switchover home. Only a `failover` may lose records.',
})
const by = Type.String({ minLength: 1, maxLength: 200, description: 'Who asks for it.' })
const reason = Type.String({ minLength: 1, maxLength: 2000, description: 'Why, for those who read it later.' })

const OverrideBody = object(
  { guard: Type.String({ maxLength: 100, description: 'Name of the guard.' }), reason },
  'A guard that does not stop the move, and why.',
)

const wish = {
  kind: MoveKind,
  to: name('Region that is to become active.'),
  overrides: Type.Optional(Type.Array(OverrideBody, { maxItems: 100, description: 'Guards that are overridden.' })),
  acceptLoss: Type.Optional(
    Type.Boolean({ default: false, description: 'Failover: what it may lose was looked at and is accepted.' }),
  ),
  writePauseSeconds: Type.Optional(
    Type.Number({
      exclusiveMinimum: 0,
      maximum: 3600,
      description: 'A lossless move that pauses writes for longer is rolled back. Default: that of the group.',
    }),
  ),
}

export const PlanRequest = object(wish, 'The move that is to be planned.')
export type PlanRequest = Type.Static<typeof PlanRequest>

const GuardBody = object(
  {
    name: text('Name of the guard.'),
    holds: text('What holds when it passes.'),
    status: Type.Enum(['passed', 'failed', 'warning', 'unknown']),
    isBlocking: Type.Boolean({ description: 'True where it stops the move.' }),
    evidence: text('What was seen.'),
    remedy: text('What to do where it does not pass.'),
    isOverridable: Type.Boolean({ description: 'True where a person may override it with a reason.' }),
    override: nullableText('The reason given for going on without it; null where none was.'),
  },
  'A guard and what it said.',
)
export type GuardBody = Type.Static<typeof GuardBody>

const PartitionLossBody = object(
  {
    partition: text('Topic and partition.'),
    records: count('Records known to be missing on the target.'),
    seenSecondsAgo: Type.Number({ description: 'How old the last seen end of the source is.' }),
    recordsPerSecond: Type.Number({ description: 'How fast the source was written to since.' }),
  },
  'What a failover would lose in a partition.',
)

export const PlanBody = object(
  {
    group: text('Name of the failover group.'),
    kind: MoveKind,
    from: text('Region that is active.'),
    to: text('Region that would become active.'),
    epoch: count('The epoch that the request of the move has to name.'),
    hash: text('The hash that the request of the move has to name.'),
    blocking: Type.Array(Type.String(), { description: 'What stops it: names of guards, or `accept-loss`.' }),
    guards: Type.Array(GuardBody),
    steps: Type.Array(object({ phase: text('Name of the step.'), does: text('What it does.') }, 'A step.')),
    predicted: object(
      {
        lossRecords: count('Records that would be lost.'),
        isEstimate: Type.Boolean({ description: 'True where the source could not be asked.' }),
        partitions: Type.Array(PartitionLossBody),
        writePauseSeconds: nullableNumber('How long nobody could write. Null where nothing was measured.'),
      },
      'What the move would cost.',
    ),
    notes: Type.Array(Type.String(), { description: 'What to know before it is asked for.' }),
  },
  'What a move would do. Planning changes nothing.',
)
export type PlanBody = Type.Static<typeof PlanBody>

export const MoveOrderRequest = object(
  {
    ...wish,
    by,
    reason,
    planHash: Type.Optional(Type.String({ maxLength: 100, description: 'Hash of the plan that was looked at.' })),
    epoch: Type.Optional(Type.Integer({ minimum: 1, description: 'Epoch of the plan; or give it as If-Match.' })),
    attestation: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 2000,
        description: 'Failover: why nobody can write to the region that is left, where no fence can prove it.',
      }),
    ),
  },
  'The order to move a group as it was planned.',
)
export type MoveOrderRequest = Type.Static<typeof MoveOrderRequest>

export const MoveOrderHeaders = Type.Object({
  'idempotency-key': Type.String({
    minLength: 1,
    maxLength: 200,
    description: 'Chosen by the caller: the same order sent again is the same operation.',
  }),
  'if-match': Type.Optional(
    Type.String({
      pattern: '^"?\\d{1,15}(/\\d{1,15})?"?$',
      description:
        'The epoch that is expected: the number itself, or the ETag of the group, of which the epoch counts.',
    }),
  ),
})

const FaultNoteBody = object(
  { code: text('Code of the fault.'), message: text('What happened.'), remedy: text('What to do.') },
  'A fault.',
)

export const stopBody = orNull(
  object(
    {
      at: text('The step where it stood.'),
      reason: text('Why it stands.'),
      instructions: text('What to do.'),
      fault: orNull(FaultNoteBody, 'Null where no fault is the reason.'),
    },
    'Why it needs a person, or was rolled back.',
  ),
  'Null while nothing is in its way.',
)

export const evidenceBody = Type.Array(
  object({ phase: text('The step.'), key: text('Key in the authority.'), digest: text('SHA-256.') }, 'Evidence.'),
  { description: 'What the steps found out.' },
)

export const OperationBody = object(
  {
    id: text('Id of the operation.'),
    group: text('Name of the failover group.'),
    kind: MoveKind,
    from: text('Region that is left.'),
    to: text('Region that becomes active.'),
    state: Type.Enum(['running', 'rolling-back', 'needs-operator', 'done', 'rolled-back', 'superseded']),
    phase: text('The step it is at.'),
    attempt: count('How often this step was begun.'),
    epoch: count('Epoch that it started in; its commit raises that by one.'),
    by: text('Who asked for it.'),
    reason: text('Why.'),
    at: text('When, ISO 8601.'),
    planHash: text('Hash of its plan.'),
    acceptLoss: Type.Boolean({ description: 'Whether a loss is accepted.' }),
    overrides: Type.Array(OverrideBody),
    attestation: orNull(
      object({ by: text('Who.'), reason: text('Why.'), at: text('When, ISO 8601.') }, 'What a person vouches for.'),
      'Who vouches that nobody can write to the region that is left; null where nobody does.',
    ),
    fence: Type.Enum(['untouched', 'intended', 'proved', 'command', 'standing', 'attested'], {
      description: 'What is known of the fence on the region that is left.',
    }),
    writePausedSeconds: Type.Number({ description: 'How long nobody could write so far.' }),
    writePauseLimitSeconds: Type.Number({ description: 'A lossless move that pauses for longer is rolled back.' }),
    warnings: Type.Array(Type.String()),
    abort: orNull(
      object({ by: text('Who.'), reason: text('Why.') }, 'A request to abort.'),
      'Null where nobody asked.',
    ),
    stop: stopBody,
    supersedes: nullableText('Id of the operation that it replaced; null where there was none.'),
    evidence: evidenceBody,
  },
  'A move of a failover group.',
)
export type OperationBody = Type.Static<typeof OperationBody>

export const PersonRequest = object({ by, reason }, 'Who asks, and why.')
export const ResumeRequest = object(
  {
    by,
    attestation: Type.Optional(
      Type.String({ minLength: 1, maxLength: 2000, description: 'Why nobody can write to the region that is left.' }),
    ),
  },
  'Who resumes, and what they vouch for.',
)
export const ByRequest = object({ by }, 'Who asks.')
export const SalvageRequest = object(
  {
    kind: Type.Enum(['export', 'replay', 'keep', 'discard'], {
      description:
        '`export`: written out. `replay`: written out and appended to the active region as late records. `keep`: the ' +
        'same, and left where they stand: the region then has them twice. `discard`: destroyed.',
    }),
    by,
    reason,
    losesOlder: Type.Optional(
      Type.Boolean({
        default: false,
        description: 'Allows records below the fork that the active region no longer has to be destroyed.',
      }),
    ),
  },
  'What is done with the records that only a returned region has.',
)
