import { createHash } from 'node:crypto'
import type { Authority, CopyRegions, Journal } from '../../../authority/index.ts'
import type { Clock, Random, RegionName } from '../../../core/index.ts'
import type { RegionFences } from '../../../security/index.ts'
import type { GroupDesk } from '../../group-desk.ts'
import type { DrillDocument } from '../drill-document.ts'
import type { Surroundings } from '../find-incident.ts'
import type { DrillStreams, IsolatedReader } from '../ports.ts'

export type DrillDeskPort = Pick<GroupDesk, 'read' | 'plan' | 'start' | 'operation' | 'abort'>

/** A group that drills may move, and how. */
export interface MovedGroup {
  readonly name: string
  readonly desk: DrillDeskPort
  readonly writePauseMs: number
}

/** What the steps of the drills of a group work with. */
export interface DrillRooms {
  /** The rehearsed group. */
  readonly own: MovedGroup
  /** Undefined where the group has none. */
  readonly canary: MovedGroup | undefined
  /** Ranked. */
  readonly regions: readonly RegionName[]
  readonly streams: DrillStreams
  readonly reader: IsolatedReader
  /** What of the group's selection a region has. */
  selected(region: RegionName, signal: AbortSignal): Promise<SelectedNames>
  readonly states: CopyRegions
  readonly authority: Pick<Authority, 'identity' | 'list'>
  readonly journal: Pick<Journal, 'read'>
  readonly fences: ReadonlyMap<RegionName, RegionFences>
  judgements(): Surroundings['judgements']
  readonly clock: Clock
  readonly random: Random
}

export interface SelectedNames {
  readonly topics: readonly { readonly name: string; readonly partitions: number }[]
  readonly groups: readonly string[]
}

/** The group that a drill moves, or would move. */
export function movedGroup({ own, canary }: DrillRooms, { level }: Pick<DrillDocument, 'level'>): MovedGroup {
  return level === 'canary' && canary !== undefined ? canary : own
}

/** Which of its moves: `home` is what the clean-up orders. */
export type DrillMoveName = 'leave' | 'return' | 'home'

/** The same for whichever process goes on with the drill, so that it orders nothing twice. */
export function operationOf({ id }: Pick<DrillDocument, 'id'>, group: string, name: DrillMoveName): string {
  return `${group}-${createHash('sha256').update(`${id}\n${name}`).digest('hex').slice(0, 16)}`
}

export function operationsOf(drill: Pick<DrillDocument, 'id'>, group: string): Set<string> {
  return new Set((['leave', 'return', 'home'] as const).map((name) => operationOf(drill, group, name)))
}
