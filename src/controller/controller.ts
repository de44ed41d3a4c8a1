import {
  type Authority,
  type AuthorityEvents,
  type Journal,
  type RegionCopies,
  StateCopies,
} from '../authority/index.ts'
import type { AutomaticView } from '../api/index.ts'
import type { Config, FailoverGroupConfig } from '../config/index.ts'
import { type Clock, describeError, type Events, pause, type Random, type RegionName } from '../core/index.ts'
import {
  authorityPort,
  explainDistrust,
  type FailoverEvents,
  type GroupController,
  type GroupDesk,
  type GroupRooms,
  hasRegions,
  journalPort,
  Leadership,
  makeMoveEffects,
  makeReturnEffects,
  type MovedGroup,
  type Objectives,
} from '../failover/index.ts'
import type { RegionWatch } from '../regions/index.ts'
import type { Replicator } from '../replication/index.ts'
import type { FenceCommand, SecurityEvents, WatchedFence } from '../security/index.ts'
import { AgentOrders } from './agent-orders.ts'
import { AutomaticMode, testOnlyDwellMs } from './automatic-mode.ts'
import { controllerOf, deskOf, type GroupParts, roomsOf } from './controlled-group.ts'
import { ClientWatch } from './client-watch.ts'
import { ControllerBeats } from './controller-beats.ts'
import { type SecurityLooks, SourceRates } from './evidence/index.ts'
import type { DrillSummaries } from './drill-summaries.ts'
import type { GroupDocuments } from './group-documents.ts'
import { drillsOf, type GroupDrills } from './group-drills.ts'
import { linkOfGroup } from './link-specs.ts'
import { type FindMissing, lookAtSources, moveEvidence } from './move-evidence.ts'
import { ConfigsRecorder } from './recorded-configs.ts'
import { ManualFences } from './manual-fences.ts'
import { openRegionAccess, type RegionAccess } from './region-access.ts'
import { StandingFences } from './standing-fences.ts'

/** How often a group that is not recorded yet is tried again. */
const RECORD_EVERY_MS = 1_000
/** The lease of whoever acts for all groups. */
const LEASE = 'controller'

/** The part of the replicator that moves use. */
export type ControlledReplicator = Pick<
  Replicator,
  'links' | 'addLink' | 'stopLink' | 'positionsAtCut' | 'catchUp' | 'moves' | 'status' | 'pauses'
>

export interface ControllerOptions {
  readonly config: Config
  readonly name: string
  readonly authority: Authority
  readonly journal: Journal
  readonly documents: GroupDocuments
  readonly summaries: DrillSummaries
  readonly replicator: ControlledReplicator
  readonly watch: Pick<RegionWatch, 'status' | 'doubt'>
  /** @defaultValue there are no policies */
  readonly security?: SecurityLooks | undefined
  readonly events: ControllerEvents
  readonly clock: Clock
  readonly random: Random
  /** Of the process, for the operator's commands. */
  readonly env: FenceCommand['env']
}

export interface ControllerEvents {
  readonly failover: Events<FailoverEvents>
  readonly security: Events<SecurityEvents>
  readonly authority: Events<AuthorityEvents>
}

interface Controlled extends ControlledMoves {
  /** Undefined of a group that only drills move. */
  readonly drills: GroupDrills | undefined
}

interface ControlledMoves {
  readonly desk: GroupDesk
  readonly controller: GroupController
  readonly recorder: ConfigsRecorder
  readonly automatic: () => AutomaticView | undefined
  readonly writePauseMs: number
  readonly objectives: Objectives
  readonly missing: FindMissing
}

/** What a process does that decides: takes requests about failover groups, leads or stands by, carries moves out. */
export class Controller {
  readonly #options: ControllerOptions
  readonly #leadership: Leadership
  readonly #regions: RegionAccess
  readonly #copies: StateCopies
  readonly #beats: ControllerBeats
  readonly #standing: StandingFences
  readonly #rates = new SourceRates()
  readonly #stopping = new AbortController()
  #recording: Promise<unknown> | undefined
  /** What a person does about fences. */
  readonly manual: ManualFences
  /** Who of the applications is where. */
  readonly clients: ClientWatch
  /** By name, in the order of the configuration. */
  readonly groups: ReadonlyMap<string, Controlled>

  constructor(options: ControllerOptions) {
    const { config, name, authority, journal, documents, events, watch, clock, random } = options
    this.#options = options
    const context = { clock, random }
    const port = authorityPort(authority)
    this.#leadership = new Leadership({
      authority: port,
      clock,
      events: events.failover,
      name: LEASE,
      holder: `${name}-${Math.floor(random.next() * 2 ** 32).toString(16)}`,
      ttlMs: config.authority.leaseMs,
      settleMs: config.authority.takeoverMs,
      doubt: () => watch.doubt() ?? explainDistrust(this.#copies.status()),
      isQuiet: () => [...this.groups.values()].every(({ controller }) => controller.isQuiet()),
    })
    this.#regions = openRegionAccess({
      config,
      events: events.security,
      env: options.env,
      agents: ({ name: region, fence }) => {
        const lease = () => this.#leadership.lease()
        return new AgentOrders({ region, authority, lease, by: name, timeoutMs: fence.command?.timeoutMs ?? 0, clock })
      },
      ...context,
    })
    this.#copies = new StateCopies({
      authority,
      journal,
      regions: this.#regions.states,
      events: events.authority,
      context,
    })
    this.#beats = new ControllerBeats({ states: this.#regions.states, name, api: config.api.listen, clock })
    this.#standing = new StandingFences({
      groups: config.failoverGroups,
      fences: this.#regions.fences,
      documents,
      isLeading: () => this.#leadership.hold() === undefined,
      events: events.security,
      clock,
      onError: (region, error) => {
        events.failover.emit('failover:error', { group: '*', what: `the fences of ${region}`, error })
      },
    })
    this.manual = new ManualFences({
      groups: config.failoverGroups,
      fences: this.#regions.fences,
      documents,
      leadership: this.#leadership,
      journal: journalPort(journal),
      standing: this.#standing,
      clock,
    })
    this.clients = this.#watchClients()
    this.groups = this.#controlAll()
  }

  start(): void {
    const { config, documents, replicator, clock, events } = this.#options
    const onError = (error: unknown) => events.failover.emit('failover:error', { group: '*', what: 'rates', error })
    const look = (signal: AbortSignal) => {
      const { moves } = replicator
      const document = (group: string) => documents.get(group)
      return lookAtSources(config.failoverGroups, { document, links: replicator.status().links, moves, clock }, signal)
    }
    this.#rates.start({ look, clock, onError })
    this.#copies.start()
    this.#beats.start()
    this.#leadership.start()
    this.#standing.start()
    this.clients.start()
    for (const { controller, recorder, drills } of this.groups.values()) {
      recorder.start()
      controller.start()
      drills?.controller.start()
    }
    this.#recording ??= Promise.all([...this.groups.keys()].map((group) => this.#record(group)))
  }

  /** Ends between two passes; an operation that runs is left to whoever leads next. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('stopping'))
    await Promise.all([...this.groups.values()].map(async ({ drills }) => await drills?.controller.stop()))
    await Promise.all(
      [...this.groups.values()].flatMap(({ controller, recorder }) => [controller.stop(), recorder.stop()]),
    )
    await Promise.all([this.#standing.stop(), this.clients.stop(), this.#rates.stop(), this.#beats.stop()])
    await this.#leadership.stop()
    await this.#recording
    await this.#copies.stop()
    await this.#regions.close()
  }

  /** Why this process does not act now; undefined where it leads. */
  hold(): string | undefined {
    return this.#leadership.hold()
  }

  /** What is made of the mode of each group. */
  automatic(): ReadonlyMap<string, AutomaticView> {
    const views = [...this.groups].flatMap(([name, { automatic }]) => {
      const view = automatic()
      return view === undefined ? [] : [[name, view] as const]
    })
    return new Map(views)
  }

  copies(): readonly RegionCopies[] {
    return this.#copies.status()
  }

  fences(): readonly WatchedFence[] {
    return this.#standing.status()
  }

  /** What topics that are to be created in a region have to wait for; undefined where that is nothing. */
  cover(region: RegionName, topics: readonly string[], signal: AbortSignal): Promise<string | undefined> {
    return this.#standing.cover(region, topics, signal)
  }

  #watchClients(): ClientWatch {
    const { config, documents, clock, events } = this.#options
    return new ClientWatch({
      groups: config.failoverGroups,
      clusters: this.#regions.clusters,
      documents,
      rates: this.#rates,
      isLeading: () => this.#leadership.hold() === undefined,
      clock,
      onError: (error) => events.failover.emit('failover:error', { group: '*', what: 'clients', error }),
    })
  }

  #controlAll(): Map<string, Controlled> {
    const { failoverGroups } = this.#options.config
    const controlled = new Map(failoverGroups.map((group) => [group.name, this.#control(group)]))
    return new Map(
      failoverGroups.flatMap((group) => {
        const own = controlled.get(group.name)
        return own === undefined ? [] : [[group.name, { ...own, drills: this.#drillsOf(group, controlled) }]]
      }),
    )
  }

  #automaticOf(group: FailoverGroupConfig, desk: GroupDesk, rooms: GroupRooms): AutomaticMode {
    const { config, documents, watch, clock, env } = this.#options
    return new AutomaticMode({
      group,
      vantagePoints: config.health.vantagePoints,
      dwellMs: testOnlyDwellMs(env),
      document: () => documents.get(group.name),
      health: () => watch.status(),
      desk,
      rooms,
      clock,
    })
  }

  #control(group: FailoverGroupConfig): ControlledMoves {
    const { config, name: actor, authority, journal, summaries, replicator, watch, events, clock, env } = this.#options
    const recorder = this.#recorderOf(group)
    const parts: GroupParts = {
      config,
      group,
      actor,
      authority: authorityPort(authority),
      journal: journalPort(journal),
      leadership: this.#leadership,
      replicator,
      fences: group.canaryOf === null ? this.#regions.fences : this.#regions.quietFences,
      events: events.failover,
      recorded: recorder,
      drills: summaries,
      clock,
    }
    const rooms = roomsOf(parts)
    const extras = moveEvidence({
      config,
      group,
      rooms,
      clusters: this.#regions.clusters,
      replication: () => replicator.status(),
      pauses: replicator.pauses,
      rates: this.#rates,
      health: () => watch.status(),
      fences: () => this.fences(),
      security: this.#options.security,
      sinceLastDrillMs: () => summaries.sinceLastMs(group),
      env,
      lifetime: this.#stopping.signal,
    })
    const effects = makeMoveEffects(rooms, extras)
    const desk = deskOf(parts, extras.limits, extras.gather)
    const automatic = this.#automaticOf(group, desk, rooms)
    const returns = makeReturnEffects(rooms)
    const controller = controllerOf(parts, { effects, returns, automatic: automatic.ports() })
    return {
      desk,
      controller,
      recorder,
      automatic: () => automatic.view(controller.automatic()),
      writePauseMs: group.timings.writePauseMs,
      objectives: group.objectives,
      missing: extras.missing,
    }
  }

  #recorderOf({ name: group }: FailoverGroupConfig): ConfigsRecorder {
    const { config, authority, documents, replicator, events, clock } = this.#options
    return new ConfigsRecorder({
      group,
      authority,
      leadership: this.#leadership,
      moves: replicator.moves,
      document: () => documents.get(group),
      linkOf: linkOfGroup(group, config.links),
      clock,
      onError: (error) => events.failover.emit('failover:error', { group, what: 'configs', error }),
    })
  }

  #drillsOf(group: FailoverGroupConfig, controlled: ReadonlyMap<string, ControlledMoves>): GroupDrills | undefined {
    const { name: actor, authority, journal, watch, events, clock, random } = this.#options
    const movedOf = (name: string): MovedGroup | undefined => {
      const { desk, writePauseMs } = controlled.get(name) ?? {}
      return desk && writePauseMs !== undefined ? { name, desk, writePauseMs } : undefined
    }
    const own = movedOf(group.name)
    if (own === undefined || group.canaryOf !== null) return undefined
    return drillsOf({
      group,
      actor,
      authority,
      journal,
      leadership: this.#leadership,
      access: this.#regions,
      own,
      canary: group.canary === null ? undefined : movedOf(group.canary),
      watch,
      events: events.failover,
      clock,
      random,
    })
  }

  /**
   * A group that is not on record begins with its first reign; not while a region may know of a later one. Later, whoever
   * leads has it know the regions of the configuration: others may not know them yet.
   */
  async #record(group: string): Promise<void> {
    const { name: by, config, documents, clock, events } = this.#options
    const { signal } = this.#stopping
    const ranked = config.failoverGroups.find(({ name }) => name === group)?.regions ?? []
    const desk = this.groups.get(group)?.desk
    let told = ''
    while (!signal.aborted) {
      try {
        const document = documents.get(group)
        const at = new Date(clock.nowMs()).toISOString()
        if (document === undefined) {
          const copies = this.#copies.status().filter(({ region }) => ranked.some((one) => one === region))
          await desk?.create({ ranked, at, copies }, signal)
        } else if (this.hold() === undefined && !hasRegions(document, ranked)) {
          await desk?.align({ ranked, at, by }, signal)
        }
        told = ''
      } catch (error) {
        const reason = describeError(error)
        if (!signal.aborted && reason !== told) events.failover.emit('failover:error', { group, what: 'record', error })
        told = reason
      }
      await pause(clock, RECORD_EVERY_MS, signal)
    }
  }
}
