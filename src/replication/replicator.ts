import { createEvents, type Events, type LinkName, type RegionName, sleep } from '../core/index.ts'
import type { ReplicationEvents } from './events.ts'
import { replicationFaults } from './faults.ts'
import { type Acknowledgement, isReleasing } from './incidents/acknowledge.ts'
import { describeIncident } from './incidents/incident-status.ts'
import type { LinkSpec } from './link-options.ts'
import type { LinkPauses } from './link-pauses.ts'
import type { LinkRunner } from './link-runner.ts'
import { LinkSet } from './link-set.ts'
import { describeLink, describeProgress } from './link-status.ts'
import { type CatchUp, catchUp, type CatchUpRequest } from './moves/catch-up.ts'
import { Moves } from './moves/moves.ts'
import type { Permit } from './moves/permitted.ts'
import type { PositionsAtCut } from './moves/positions-at-cut.ts'
import type { ReplicatorOptions } from './replicator-options.ts'
import { type LinkRemoval, type RemovalContext, type RemovalOptions, removeLink } from './removal/remove-link.ts'
import type { GroupStatus, IncidentStatus, LinkProgress, OffsetTranslation, ReplicationStatus } from './status.ts'
import type { TargetEngine } from './target-engine.ts'
import type { VerificationReport, VerificationRequest } from './verification/report.ts'
import { Verifier } from './verification/verifier.ts'

/** For one who may lose the right to change anything: the moves of a permit, and the permit itself. */
export interface Permitted {
  readonly moves?: Moves
  readonly permit?: Permit
}

/** What other processes may need to bring positions over: a pass that has just missed them, and one more. */
const POSITION_PASSES = 2
const POSITION_PASS_MS = 1_000

export interface OffsetQuery {
  readonly link: LinkName
  /** Name at the source. */
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly direction: 'source-to-target' | 'target-to-source'
}

/**
 * All links of this process. `untilFenced` resolves when another replicator has taken a shard over: then this process
 * has to stop and must not start again beside it.
 */
export class Replicator {
  readonly events: Events<ReplicationEvents> = createEvents<ReplicationEvents>()
  readonly #options: ReplicatorOptions
  readonly #set: LinkSet
  /** Removed for good: asked again, they say so. */
  readonly #removed: LinkRunner[] = []
  readonly #removal = new AbortController()
  #isRemoving = false
  readonly #verifier: Verifier
  readonly #fenced = Promise.withResolvers<string>()
  /** What the moves of failover groups do on logs. */
  readonly moves: Moves

  constructor(options: ReplicatorOptions) {
    this.#options = options
    this.#verifier = new Verifier({ ...options, events: this.events })
    this.#set = new LinkSet(options, this.events, (reason) => this.#fenced.resolve(reason))
    const { ledgers, atlas, memory } = this.#set
    this.moves = new Moves({
      ...options,
      ledgers,
      atlas,
      memory,
      acknowledgeUnfenced: options.acknowledgeUnfenced ?? false,
      flowOf: (key) => this.#links.find((link) => link.isOwn(key))?.flow(key.topic, key.partition),
      lend: (region, shard, use, signal) => this.#engines.get(region)?.lend(shard, use, signal) ?? use(),
    })
  }

  get #links(): readonly LinkRunner[] {
    return this.#set.runners
  }

  get #engines(): Map<RegionName, TargetEngine> {
    return this.#set.engines
  }

  /** Which links are paused, of any that a region is the target of; see `link-pauses.ts`. */
  get pauses(): LinkPauses {
    return this.#set.pauses
  }

  start(): void {
    this.#set.start()
  }

  /** Those that this process has now, running or not. */
  links(): LinkSpec[] {
    return this.#links.map(({ spec }) => spec)
  }

  /**
   * Adds a link while others run; one that is there already, between the same regions, is left as it is, and so is a
   * process that copies nothing. Whoever adds links has every replicator of the target add them: unlike those of the
   * options they are no part of what replicators compare before they share work. `permit` is asked when its turn has
   * come. Fault LINK_NAME_TAKEN.
   */
  async addLink(spec: LinkSpec, permit?: Permit): Promise<void> {
    if (this.#options.copies !== false) await this.#set.add(spec, permit)
  }

  /**
   * Stops a link and leaves everything as it is on both sides. What is in flight is settled, and shards that no other link
   * of this process needs are handed over, unless the signal aborts first. A link that is not there is stopped already;
   * where other processes run it, `Moves.close` fences them.
   */
  stopLink(name: LinkName, reason: string, signal: AbortSignal, permit?: Permit): Promise<void> {
    return this.#set.stop(name, { reason, permit }, signal)
  }

  /**
   * The links of the configuration as they are from now on; links that were added by name stay. What was copied stays too,
   * and a link that changed goes on where it stood. May be repeated.
   */
  async declareLinks(links: readonly LinkSpec[], signal: AbortSignal): Promise<void> {
    if (this.#options.copies !== false) await this.#set.declare(links, signal)
  }

  /** One pass of the catch-up of a region from other survivors; see `catch-up.ts`. */
  catchUp(
    request: CatchUpRequest,
    signal: AbortSignal,
    { moves = this.moves, permit }: Permitted = {},
  ): Promise<CatchUp> {
    const context = {
      moves,
      addLink: (spec: LinkSpec) => this.addLink(spec, permit),
      stopLink: ({ name }: LinkSpec, signal: AbortSignal) => this.stopLink(name, 'it has caught up', signal, permit),
    }
    return catchUp(context, request, signal)
  }

  /** The positions of a link that is drained, whether this process runs it or not. Faults: those of `Moves.prove`. */
  positionsAtCut(spec: LinkSpec, signal: AbortSignal, { moves = this.moves }: Permitted = {}): Promise<PositionsAtCut> {
    const runner = this.#links.find((link) => link.spec.name === spec.name)
    const hurry = runner && ((until: AbortSignal) => runner.positions.nextPass(until))
    const patienceMs = POSITION_PASSES * this.#options.positionSyncMs + POSITION_PASS_MS
    return moves.positionsAtCut(spec, { hurry, patienceMs }, signal)
  }

  /** Resolves with the reason. */
  untilFenced(): Promise<string> {
    return this.#fenced.promise
  }

  /** Graceful: what is in flight is settled and every shard handed over, as far as that takes less than `deadlineMs`. */
  async stop(deadlineMs: number): Promise<void> {
    const { clock } = this.#options
    this.#removal.abort(new Error('stopping'))
    const deadline = new AbortController()
    const timer = clock.setTimer(deadlineMs, () => deadline.abort(new Error('the deadline of the stop has passed')))
    const passed = sleep(clock, deadlineMs, deadline.signal).catch(() => undefined)
    const verifications = this.#verifier.stop()
    const links = Promise.all(this.#links.map((link) => link.stop(new Error('stopping'))))
    // One flow that does not let go must not cost the other shards their clean hand-over.
    await Promise.race([links, sleep(clock, deadlineMs / 2, deadline.signal).catch(() => undefined)])
    const engines = Promise.all([...this.#engines.values()].map((engine) => engine.stop(deadline.signal)))
    await Promise.race([Promise.all([engines, verifications]), passed])
    timer.cancel()
    deadline.abort(new Error('stopped'))
    await this.moves[Symbol.asyncDispose]()
    await this.#set.close()
  }

  status(): ReplicationStatus {
    const atMs = this.#options.clock.nowMs()
    const links = this.#links.map((link) => describeLink(link, this.#engines.get(link.spec.target)))
    const members = [...this.#engines.values()].flatMap((engine) => engine.members())
    return { atMs, links, members, incidents: this.#describeIncidents() }
  }

  progress(): LinkProgress[] {
    return this.#links.map((link) => describeProgress(link, this.#engines.get(link.spec.target)))
  }

  /**
   * Puts on record that somebody knows of an incident, and lets the flow do what then is to be done: go on behind a
   * retention gap, or, with the action `reseed`, have its target topic deleted and copied again. May be repeated.
   *
   * Faults: INCIDENT_UNKNOWN, INCIDENT_ACTION_REFUSED, INCIDENT_NOT_OWNED.
   */
  async acknowledgeIncident(request: Acknowledgement): Promise<IncidentStatus> {
    for (const [region, { incidents }] of this.#engines) {
      if (!incidents.all().some(({ id }) => id === request.id)) continue
      const entry = await incidents.acknowledge(request)
      const status = describeIncident(entry, region)
      const { id, code, link, topic, targetTopic, partition } = status
      const { by, note } = request
      this.events.emit('incident:acknowledged', { link, topic, targetTopic, partition, id, code, by, note })
      if (isReleasing(entry.facts)) for (const runner of this.#links) runner.release(entry.flow)
      return status
    }
    throw replicationFaults.fault('INCIDENT_UNKNOWN', { id: request.id })
  }

  #describeIncidents(): IncidentStatus[] {
    // What is known of a shard that is elsewhere is old: its owner tells it.
    const all = [...this.#engines].flatMap(([region, engine]) =>
      engine.incidents
        .all()
        .filter(({ flow }) => engine.whereabouts(flow) === undefined)
        .map((entry) => describeIncident(entry, region)),
    )
    return all.sort((one, other) => one.atMs - other.atMs || (one.id < other.id ? -1 : 1))
  }

  /** Faults: LINK_UNKNOWN, FLOW_UNKNOWN, FLOW_ELSEWHERE, FLOW_NOT_READY. */
  async translateOffset(query: OffsetQuery, signal: AbortSignal): Promise<OffsetTranslation> {
    const link = this.#link(query.link)
    const flow = link.flow(query.topic, query.partition)
    if (flow === undefined) {
      const { topic, partition } = query
      throw replicationFaults.fault('FLOW_UNKNOWN', { link: query.link, topic, partition })
    }
    const reason = this.#engines.get(link.spec.target)?.whereabouts(flow.spec.key)
    if (reason !== undefined) throw replicationFaults.fault('FLOW_ELSEWHERE', { ...query, reason })
    const { offset: to, note } = await link.translator.lookUp(flow, query, signal)
    const { targetTopic } = flow.spec.key
    const { link: name, topic, partition, direction, offset: from } = query
    return { link: name, topic, targetTopic, partition, direction, from, to, note }
  }

  /** As of the last pass of the position sync. Faults: LINK_UNKNOWN, GROUP_UNKNOWN. */
  translateGroup(query: { readonly link: LinkName; readonly group: string }): Promise<GroupStatus> {
    const status = this.#link(query.link).positions.statuses.find(({ group }) => group === query.group)
    return status === undefined
      ? Promise.reject(replicationFaults.fault('GROUP_UNKNOWN', { ...query }))
      : Promise.resolve(status)
  }

  /** Compares what is copied, beside the copying. Faults: LINK_UNKNOWN, VERIFY_BUSY, VERIFY_NOTHING_SELECTED. */
  startVerification(request: VerificationRequest): VerificationReport {
    const link = this.#link(request.link)
    const { name, source, target } = link.spec
    const verified = {
      name,
      source: this.#set.cluster(source),
      target: this.#set.cluster(target),
      flows: () => link.flows(),
    }
    return this.#verifier.start(verified, request)
  }

  /** Fault VERIFY_UNKNOWN. */
  verification(id: string): VerificationReport {
    return this.#verifier.report(id)
  }

  /** Of the last verifications, those of one link. Fault LINK_UNKNOWN. */
  verifications(link: LinkName): VerificationReport[] {
    return this.#verifier.reports(this.#link(link).spec.name)
  }

  /** Fault VERIFY_UNKNOWN. */
  cancelVerification(id: string): Promise<VerificationReport> {
    return this.#verifier.cancel(id)
  }

  /**
   * Stops a link and removes all that Isthmus made for it on the target, or lists it. May be repeated: what was
   * interrupted is finished. Faults: LINK_UNKNOWN, LINK_REMOVAL_RUNS, LINK_SHARED, TARGET_NOT_READY while it is not
   * known who shares the target, and whatever keeps the target from answering.
   */
  async removeLink(name: LinkName, options: RemovalOptions, asked: AbortSignal): Promise<LinkRemoval> {
    const link = this.#link(name, [...this.#links, ...this.#removed])
    if (this.#isRemoving) throw replicationFaults.fault('LINK_REMOVAL_RUNS', { link: name })
    if (!options.dryRun) this.#checkNotShared(link)
    this.#isRemoving = true
    const signal = AbortSignal.any([asked, this.#removal.signal])
    try {
      if (!options.dryRun) await link.stop(new Error('being removed'))
      const removal = await removeLink(this.#removalOf(link), options, signal)
      if (removal.state === 'removed') {
        this.#drop(link)
        await this.pauses.set(link.spec.target, name, undefined, signal)
      }
      if (!options.dryRun) {
        const isComplete = removal.state === 'removed'
        this.events.emit('link:removed', { link: name, topics: removal.topics.length, isComplete })
      }
      return removal
    } finally {
      this.#isRemoving = false
    }
  }

  /** The others have shards that can't be forgotten here, and would undo what is done to the topics. */
  #checkNotShared({ spec: { name, target } }: LinkRunner): void {
    const engine = this.#engines.get(target)
    if (engine?.waiting !== undefined) {
      const facts = { what: 'the list of replicators', target, reason: engine.waiting }
      throw replicationFaults.fault('TARGET_NOT_READY', facts)
    }
    const others = engine?.members().filter(({ isThisProcess }) => !isThisProcess) ?? []
    if (others.length === 0) return
    const members = others.map((member) => member.name).join(', ')
    throw replicationFaults.fault('LINK_SHARED', { link: name, target, members })
  }

  #removalOf(link: LinkRunner): RemovalContext {
    const { name, source, target } = link.spec
    const others = this.#links.filter((other) => other !== link && other.spec.target === target)
    const ledger = this.#set.ledgers.get(target)
    if (ledger === undefined) throw new Error(`no ledger of region ${target}`)
    return {
      link: name,
      source: this.#set.cluster(source),
      target: this.#set.cluster(target),
      ledger,
      isOwn: (key) => link.isOwn(key),
      isStray: (key) => key.source === source && ![link, ...others].some((one) => one.isOwn(key)),
      usedBy: others.length === 0 ? null : others.map(({ spec }) => `link ${spec.name}`).join(', '),
      groups: link.positions.statuses.filter(({ syncedAtMs }) => syncedAtMs !== null).map(({ group }) => group),
      forget: async (keys, signal) => {
        const engine = this.#engines.get(target)
        if (engine === undefined) throw new Error(`nothing of this process writes to ${target} any more`)
        await engine.prepare(signal)
        await engine.forget(keys, signal)
      },
      release: async () => {
        await this.#engines.get(target)?.stop(this.#removal.signal)
        this.#engines.delete(target)
      },
    }
  }

  #drop(link: LinkRunner): void {
    this.#set.drop(link)
    if (!this.#removed.includes(link)) this.#removed.push(link)
  }

  #link(name: LinkName, links = this.#links): LinkRunner {
    const link = links.find(({ spec }) => spec.name === name)
    if (link !== undefined) return link
    const names = this.#links.map(({ spec }) => spec.name).join(', ')
    throw replicationFaults.fault('LINK_UNKNOWN', { link: name, links: names === '' ? 'none' : names })
  }
}
