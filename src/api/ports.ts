import type { ApiSettings } from './access/settings.ts'
import type { Authority, Journal, RegionCopies } from '../authority/index.ts'
import type { Clock, LinkName, RegionName } from '../core/index.ts'
import type { CredentialStatus } from '../credentials/index.ts'
import type {
  ConfigStatus,
  EventFeed,
  LinkSample,
  NotificationStatus,
  NotificationTest,
} from '../observability/index.ts'
import type { DoctorBody } from './contract/index.ts'
import type {
  AutomaticDecision,
  AutomaticMode,
  AutomaticRecord,
  ClientsLook,
  DrillDesk,
  DrillSummary,
  GroupDesk,
  GroupDocument,
  LeftMembers,
  Objectives,
  Tally,
  Vote,
} from '../failover/index.ts'
import type { RegionsStatus } from '../regions/index.ts'
import type { CommandOutcome, Runbook } from '../runbooks/index.ts'
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
import type {
  AclBinding,
  AppliedPolicy,
  FenceRecord,
  GateStatus,
  Imported,
  PolicyDrift,
  PolicyPlan,
  ProbeRound,
  RemovalRule,
  WatchedFence,
} from '../security/index.ts'

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
    | 'kept'
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
  /** What reports hold the figures of a move against. */
  readonly objectives: Objectives
  /** Undefined of a group that only drills move. */
  readonly drills?: { readonly desk: DrillDeskView } | undefined
  /** Undefined while the group is not known. */
  readonly automatic: () => AutomaticView | undefined
}

/** What the mode of a group makes of its active region, as this process sees it. */
export interface AutomaticView {
  readonly mode: AutomaticMode
  readonly dwellMs: number
  readonly votes: readonly Vote[]
  readonly tally: Tally
  readonly decision: AutomaticDecision | undefined
  readonly attempt: AutomaticRecord | undefined
}

type DrillDeskView = Pick<DrillDesk, 'order' | 'abort' | 'approve' | 'find' | 'record' | 'list'>

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

/** Who of the applications is in which region. */
export interface ClientsView {
  /** Looked up now; a region that does not answer is one of which nothing is known. */
  look(group: GroupDocument, signal: AbortSignal): Promise<ClientsLook>
  /** Of regions that are not active, as of the last look. */
  status(): readonly LeftMembers[]
}

/** What a controller lets people ask of failover groups. */
export interface FailoverView {
  readonly fences: FencesView
  readonly clients: ClientsView
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

/** Who is told of events, and how that goes. */
export interface NotificationsView {
  status(): readonly NotificationStatus[]
  test(by: string, name: string | undefined, signal: AbortSignal): Promise<readonly NotificationTest[]>
}

/** What is told of those who follow the events. */
export interface StreamsView {
  readonly feed: EventFeed
  /** Counted by the API, shown by the metrics. */
  readonly streams: { open: number; cut: number }
  readonly clock: Clock
}

/** Which policies, and what may be taken away. */
export interface PolicyWish {
  readonly owner?: string | undefined
  readonly region?: string | undefined
  readonly removal: RemovalRule
}

/** A plan that is to be carried out. */
export interface PolicyOrder {
  readonly owner: string
  readonly region: string
  readonly hash: string
  readonly removal: RemovalRule
}

/** A region of a policy that could not be looked at. */
export interface PolicyTrouble {
  readonly owner: string
  readonly region: RegionName
  readonly reason: string
  readonly remedy: string
}

export interface PlannedPolicies {
  readonly plans: readonly PolicyPlan[]
  readonly troubles: readonly PolicyTrouble[]
}

export interface DriftLook {
  readonly drifts: readonly (PolicyDrift & { readonly owner: string; readonly region: RegionName })[]
  readonly troubles: readonly PolicyTrouble[]
}

/** What Isthmus itself needs in a region. */
export interface RegionRights {
  readonly region: RegionName
  readonly bootstrap: readonly string[]
  /** As the brokers name Isthmus; undefined where that is not known. */
  readonly principal: string | undefined
  readonly rights: readonly { readonly binding: AclBinding; readonly why: string; readonly isOptional: boolean }[]
}

/** Who may do what in the regions, as declared, and as it is. */
export interface SecurityView {
  readonly policies: {
    plan(wish: PolicyWish, signal: AbortSignal): Promise<PlannedPolicies>
    apply(order: PolicyOrder, signal: AbortSignal): Promise<AppliedPolicy>
    drift(which: Omit<PolicyWish, 'removal'>, signal: AbortSignal): Promise<DriftLook>
    import(
      what: { readonly region: string; readonly owner: string; readonly group?: string | undefined },
      signal: AbortSignal,
    ): Promise<Imported>
  }
  readonly probes: {
    /** Of each region that was probed. */
    status(): readonly ProbeRound[]
    probe(region: string | undefined): Promise<readonly ProbeRound[]>
  }
  rights(role: 'all' | 'controller' | 'replicator' | 'agent'): readonly RegionRights[]
}

/** Runbooks, and commands of Isthmus carried out in this process. */
export interface RunbooksView {
  /** @throws `RUNBOOK_UNREADABLE`, `RUNBOOK_INVALID` */
  shelf(): ReadonlyMap<string, Runbook>
  /** The command asks by `fetch`, which says who it is. */
  command(
    args: readonly string[],
    context: { readonly fetch: typeof fetch; readonly signal: AbortSignal; readonly by: string },
  ): Promise<CommandOutcome>
}

/** What the API serves. */
export interface ApiContent {
  readonly version: string
  /** What callers without credentials may do. @defaultValue none */
  readonly anonymous?: ApiSettings['anonymous']
  readonly regions: readonly RegionName[]
  readonly replication: ReplicationView
  readonly linkDesk: LinkDeskView
  /** What is remembered of a link, the oldest first. @defaultValue nothing */
  readonly history?: (link: string) => readonly LinkSample[]
  /** Health of the regions of failover groups. */
  readonly watch: { status(): RegionsStatus }
  /** Failover groups as this process has read them last. @defaultValue none */
  readonly groups?: () => readonly GroupDocument[]
  /** What their drills came to. @defaultValue nothing */
  readonly drills?: () => readonly DrillSummary[]
  /** The configuration file, as it was last looked at. @defaultValue it is not followed */
  readonly config?: () => ConfigStatus | undefined
  /** Of the region that an agent stands in. @defaultValue none */
  readonly gate?: () => GateStatus | undefined
  /** Undefined in a process that controls no failover group. */
  readonly failover?: FailoverView
  /** Undefined in a process that decides nothing. */
  readonly security?: SecurityView
  readonly events: StreamsView
  readonly notifications: NotificationsView
  readonly credentials: () => readonly CredentialStatus[]
  readonly runbooks: RunbooksView
  /** Looks for what would go wrong one day. */
  readonly doctor: (signal: AbortSignal) => Promise<DoctorBody>
  /** The text of `/metrics` and its content type. */
  readonly metrics: { readonly contentType: string; render(): Promise<string> }
}
