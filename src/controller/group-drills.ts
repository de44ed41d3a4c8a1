import type { Authority, Journal } from '../authority/index.ts'
import { CanaryStreams, StandbyReader } from '../canary/index.ts'
import type { FailoverGroupConfig } from '../config/index.ts'
import type { Clock, Events, Random, RegionName } from '../core/index.ts'
import {
  DrillController,
  DrillDesk,
  DrillStore,
  type FailoverEvents,
  journalPort,
  type Leadership,
  type MovedGroup,
  type SelectedNames,
} from '../failover/index.ts'
import type { RegionWatch } from '../regions/index.ts'
import { compileGroupSelection, compileSelection } from '../replication/index.ts'
import { findReaders } from './evidence/index.ts'
import type { RegionAccess } from './region-access.ts'

export interface GroupDrillsOptions {
  readonly group: FailoverGroupConfig
  /** Of this process, in the journal. */
  readonly actor: string
  readonly authority: Authority
  readonly journal: Journal
  readonly leadership: Leadership
  readonly access: RegionAccess
  readonly own: MovedGroup
  /** Undefined where the group has none. */
  readonly canary: MovedGroup | undefined
  readonly watch: Pick<RegionWatch, 'status'>
  readonly events: Events<FailoverEvents>
  readonly clock: Clock
  readonly random: Random
}

export interface GroupDrills {
  readonly desk: DrillDesk
  readonly controller: DrillController
}

const POLL_MS = 250
const IDLE_MS = 1_000
/** Of one look at a step; what takes longer goes on by itself. */
const CALL_MS = 25_000

/** The drills of a failover group: who takes orders for them, and who carries them out. */
export function drillsOf(options: GroupDrillsOptions): GroupDrills {
  const { group, actor, authority, access, own, canary, watch, clock, random } = options
  const journal = journalPort(options.journal)
  const { rpoMs, rtoMs } = group.objectives
  const store = new DrillStore(authority, group.name)
  const desk = new DrillDesk({
    group: group.name,
    regions: group.regions,
    objectives: { rpoMs, rtoMs },
    store,
    journal,
    desk: own.desk,
    canary: canary?.desk,
    schedules: group.drills,
  })
  const context = { clock, random }
  const clusters = new Map([...access.drills].map(([region, { cluster }]) => [region, cluster]))
  const rooms = {
    own,
    canary,
    regions: group.regions,
    streams: new CanaryStreams({ regions: access.drills, ...context }),
    reader: new StandbyReader({ clusters, ...context }),
    selected: (region: RegionName, signal: AbortSignal) => findSelected(group, clusters.get(region), signal),
    states: access.states,
    authority,
    journal: options.journal,
    fences: access.fences,
    judgements: () => watch.status().regions.map(({ judgement }) => judgement),
    ...context,
  }
  const { leadership, events } = options
  const schedules = group.drills
  return {
    desk,
    controller: new DrillController({
      group: group.name,
      actor,
      store,
      journal,
      leadership,
      events,
      clock,
      desk,
      rooms,
      schedules,
      pollMs: POLL_MS,
      idleMs: IDLE_MS,
      callDeadlineMs: CALL_MS,
    }),
  }
}

type DrillCluster = Parameters<typeof findReaders>[0] & {
  metadata(
    topics: 'all',
    signal: AbortSignal,
  ): Promise<{ topics: readonly { name: string; partitions: readonly unknown[] }[] }>
}

async function findSelected(
  { topics, consumerGroups }: Pick<FailoverGroupConfig, 'topics' | 'consumerGroups'>,
  cluster: DrillCluster | undefined,
  signal: AbortSignal,
): Promise<SelectedNames> {
  if (cluster === undefined) throw new Error('the region is not one of the group')
  const isTopic = compileSelection(topics)
  const metadata = await cluster.metadata('all', signal)
  const selected = metadata.topics.filter(({ name }) => isTopic(name))
  const scope = { isTopic, isGroup: compileGroupSelection(consumerGroups) }
  const { readers } = await findReaders(cluster, scope, signal)
  return {
    topics: selected.map(({ name, partitions }) => ({ name, partitions: partitions.length })),
    groups: readers.map(({ groupId }) => groupId),
  }
}
