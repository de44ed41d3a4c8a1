import { replicationFaults } from '../faults.ts'
import { type FlowMap, invertRuns, joinRuns, type Run, runsOf, type Segment } from '../offset-map/index.ts'
import { endAt, type Hop } from './copy-path.ts'

/** How a partition that another copy goes on in is tied to that copy's source. */
export interface Relation {
  /** Source to target of the new copy; bounded. */
  readonly runs: readonly Run[]
  /** From here on, on both sides, the new copy has to do the work. */
  readonly begin: Segment
}

/** A hop with the map of its copy. */
export interface MappedHop {
  readonly hop: Hop
  readonly map: FlowMap
}

/** About 100 bytes each while they are held; beyond it a standby is cheaper copied again. */
const RUNS_MAX = 2_000_000

/** What a path says, run by run. Faults: FLOW_TURN_REFUSED where the maps are too large, MAP_ENTRY_MISSING. */
export async function relate(path: readonly MappedHop[], begin: Segment, signal: AbortSignal): Promise<Relation> {
  let runs: readonly Run[] | undefined
  for (const { hop, map } of path) {
    const further = await runsAlong(hop, map, signal)
    runs = runs === undefined ? further : joinRuns(invertRuns(runs), further)
  }
  return { runs: invertRuns(runs ?? []), begin }
}

/** Where an offset is on the other side of a copy that has ended at or behind it. */
export async function passHop({ hop, map }: MappedHop, offset: number, signal: AbortSignal): Promise<number> {
  const { direction, closedAt } = hop
  if (offset === endAt(hop)) return direction === 'forward' ? closedAt.target : closedAt.source
  const found = direction === 'forward' ? map.findTarget(offset, signal) : map.findSource(offset, signal)
  return (await found).offset
}

async function runsAlong(hop: Hop, map: FlowMap, signal: AbortSignal): Promise<Run[]> {
  const segments: Segment[] = []
  for await (const segment of map.segments(signal)) {
    if (segments.length === RUNS_MAX) {
      const { topic, targetTopic, partition } = hop.flow.key
      const reason = `a map on the way has more than ${RUNS_MAX} segments`
      throw replicationFaults.fault('FLOW_TURN_REFUSED', { topic, targetTopic, partition, reason })
    }
    segments.push(segment)
  }
  const runs = [...runsOf(segments, hop.closedAt)]
  return hop.direction === 'forward' ? runs : invertRuns(runs)
}
