import { Type } from 'typebox'
import { AutomaticBody } from './automatic.ts'
import { GroupFenceBody } from './fences.ts'
import { evidenceBody, OperationBody, stopBody } from './moves.ts'
import { count, object, orNull, text } from './schema-kit.ts'

const ReturnBody = object(
  {
    id: text('Id of the return.'),
    phase: text('The step it is at. `choosing` waits for a person to say what becomes of the records.'),
    attempt: count('How often this step was begun.'),
    epoch: count('Epoch against which the region is compared.'),
    divergence: orNull(
      object(
        {
          records: count('Records that only this region has.'),
          partitions: count('Partitions that have such records.'),
          onlyHere: count('Such records below the fork: they stop a re-seed, which would destroy them.'),
        },
        'What the active region lacks.',
      ),
      'Null before the scan.',
    ),
    choice: orNull(
      object(
        {
          kind: Type.Enum(['export', 'replay', 'keep', 'discard']),
          by: text('Who.'),
          reason: text('Why.'),
          losesOlder: Type.Boolean({ description: 'Whether records below the fork may be destroyed.' }),
        },
        'What was chosen.',
      ),
      'Null where nobody has chosen.',
    ),
    stop: stopBody,
    waiting: orNull(
      object({ reason: text('What for.'), since: text('Since when, ISO 8601.') }, 'What it waits for.'),
      'Null where it waits for nothing that others have to do first, such as the end of a transaction.',
    ),
    evidence: evidenceBody,
  },
  'The way of a region back to standby.',
)

const GroupRegionBody = object(
  {
    region: text('Name of the region.'),
    role: Type.Enum(['active', 'standby', 'lost', 'returning', 'reseeding']),
    since: text('Since when, ISO 8601.'),
    reason: text('Why.'),
    unfenced: orNull(
      object({ operation: text('Id of the operation.'), reason: text('Why.') }, 'Why nothing proves its fence.'),
      'Null where it is proved that applications cannot write there, or it is active.',
    ),
    return: orNull(ReturnBody, 'Null where it is not on its way back.'),
  },
  'A region of the group.',
)

export const FailoverGroupBody = object(
  {
    group: text('Name of the failover group.'),
    generation: count('Raised when the authority was restored.'),
    epoch: count('Number of the reign.'),
    revision: count('Revision of the document; with the epoch it is the ETag.'),
    active: text('The region that applications write to.'),
    regions: Type.Array(GroupRegionBody),
    reigns: Type.Array(
      object(
        {
          epoch: count('Its number.'),
          active: text('The region.'),
          kind: Type.Enum(['first', 'switchover', 'failback', 'failover']),
          operation: text('Id of the operation.'),
          committedAt: text('When it began, ISO 8601.'),
        },
        'A reign.',
      ),
      { description: 'The oldest first; the last one is the present.' },
    ),
    paused: orNull(
      object({ by: text('Who.'), reason: text('Why.'), since: text('Since when, ISO 8601.') }, 'Who paused it.'),
      'Null where moves are allowed.',
    ),
    operation: orNull(OperationBody, 'Null where none is under way.'),
    fences: Type.Array(GroupFenceBody, { description: 'Of every region of the group.' }),
    automatic: orNull(AutomaticBody, 'Null before the group was read.'),
  },
  'A failover group, as the authority has it.',
)
export type FailoverGroupBody = Type.Static<typeof FailoverGroupBody>

export const FailoverGroupsBody = object(
  { groups: Type.Array(FailoverGroupBody) },
  'Every failover group of this controller.',
)
export type FailoverGroupsBody = Type.Static<typeof FailoverGroupsBody>
