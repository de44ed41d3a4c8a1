import {
  createEvents,
  linkName,
  type RegionName,
  regionName,
  systemClock as clock,
  systemRandom as random,
} from '../../../src/core/index.ts'
import type { GroupRooms } from '../../../src/failover/effects/group-rooms.ts'
import { makeReturnEffects } from '../../../src/failover/effects/returns/return-effects.ts'
import type { Json, Outcome } from '../../../src/failover/outcome.ts'
import type { ReturnEffects } from '../../../src/failover/ports.ts'
import { chooseSalvage, resumeReturn } from '../../../src/failover/requests.ts'
import { decideReturn, type ReturnReport } from '../../../src/failover/returns/decide-return.ts'
import type { ReturnRecord, SalvageChoice } from '../../../src/failover/returns/return-record.ts'
import { startReturn } from '../../../src/failover/returns/start-return.ts'
import type { GroupDocument } from '../../../src/failover/state.ts'
import { type Cluster, openCluster } from '../../../src/kafka/index.ts'
import type { LocalRegion } from '../../../src/local/index.ts'
import { compileSelection, type LinkSpec, Replicator } from '../../../src/replication/index.ts'
import { RegionFences, type SecurityEvents } from '../../../src/security/index.ts'
import { RecordsInMemory } from '../../support/fence-records.ts'

/** What ends a controller in the middle of a call: right before a message is sent, or while it is under way. */
export type Death = 'before' | 'after'

/** A controller that brings one region back: the machine as it is, over a document in memory and real regions. */
export class ReturnTrial {
  readonly replicator: Replicator
  readonly rooms: GroupRooms
  readonly evidence = new Map<string, Json>()
  readonly phases: string[] = []
  /** What the document said that it waits for. */
  readonly waits: string[] = []
  document: GroupDocument
  /** Calls that were allowed to send something since the last death. */
  permits = 0
  deaths = 0
  readonly #clusters: ReadonlyMap<RegionName, Cluster>
  readonly #lost: string
  #effects: ReturnEffects
  #report: ReturnReport | undefined
  #diesAt = Number.POSITIVE_INFINITY
  #controller = new AbortController()

  constructor(
    regions: Readonly<Record<string, LocalRegion>>,
    given: {
      readonly topics: readonly string[]
      readonly lost: string
      readonly active: string
      /** Regions of the group that do not answer. */
      readonly others?: readonly string[]
    },
  ) {
    const { topics, lost, active, others = [] } = given
    const selection = { include: topics, exclude: [] }
    this.#lost = lost
    this.#clusters = new Map(
      Object.entries(regions).map(([name, { bootstrap }]) => {
        return [regionName(name), openCluster({ name, bootstrap, context: { clock, random } })]
      }),
    )
    this.replicator = new Replicator({
      clusters: this.#clusters,
      links: [],
      topicSyncMs: 200,
      positionSyncMs: 300,
      replicationFactor: 'default',
      bufferBytes: 16 << 20,
      processName: 'trial',
      clock,
      random,
    })
    this.replicator.start()
    const command = { fence: ['true'], unfence: ['true'], check: ['true'], timeoutMs: 5_000, env: {} }
    const fences = new Map(
      [...this.#clusters].map(([region, cluster]) => {
        const events = createEvents<SecurityEvents>()
        const rest = { principal: undefined, superUsers: undefined, canary: undefined, clock, events }
        return [region, new RegionFences({ region, cluster, command, records: new RecordsInMemory(), ...rest })]
      }),
    )
    this.rooms = {
      group: 'trial',
      actor: 'controller',
      topics: selection,
      scope: { group: 'trial', include: topics, exclude: [], isSelected: compileSelection(selection) },
      fences,
      replicator: this.replicator,
      linkOf: (source, target, only) => linkBetween(source, target, only ?? topics),
      recordedConfigs: async () => undefined,
      waitMs: 3_000,
      groupGraceMs: 3_000,
      clock,
    }
    this.#effects = makeReturnEffects(this.rooms)
    const at = new Date(clock.nowMs()).toISOString()
    this.document = {
      format: 1,
      group: 'trial',
      generation: 1,
      epoch: 2,
      active: regionName(active),
      regions: {
        [lost]: { role: 'lost', since: at, reason: 'a test', return: startReturn(lost, 2, `op-${topics[0]}`) },
        [active]: { role: 'active', since: at, reason: 'a test' },
        ...Object.fromEntries(others.map((name) => [name, { role: 'lost', since: at, reason: 'a test' } as const])),
      },
      reigns: [],
    }
  }

  link(source: string, target: string): LinkSpec {
    return this.rooms.linkOf(regionName(source), regionName(target))
  }

  get record(): ReturnRecord | undefined {
    return this.document.regions[this.#lost]?.return
  }

  get role(): string | undefined {
    return this.document.regions[this.#lost]?.role
  }

  choose(choice: Partial<SalvageChoice> & Pick<SalvageChoice, 'kind'>): void {
    const by = { by: 'a test', reason: 'to see what comes of it' }
    this.document = chooseSalvage(this.document, regionName(this.#lost), { ...by, ...choice })
  }

  resume(): void {
    this.document = resumeReturn(this.document, regionName(this.#lost))
  }

  evidenceOf(phase: ReturnRecord['phase']): Json | undefined {
    return this.evidence.get(phase)
  }

  /** Until the region is a standby again, or waits for a person. `deaths`: the controller dies at ever later messages. */
  async run({ deaths = false, withinMs = 60_000 } = {}): Promise<ReturnRecord | undefined> {
    const endsAtMs = clock.monotonicMs() + withinMs
    let forgottenOf = deaths ? 0 : Number.POSITIVE_INFINITY
    for (let diesAt = 1; ; ) {
      if (clock.monotonicMs() > endsAtMs) throw new Error(`not within ${withinMs} ms: ${this.describe()}`)
      const decision = decideReturn({
        document: this.document,
        region: this.#lost,
        hold: undefined,
        report: this.#report,
        at: new Date(clock.nowMs()).toISOString(),
      })
      if (decision.kind === 'idle') return this.record
      if (decision.kind === 'write') {
        this.#accept(decision.next)
        diesAt = 1
        continue
      }
      const { step, record } = decision
      this.#diesAt = deaths ? diesAt : Number.POSITIVE_INFINITY
      const outcome = await this.#call(step.effect, record)
      // All of it was done, and nobody heard of it.
      const isForgotten = isDone(outcome) && record.attempt > forgottenOf
      if (outcome === 'died' || isForgotten) {
        if (isForgotten) forgottenOf = record.attempt
        else diesAt++
        this.deaths++
        this.#effects = makeReturnEffects(this.rooms)
        continue
      }
      this.#note(record, outcome)
    }
  }

  #accept(next: GroupDocument): void {
    this.document = next
    const phase = this.record?.phase ?? 'standby'
    if (this.phases.at(-1) !== phase) this.phases.push(phase)
    if (this.record?.waiting !== undefined) this.waits.push(this.record.waiting.reason)
  }

  #note({ id, phase, attempt }: ReturnRecord, outcome: Outcome): void {
    if (outcome.kind === 'failed') this.phases.push(outcome.fault.code)
    this.#report = { return: id, attempt, outcome }
    if (outcome.kind !== 'done') return
    this.evidence.set(phase, JSON.parse(JSON.stringify(outcome.evidence ?? { reason: outcome.reason })) as Json)
    this.#report = { ...this.#report, evidence: { key: phase, digest: '' } }
  }

  describe(): string {
    const { links } = this.replicator.status()
    return JSON.stringify([this.phases, this.#report, this.record, links], (_, value: unknown) =>
      typeof value === 'bigint' || value instanceof Error ? String(value) : value,
    )
  }

  async stop(): Promise<void> {
    await this.replicator.stop(8_000)
    for (const cluster of this.#clusters.values()) await cluster.close()
  }

  async #call(effect: keyof ReturnEffects, record: ReturnRecord): Promise<Outcome | 'died'> {
    this.#controller = new AbortController()
    this.permits = 0
    const { signal } = this.#controller
    const context = {
      document: this.document,
      region: this.#lost,
      record,
      permit: () => this.#permit(),
      evidenceOf: async (phase: ReturnRecord['phase']) => this.evidence.get(phase),
    }
    try {
      return await this.#effects[effect](context, signal)
    } catch (error) {
      if (signal.aborted) return 'died'
      const { code, message, remedy, retriable } = error as { [key: string]: string | boolean }
      if (retriable === false) return { kind: 'failed', fault: { code, message, remedy } as never }
      return { kind: 'unknown', reason: String(message) }
    }
  }

  #permit() {
    const lease = { name: 'trial', holder: 'controller', token: 1 }
    this.#controller.signal.throwIfAborted()
    if (++this.permits < this.#diesAt) return lease
    const death: Death = this.deaths % 2 === 0 ? 'before' : 'after'
    if (death === 'after') {
      // The message goes out, and nobody hears the answer.
      queueMicrotask(() => this.#controller.abort(new Error('the controller died')))
      return lease
    }
    this.#controller.abort(new Error('the controller died'))
    throw this.#controller.signal.reason
  }
}

function isDone(outcome: Outcome | 'died'): boolean {
  return outcome !== 'died' && outcome.kind === 'done'
}

function linkBetween(source: RegionName, target: RegionName, topics: readonly string[]): LinkSpec {
  return {
    name: linkName(`${source}-to-${target}`),
    source,
    target,
    topics: { include: topics, exclude: [] },
    groups: { include: ['group*'], exclude: [] },
    start: 'earliest',
  }
}
