import { replicationFaults } from '../faults.ts'
import type { IncidentEntry, IncidentFacts } from '../offset-map/index.ts'
import type { Tenure } from '../shards/tenure.ts'
import { writeIncident } from './incident-log.ts'

/** What an operator says about an incident. */
export interface Acknowledgement {
  readonly id: string
  /** Who: a name for the record. */
  readonly by: string
  readonly note: string
  /** `reseed`: delete the target topic and copy it again. @defaultValue only what needs no other act */
  readonly action?: 'reseed' | undefined
}

/** What can be left to a reseed: the copy is not to be continued, and the flow waits for a decision. */
const RESEEDABLE: ReadonlySet<string> = new Set([
  'FLOW_SOURCE_RECREATED',
  'FLOW_SOURCE_TRUNCATED',
  'FLOW_TARGET_REBUILT',
  'FLOW_DIVERGED',
  'FLOW_MATCH_REFUSED',
])

/**
 * What the incident says after it was acknowledged; the same where nothing changes, so that a request may be repeated.
 * Pure. Fault INCIDENT_ACTION_REFUSED where the action is not one for this incident.
 */
export function planAcknowledgement(
  { id, facts }: IncidentEntry,
  { by, note, action }: Acknowledgement,
  atMs: number,
): IncidentFacts {
  if (action === 'reseed' && facts.action !== 'reseed' && !canBeReseeded(facts)) {
    throw replicationFaults.fault('INCIDENT_ACTION_REFUSED', { id, action, code: facts.code, done: facts.action })
  }
  if (facts.acknowledged !== null && (action === undefined || action === facts.action)) return facts
  return { ...facts, ...(action && { action }), acknowledged: facts.acknowledged ?? { atMs, by, note } }
}

/** Whether the flow of an incident has something to do once it was acknowledged. */
export function isReleasing({ code, action }: IncidentFacts): boolean {
  return code === 'FLOW_RETENTION_GAP' || action === 'reseed'
}

/** Writes the acknowledgement under a tenure, which is kept for that long. */
export async function writeAcknowledgement(tenure: Tenure, entry: IncidentEntry, facts: IncidentFacts): Promise<void> {
  const user = { isCertain: true }
  tenure.enter(user)
  try {
    await writeIncident(tenure, { ...entry, ...tenure.identity, facts })
  } finally {
    tenure.leave(user)
  }
}

function canBeReseeded({ code, action }: IncidentFacts): boolean {
  return action === 'stopped' && RESEEDABLE.has(code)
}
