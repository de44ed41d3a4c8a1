import { type Clock, type Events, invariant, type LinkName } from '../../core/index.ts'
import type { ReplicationEvents } from '../events.ts'
import { type IncidentEntry, keyOf } from '../offset-map/index.ts'
import type { Tenure } from '../shards/tenure.ts'
import { type FoundIncident, planIncident } from './plan-incident.ts'

export interface IncidentLogOptions {
  readonly link: LinkName
  readonly clock: Clock
  readonly events: Events<ReplicationEvents>
}

/**
 * Puts incidents of one link on record, in the map partition of the flow's shard and under its fence. `record` is to be
 * awaited before anything is done about what was found; told again, the same incident changes nothing.
 */
export class IncidentLog {
  readonly #options: IncidentLogOptions

  constructor(options: IncidentLogOptions) {
    this.#options = options
  }

  /** The incident as it is on record then. Rejects when the tenure ends first. */
  async record(tenure: Tenure, found: FoundIncident): Promise<IncidentEntry> {
    const { link, clock, events } = this.#options
    const { key } = found.flow
    const book = tenure.map.incidents
    const { id, facts, dropped } = planIncident(found, book.of(key), { link, atMs: clock.nowMs() })
    const known = book.find(id)
    if (facts === undefined) {
      invariant(known !== undefined, 'an incident that adds nothing is on record')
      return known
    }
    const entry = { kind: 'incident' as const, flow: key, id, facts, ...tenure.identity }
    await writeIncident(tenure, entry, dropped)
    const { code, action, source, target, reason } = entry.facts
    const { topic, targetTopic, partition } = key
    events.emit('incident:recorded', { link, topic, targetTopic, partition, id, code, action, source, target, reason })
    return entry
  }
}

/** Writes an incident, and deletes what it makes superfluous once it is there. */
export async function writeIncident(
  tenure: Tenure,
  entry: IncidentEntry,
  dropped: readonly IncidentEntry[] = [],
): Promise<void> {
  await tenure.writer.append(entry)
  const keys = [...tenure.map.incidents.replaced(), ...dropped.map((one) => keyOf(one))]
  await Promise.all(keys.map((key) => tenure.writer.append({ kind: 'tombstone', key })))
}
