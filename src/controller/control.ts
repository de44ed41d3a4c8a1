import { type Authority, type AuthorityEvents, Journal, openAuthority, type RegionCopies } from '../authority/index.ts'
import type { AuthorityView, AutomaticView, FailoverView } from '../api/index.ts'
import { authorityOptionsOf, type Config } from '../config/index.ts'
import { type Clock, createEvents, invariant, type Random, type RegionName } from '../core/index.ts'
import type { DrillSummary, FailoverEvents, GroupDocument, LeftMembers } from '../failover/index.ts'
import type { RegionWatch } from '../regions/index.ts'
import type { FenceCommand, GateStatus, RegionGate, SecurityEvents, WatchedFence } from '../security/index.ts'
import { type AgentCommands, openAgentCommands } from './agent-commands.ts'
import { openAgentGate } from './agent-gate.ts'
import { type ControlledReplicator, Controller, type ControllerEvents } from './controller.ts'
import { authorityFallsWith, type SecurityLooks } from './evidence/index.ts'
import { DrillSummaries } from './drill-summaries.ts'
import { FailoverObjects } from './custom-resources/failover-objects.ts'
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
  readonly #options: ControlOptions
  #controller: Controller | undefined
  readonly #authority: ReturnType<typeof openAuthority>
  readonly #documents: GroupDocuments
  readonly #summaries: DrillSummaries
  #follower: GroupFollower | undefined
  #watcher: FenceWatcher | undefined
  readonly #gate: RegionGate | undefined
  readonly #commands: AgentCommands | undefined
  #objects: FailoverObjects | undefined
  readonly #groups: readonly string[]

  constructor(options: ControlOptions) {
    const { config, role, clock, random } = options
    const { events } = this
    this.#options = options
    const context = { clock, random }
    this.#groups = config.failoverGroups.map(({ name }) => name)
    this.#authority = openAuthority(authorityOptionsOf(config.authority), { ...context, events: events.authority })
    this.journal = new Journal({ authority: this.#authority, context })
    const { journal } = this
    this.#documents = new GroupDocuments(this.#authority, this.#groups)
    this.#summaries = new DrillSummaries(this.#authority, clock)
    this.#build(config)
    this.view = this.#viewControl(this.#viewAuthority(authorityFallsWith(config)))
    if (role !== 'agent') return
    const shared = { ...options, documents: this.#documents, authority: this.#authority, journal }
    this.#gate = openAgentGate({ ...shared, events: events.security })
    this.#commands = openAgentCommands({ ...shared, events: events.security })
  }

  /** What depends on how the groups are to be copied and moved. */
  #build(config: Config): void {
    const { events, journal } = this
    const { role, replicator, env } = this.#options
    const known = { documents: this.#documents, summaries: this.#summaries }
    const shared = { ...this.#options, ...known, config, authority: this.#authority, journal }
    if (role === 'all' || role === 'controller') this.#controller = new Controller({ ...shared, events })
    this.#objects = this.#showObjects(config)
    if (role === 'replicator') this.#watcher = new FenceWatcher({ ...shared, env })
    if (role === 'all' || role === 'replicator') {
      this.#follower = new GroupFollower({ ...shared, replicator, events: events.failover })
    }
  }

  /**
   * Goes on with other settings of the same groups in the same regions: as after a restart of what decides and follows,
   * while the copies, the API and the looks at the regions go on. The lead is given up and taken again.
   */
  async reconfigure(config: Config): Promise<void> {
    await this.#stopParts()
    this.#build(config)
    this.#startParts()
  }

  /** Why settings of groups may not change now, a sentence; undefined where they may. */
  busy(): string | undefined {
    const documents = this.#groups.flatMap((group) => this.#documents.get(group) ?? [])
    for (const { group, operation, regions } of documents) {
      if (operation !== undefined) return `${operation.kind} ${operation.id} of ${group} has not ended`
      const back = Object.entries(regions).find(([, entry]) => entry.return !== undefined)
      if (back !== undefined) return `${back[0]} is on its way back into ${group}`
    }
    return undefined
  }

  start(): void {
    this.#gate?.start()
    this.#commands?.start()
    // A watch ends by itself for nothing but an end of this process.
    const onError = (reason: string) =>
      this.events.failover.emit('failover:error', { group: '*', what: 'documents', error: new Error(reason) })
    this.#documents.start(onError)
    this.#summaries.start(onError)
    this.#startParts()
  }

  #startParts(): void {
    this.#watcher?.start()
    this.#follower?.start()
    this.#controller?.start()
    this.#objects?.start()
  }

  async #stopParts(): Promise<void> {
    await this.#objects?.stop()
    await this.#controller?.stop()
    await this.#follower?.stop()
    await this.#watcher?.stop()
  }

  async stop(): Promise<void> {
    await this.#stopParts()
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

  #showObjects(config: Config): FailoverObjects | undefined {
    const { name, clock, random } = this.#options
    const { kubernetes: access, failoverGroups } = config
    const controlled = this.#controller?.groups
    if (controlled === undefined || access === undefined) return undefined
    const shown = failoverGroups.filter(({ canaryOf }) => canaryOf === null).map((group) => group.name)
    return new FailoverObjects({
      access,
      name,
      groups: new Map([...controlled].filter(([group]) => shown.includes(group))),
      document: (group) => this.#documents.get(group),
      missingOf: async (document, signal) => (await controlled.get(document.group)?.missing(document, signal)) ?? [],
      drills: () => this.#summaries.all(),
      hold: () => this.hold(),
      clock,
      random,
      onError: (what, error) => this.events.failover.emit('failover:error', { group: '*', what, error }),
    })
  }

  /** Shows whatever decides at the moment. */
  #viewControl(authority: AuthorityView): FailoverView | undefined {
    if (this.#controller === undefined) return undefined
    const deciding = () => {
      invariant(this.#controller !== undefined, 'what decides is replaced, never taken away')
      return this.#controller
    }
    return {
      journal: this.journal,
      clock: this.#options.clock,
      authority,
      get groups() {
        return deciding().groups
      },
      get fences() {
        return deciding().manual
      },
      get clients() {
        return deciding().clients
      },
    }
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
