import type { Config, FailoverGroupConfig } from '../config/index.ts'
import type { Clock, Events } from '../core/index.ts'
import {
  type AuthorityPort,
  type FailoverEvents,
  GroupController,
  type GroupControllerOptions,
  GroupDesk,
  type GroupDeskOptions,
  type GroupRooms,
  type GuardLimits,
  type JournalPort,
  type Leadership,
} from '../failover/index.ts'
import { compileSelection } from '../replication/index.ts'
import type { FenceScope, RegionFences } from '../security/index.ts'
import type { DrillSummaries } from './drill-summaries.ts'
import { linkOfGroup } from './link-specs.ts'
import type { ConfigsRecorder } from './recorded-configs.ts'

/** How long one call of a step waits for what takes its time; the step is asked again after it. */
const WAIT_MS = 3_000
/** What one call may take beyond the grace that groups are given. */
const CALL_MS = 20_000
/** How often a step that waits is asked again, and how often a group without an operation is looked at. */
const POLL_MS = 100
const IDLE_MS = 500

export interface GroupParts {
  readonly config: Config
  readonly group: FailoverGroupConfig
  /** Of this process, in fences, owner entries and the journal. */
  readonly actor: string
  readonly authority: AuthorityPort
  readonly journal: JournalPort
  readonly leadership: Leadership
  readonly replicator: GroupRooms['replicator']
  /** Of every region of the group. */
  readonly fences: ReadonlyMap<string, RegionFences>
  readonly events: Events<FailoverEvents>
  readonly recorded: Pick<ConfigsRecorder, 'read'>
  readonly drills: Pick<DrillSummaries, 'writePauseMs'>
  readonly clock: Clock
}

/** What the steps of a group work with. */
export function roomsOf({ config, group, actor, fences, replicator, recorded, clock }: GroupParts): GroupRooms {
  return {
    group: group.name,
    actor,
    topics: group.topics,
    scope: scopeOf(group),
    fences,
    replicator,
    linkOf: linkOfGroup(group.name, config.links),
    recordedConfigs: (target, signal) => recorded.read(target, signal),
    waitMs: WAIT_MS,
    groupGraceMs: group.timings.groupGraceMs,
    clock,
  }
}

/** Takes requests about the group. */
export function deskOf(
  { group, authority, journal, drills }: GroupParts,
  limits: GuardLimits,
  gather: GroupDeskOptions['gather'],
): GroupDesk {
  const measuredWritePauseMs = () => drills.writePauseMs(group)
  return new GroupDesk({ group: group.name, authority, journal, limits, gather, measuredWritePauseMs })
}

/** Carries out its moves, and the returns of its regions. */
export function controllerOf(
  { config, group, actor, authority, journal, leadership, events, clock }: GroupParts,
  { effects, returns, automatic }: Pick<GroupControllerOptions, 'effects' | 'returns' | 'automatic'>,
): GroupController {
  const { settleMs, cutMs, catchUpMs, rerouteMs, evictMs, groupGraceMs } = group.timings
  return new GroupController({
    group: group.name,
    regions: group.regions,
    actor,
    authority,
    journal,
    leadership,
    events,
    clock,
    effects,
    returns,
    ...(automatic !== undefined && { automatic }),
    pollMs: POLL_MS,
    idleMs: IDLE_MS,
    callDeadlineMs: callDeadlineOf(group),
    settleMs: config.authority.takeoverMs,
    timeoutsMs: {
      settling: settleMs,
      cut: cutMs,
      'catching-up': catchUpMs,
      rerouting: rerouteMs,
      evicting: evictMs,
      translating: groupGraceMs + CALL_MS,
    },
  })
}

export function scopeOf({ name: group, topics }: Pick<FailoverGroupConfig, 'name' | 'topics'>): FenceScope {
  return { group, include: topics.include, exclude: topics.exclude, isSelected: compileSelection(topics) }
}

function callDeadlineOf({ timings }: FailoverGroupConfig): number {
  return timings.groupGraceMs + CALL_MS
}
