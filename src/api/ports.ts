import type { LinkName, RegionName } from '../core/index.ts'
import type {
  Acknowledgement,
  GroupStatus,
  IncidentStatus,
  LinkRemoval,
  OffsetTranslation,
  RemovalOptions,
  ReplicationStatus,
  VerificationReport,
  VerificationRequest,
} from '../replication/index.ts'

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

/** What the API serves. */
export interface ApiContent {
  readonly version: string
  readonly regions: readonly RegionName[]
  readonly replication: ReplicationView
  /** The text of `/metrics` and its content type. */
  readonly metrics: { readonly contentType: string; render(): Promise<string> }
}
