import {
  type Authority,
  type AuthorityEvents,
  type Journal,
  type RegionCopies,
  StateCopies,
} from '../authority/index.ts'
import type { Config, FailoverGroupConfig } from '../config/index.ts'
import { type Clock, describeError, type Events, pause, type Random, type RegionName } from '../core/index.ts'
import {
  authorityPort,
  explainDistrust,
  type FailoverEvents,
  type GroupController,
  type GroupDesk,
  journalPort,
  Leadership,
  makeMoveEffects,
  makeReturnEffects,
} from '../failover/index.ts'
import type { RegionWatch } from '../regions/index.ts'
import type { Replicator } from '../replication/index.ts'
import type { FenceCommand, SecurityEvents, WatchedFence } from '../security/index.ts'
import { controllerOf, deskOf, type GroupParts, roomsOf } from './controlled-group.ts'
import { ControllerBeats } from './controller-beats.ts'
import { SourceRates } from './evidence/index.ts'
import type { GroupDocuments } from './group-documents.ts'
import { linkOfGroup } from './link-specs.ts'
import { lookAtSources, moveEvidence } from './move-evidence.ts'
import { ConfigsRecorder } from './recorded-configs.ts'
import { AutomaticWatch } from './watch-automatic.ts'
import { ManualFences } from './manual-fences.ts'
import { openRegionAccess, type RegionAccess } from './region-access.ts'
import { StandingFences } from './standing-fences.ts'

/** How often a group that is not recorded yet is tried again. */
const CREATE_EVERY_MS = 1_000
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
  readonly replicator: ControlledReplicator
  readonly watch: Pick<RegionWatch, 'status' | 'doubt'>
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

interface Controlled {
  readonly desk: GroupDesk
  readonly controller: GroupController
  readonly recorder: ConfigsRecorder
  readonly automatic: AutomaticWatch
  readonly writePauseMs: number
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
  #creating: Promise<unknown> | undefined
  /** What a person does about fences. */
  readonly manual: ManualFences
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
    this.#regions = openRegionAccess({ config, events: events.security, env: options.env, ...context })
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
    this.groups = new Map(config.failoverGroups.map((group) => [group.name, this.#control(group)]))
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
    for (const { controller, recorder, automatic } of this.groups.values()) {
      recorder.start()
      automatic.start()
      controller.start()
    }
    this.#creating ??= Promise.all([...this.groups.keys()].map((group) => this.#create(group)))
  }

  /** Ends between two passes; an operation that runs is left to whoever leads next. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('stopping'))
    await Promise.all(
      [...this.groups.values()].flatMap(({ controller, recorder, automatic }) => [
        controller.stop(),
        recorder.stop(),
        automatic.stop(),
      ]),
    )
    await Promise.all([this.#standing.stop(), this.#rates.stop(), this.#beats.stop()])
    await this.#leadership.stop()
    await this.#creating
    await this.#copies.stop()
    await this.#regions.close()
  }

  /** Why this process does not act now; undefined where it leads. */
  hold(): string | undefined {
    return this.#leadership.hold()
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

  #control(group: FailoverGroupConfig): Controlled {
    const { config, name: actor, authority, journal, documents, replicator, watch, events, clock, env } = this.#options
    const recorder = new ConfigsRecorder({
      group: group.name,
      authority,
      leadership: this.#leadership,
      moves: replicator.moves,
      document: () => documents.get(group.name),
      linkOf: linkOfGroup(group.name, config.links),
      clock,
      onError: (error) => events.failover.emit('failover:error', { group: group.name, what: 'configs', error }),
    })
    const parts: GroupParts = {
      config,
      group,
      actor,
      authority: authorityPort(authority),
      journal: journalPort(journal),
      leadership: this.#leadership,
      replicator,
      fences: this.#regions.fences,
      events: events.failover,
      recorded: recorder,
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
      env,
      lifetime: this.#stopping.signal,
    })
    const effects = makeMoveEffects(rooms, extras)
    return {
      desk: deskOf(parts, extras.limits, extras.gather),
      controller: controllerOf(parts, { effects, returns: makeReturnEffects(rooms) }),
      recorder,
      automatic: new AutomaticWatch({
        group,
        document: () => documents.get(group.name),
        health: () => watch.status(),
        clock,
        events: events.failover,
      }),
      writePauseMs: group.timings.writePauseMs,
    }
  }

  /** Records a group that is not on record, as its first reign; not while a region may know of a later one. */
  async #create(group: string): Promise<void> {
    const { config, clock, events } = this.#options
    const { signal } = this.#stopping
    const regions = config.failoverGroups.find(({ name }) => name === group)?.regions ?? []
    let told = ''
    while (!signal.aborted) {
      try {
        if (this.#options.documents.get(group) !== undefined) return
        const at = new Date(clock.nowMs()).toISOString()
        const copies = this.#copies.status().filter(({ region }) => regions.some((one) => one === region))
        await this.groups.get(group)?.desk.create({ ranked: regions, at, copies }, signal)
        return
      } catch (error) {
        const reason = describeError(error)
        if (!signal.aborted && reason !== told) events.failover.emit('failover:error', { group, what: 'record', error })
        told = reason
      }
      await pause(clock, CREATE_EVERY_MS, signal)
    }
  }
}
