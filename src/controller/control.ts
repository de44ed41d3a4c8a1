import { type Authority, type AuthorityEvents, Journal, openAuthority, type RegionCopies } from '../authority/index.ts'
import type { AuthorityView, AutomaticView, FailoverView } from '../api/index.ts'
import { authorityOptionsOf, type Config } from '../config/index.ts'
import { type Clock, createEvents, type Random, type RegionName } from '../core/index.ts'
import type { DrillSummary, FailoverEvents, GroupDocument, LeftMembers } from '../failover/index.ts'
import type { RegionWatch } from '../regions/index.ts'
import type { FenceCommand, GateStatus, RegionGate, SecurityEvents, WatchedFence } from '../security/index.ts'
import { type AgentCommands, openAgentCommands } from './agent-commands.ts'
import { openAgentGate } from './agent-gate.ts'
import { type ControlledReplicator, Controller, type ControllerEvents } from './controller.ts'
import { authorityFallsWith, type SecurityLooks } from './evidence/index.ts'
import { DrillSummaries } from './drill-summaries.ts'
import { FenceWatcher } from './fence-watcher.ts'
import { GroupDocuments } from './group-documents.ts'
import { GroupFollower } from './group-follower.ts'

/** What a process is there for: `all`, or only deciding, or only copying, or standing beside the cluster of a region. */
export type Role = 'all' | 'controller' | 'replicator' | 'agent'

export interface ControlOptions {
  readonly config: Config
  readonly role: Role
  /** Of this process, as leases, fences and the journal name it. */
  readonly name: string
  readonly replicator: ControlledReplicator
  readonly watch: Pick<RegionWatch, 'status' | 'doubt'>
  /** @defaultValue there are no policies */
  readonly security?: SecurityLooks | undefined
  readonly clock: Clock
  readonly random: Random
  readonly env: FenceCommand['env']
}

export interface ControlStatus {
  readonly leads: boolean
  readonly groups: readonly GroupDocument[]
  readonly authority: { readonly answers: boolean; readonly copies: readonly RegionCopies[] }
  readonly fences: readonly WatchedFence[]
  /** Of every group, where this process decides. */
  readonly automatic: ReadonlyMap<string, AutomaticView>
  /** Members of consumer groups in regions that are not active. */
  readonly clients: readonly LeftMembers[]
  readonly drills: readonly DrillSummary[]
}

/** The failover groups of a process: what it follows, and, where that is its role, what it decides. */
export class Control {
  readonly events: ControllerEvents = {
    failover: createEvents<FailoverEvents>(),
    security: createEvents<SecurityEvents>(),
    authority: createEvents<AuthorityEvents>(),
  }
  /** What the API shows of it; undefined where this process decides nothing. */
  readonly view: FailoverView | undefined
  readonly journal: Journal
  readonly #controller: Controller | undefined
  readonly #authority: ReturnType<typeof openAuthority>
  readonly #documents: GroupDocuments
  readonly #summaries: DrillSummaries
  readonly #follower: GroupFollower | undefined
  readonly #watcher: FenceWatcher | undefined
  readonly #gate: RegionGate | undefined
  readonly #commands: AgentCommands | undefined
  readonly #groups: readonly string[]

  constructor(options: ControlOptions) {
    const { config, role, clock, random, replicator } = options
    const { events } = this
    const context = { clock, random }
    this.#groups = config.failoverGroups.map(({ name }) => name)
    this.#authority = openAuthority(authorityOptionsOf(config.authority), { ...context, events: events.authority })
    this.journal = new Journal({ authority: this.#authority, context })
    const { journal } = this
    this.#documents = new GroupDocuments(this.#authority, this.#groups)
    this.#summaries = new DrillSummaries(this.#authority, clock)
    const known = { documents: this.#documents, summaries: this.#summaries }
    const shared = { ...options, ...known, authority: this.#authority, journal }
    const isDeciding = role === 'all' || role === 'controller'
    this.#controller = isDeciding ? new Controller({ ...shared, events }) : undefined
    const view = { journal, clock, authority: this.#viewAuthority(authorityFallsWith(config)) }
    const { groups, manual: fences, clients } = this.#controller ?? {}
    this.view = groups && fences && clients && { ...view, groups, fences, clients }
    if (role === 'agent') {
      this.#gate = openAgentGate({ ...shared, events: events.security })
      this.#commands = openAgentCommands({ ...shared, events: events.security })
    }
    if (role === 'controller' || role === 'agent') return
    if (role === 'replicator') this.#watcher = new FenceWatcher({ ...shared, env: options.env })
    this.#follower = new GroupFollower({ ...shared, replicator, events: events.failover })
  }

  start(): void {
    this.#gate?.start()
    this.#commands?.start()
    // A watch ends by itself for nothing but an end of this process.
    const onError = (reason: string) =>
      this.events.failover.emit('failover:error', { group: '*', what: 'documents', error: new Error(reason) })
    this.#documents.start(onError)
    this.#summaries.start(onError)
    this.#watcher?.start()
    this.#follower?.start()
    this.#controller?.start()
  }

  async stop(): Promise<void> {
    await this.#controller?.stop()
    await this.#follower?.stop()
    await this.#watcher?.stop()
    await this.#gate?.stop()
    await this.#commands?.stop()
    await this.#documents.stop()
    await this.#summaries.stop()
    await this.#authority.close()
  }

  /** Of a group, as the authority told it last. */
  document(group: string): GroupDocument | undefined {
    return this.#documents.get(group)
  }

  #viewAuthority(fallsWith: readonly string[]): AuthorityView {
    const { backend, where } = this.#authority
    return {
      backend,
      where,
      overview: (signal) => this.#authority.overview(signal),
      copies: () => this.#controller?.copies() ?? [],
      hold: () => this.hold(),
      fallsWith,
    }
  }

  /** Why this process does not act now; undefined where it leads. */
  hold(): string | undefined {
    return this.#controller === undefined ? 'it is no controller' : this.#controller.hold()
  }

  /** For what stands beside the groups' documents. */
  get store(): Pick<Authority, 'read' | 'write'> {
    return this.#authority
  }

  /** What topics that are to be created in a region have to wait for; undefined where that is nothing. */
  async cover(region: RegionName, topics: readonly string[], signal: AbortSignal): Promise<string | undefined> {
    return await (this.#controller ?? this.#watcher)?.cover(region, topics, signal)
  }

  /** Undefined but in an agent of a region that has one. */
  readonly gate = (): GateStatus | undefined => this.#gate?.status()

  get leads(): boolean {
    return this.#controller !== undefined && this.#controller.hold() === undefined
  }

  status(): ControlStatus {
    return {
      leads: this.leads,
      groups: this.#groups.flatMap((group) => this.#documents.get(group) ?? []),
      authority: { answers: this.#authority.answers, copies: this.#controller?.copies() ?? [] },
      fences: this.#controller?.fences() ?? [],
      automatic: this.#controller?.automatic() ?? new Map<string, AutomaticView>(),
      clients: this.#controller?.clients.status() ?? [],
      drills: this.#summaries.all(),
    }
  }
}
