import type { Authority, Journal, RegionCopies } from '../authority/index.ts'
import type { Clock, LinkName, RegionName } from '../core/index.ts'
import type { GroupDesk, GroupDocument } from '../failover/index.ts'
import type { RegionsStatus } from '../regions/index.ts'
import type {
  Acknowledgement,
  GroupStatus,
  IncidentStatus,
  LinkPause,
  LinkRemoval,
  OffsetTranslation,
  RemovalOptions,
  ReplicationStatus,
  VerificationReport,
  VerificationRequest,
} from '../replication/index.ts'
import type { FenceRecord, GateStatus, WatchedFence } from '../security/index.ts'

/** What the API asks of the replicator. */
export interface ReplicationView {
  status(): ReplicationStatus
  translateOffset(query: OffsetQuery, signal: AbortSignal): Promise<OffsetTranslation>
  translateGroup(query: { readonly link: LinkName; readonly group: string }, signal: AbortSignal): Promise<GroupStatus>
  startVerification(request: VerificationRequest): VerificationReport
  verification(id: string): VerificationReport
  verifications(link: LinkName): readonly VerificationReport[]
  cancelVerification(id: string): Promise<VerificationReport>
  acknowledgeIncident(request: Acknowledgement): Promise<IncidentStatus>
  removeLink(link: LinkName, options: RemovalOptions, signal: AbortSignal): Promise<LinkRemoval>
}

export interface OffsetQuery {
  readonly link: LinkName
  /** Name at the source. */
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly direction: 'source-to-target' | 'target-to-source'
}

/** A failover group, and what the configuration says of its moves. */
export interface ControlledGroup {
  readonly desk: Pick<
    GroupDesk,
    | 'read'
    | 'operation'
    | 'plan'
    | 'start'
    | 'abort'
    | 'resume'
    | 'acknowledge'
    | 'pause'
    | 'unpause'
    | 'divergence'
    | 'scanAgain'
    | 'chooseSalvage'
    | 'resumeReturn'
  >
  readonly writePauseMs: number
}

/** The authority as a controller sees it. */
export interface AuthorityView extends Pick<Authority, 'backend' | 'where' | 'overview'> {
  copies(): readonly RegionCopies[]
  /** Why this process does not act; undefined where it leads. */
  hold(): string | undefined
  /** Regions whose loss would take it along. */
  readonly fallsWith: readonly string[]
}

/** The fences of a region for a group, as they were last found. */
export interface GroupFence {
  readonly region: RegionName
  /** Undefined where the region is no standby, and while nothing is known. */
  readonly watched: WatchedFence | undefined
  readonly records: readonly FenceRecord[]
}

export interface FenceOrder {
  readonly group: string
  readonly region: string
  readonly by: string
  readonly reason: string
}

export interface UnfenceOrder extends Omit<FenceOrder, 'reason'> {
  /** @defaultValue every fence that was put up by hand */
  readonly operation?: string | undefined
}

export interface FenceResult {
  readonly state: 'done' | 'unknown'
  readonly reason: string
}

/** The fences of failover groups, and what a person does about them. */
export interface FencesView {
  of(group: string): readonly GroupFence[]
  fence(order: FenceOrder, signal: AbortSignal): Promise<FenceResult>
  unfence(order: UnfenceOrder, signal: AbortSignal): Promise<FenceResult>
}

/** What a controller lets people ask of failover groups. */
export interface FailoverView {
  readonly fences: FencesView
  readonly authority: AuthorityView
  /** By name, in the order of the configuration. */
  readonly groups: ReadonlyMap<string, ControlledGroup>
  readonly journal: Pick<Journal, 'read' | 'verify'>
  readonly clock: Pick<Clock, 'nowMs'>
}

/** What people ask of single links. */
export interface LinkDeskView {
  pause(order: { link: string; by: string; reason: string }, signal: AbortSignal): Promise<LinkPause>
  resume(order: { link: string; by: string }, signal: AbortSignal): Promise<void>
}

/** What the API serves. */
export interface ApiContent {
  readonly version: string
  readonly regions: readonly RegionName[]
  readonly replication: ReplicationView
  readonly linkDesk: LinkDeskView
  /** Health of the regions of failover groups. */
  readonly watch: { status(): RegionsStatus }
  /** Failover groups as this process has read them last. @defaultValue none */
  readonly groups?: () => readonly GroupDocument[]
  /** Of the region that an agent stands in. @defaultValue none */
  readonly gate?: () => GateStatus | undefined
  /** Undefined in a process that controls no failover group. */
  readonly failover?: FailoverView
  /** The text of `/metrics` and its content type. */
  readonly metrics: { readonly contentType: string; render(): Promise<string> }
}
