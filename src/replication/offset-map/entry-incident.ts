import { type Static, Type } from 'typebox'
import { Value } from 'typebox/value'

/**
 * What an incident says of itself: JSON behind the version byte, so that any console consumer can read it. Ranges are
 * half-open, `[from, to)`; a `to` of null stands for an end that nobody can know any more.
 */
const Offset = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
const OffsetRange = Type.Object({ from: Offset, to: Type.Union([Offset, Type.Null()]) })
const Range = Type.Union([OffsetRange, Type.Null()])

export const INCIDENT_ACTIONS = [
  'went-on',
  'copied-again',
  'stopped',
  'reseed',
  'quarantined',
  'skipped',
  'rebuilt',
] as const

const IncidentFacts = Type.Object({
  /** Of the fault that describes it, such as `FLOW_RETENTION_GAP`. */
  code: Type.String({ minLength: 1 }),
  link: Type.String(),
  /** Lower-case UUIDs with dashes: of the topics as they were when it happened. */
  sourceTopicId: Type.String(),
  targetTopicId: Type.String(),
  /** Source offsets it is about; null where it is about none. */
  source: Range,
  /** Target offsets it is about; null where it is about none. */
  target: Range,
  /** A sentence for the operator. */
  reason: Type.String(),
  /** What was done about it. */
  action: Type.Enum([...INCIDENT_ACTIONS]),
  /** Wall clock of who found it. */
  atMs: Type.Integer({ minimum: 0 }),
  /** How many others of its code it stands for as well. Where the flow went on, its ranges span all of them. */
  folded: Type.Integer({ minimum: 0 }),
  acknowledged: Type.Union([
    Type.Object({ atMs: Type.Integer({ minimum: 0 }), by: Type.String(), note: Type.String() }),
    Type.Null(),
  ]),
})
export type IncidentFacts = Static<typeof IncidentFacts>
export type IncidentAction = IncidentFacts['action']
/** Half-open; `to` is null where nobody can know the end any more. */
export type OffsetRange = Static<typeof OffsetRange>

export function encodeIncident(facts: IncidentFacts): Buffer {
  return Buffer.from(JSON.stringify(facts), 'utf8')
}

/** @throws an error that says why the text is no incident */
export function decodeIncident(text: string): IncidentFacts {
  const facts: unknown = JSON.parse(text)
  if (Value.Check(IncidentFacts, facts)) return facts
  const [error] = Value.Errors(IncidentFacts, facts)
  throw new RangeError(`it is no incident: ${error?.instancePath ?? ''} ${error?.message ?? ''}`)
}
