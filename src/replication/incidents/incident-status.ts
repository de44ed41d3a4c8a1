import { linkName, type LinkName, type RegionName } from '../../core/index.ts'
import type { IncidentEntry } from '../offset-map/index.ts'
import type { IncidentStatus, ReplicationStatus } from '../status.ts'

/** An incident as the status shows it. */
export function describeIncident({ id, flow, facts }: IncidentEntry, target: RegionName): IncidentStatus {
  const { topic, targetTopic, partition, source: sourceRegion } = flow
  const { code, source, target: range, reason, action, atMs, folded, acknowledged } = facts
  return {
    id,
    code,
    link: linkName(facts.link),
    sourceRegion,
    targetRegion: target,
    topic,
    targetTopic,
    partition,
    source,
    target: range,
    reason,
    action,
    atMs,
    folded,
    acknowledged,
  }
}

/**
 * What has to be acknowledged before clients may be moved to the target of a link: none of it is to be found out after a
 * switchover.
 *
 * @param links - those that the move is about; all where it is left out
 */
export function findBlockingIncidents(
  { incidents }: Pick<ReplicationStatus, 'incidents'>,
  links?: ReadonlySet<LinkName>,
): IncidentStatus[] {
  return incidents.filter(({ link, acknowledged }) => acknowledged === null && (links?.has(link) ?? true))
}
