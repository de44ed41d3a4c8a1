import { Doctor } from '../../../src/controller/doctor/doctor.ts'
import { guardLimitsOf, SourceRates } from '../../../src/controller/evidence/index.ts'
import { linkOfGroup, specOf } from '../../../src/controller/link-specs.ts'
import { moveEvidence } from '../../../src/controller/move-evidence.ts'
import { openRegionAccess } from '../../../src/controller/region-access.ts'
import { type Config, clusterOptionsOf, type FailoverGroupConfig } from '../../../src/config/index.ts'
import { createEvents, regionName, systemClock as clock, systemRandom as random } from '../../../src/core/index.ts'
import {
  evaluateGuards,
  firstDocument,
  type GroupDocument,
  type GroupRooms,
  type GuardResult,
  type MoveEvidence,
  type MoveExtras,
  type MoveKind,
  type MoveWish,
} from '../../../src/failover/index.ts'
import { planMove } from '../../../src/failover/plan.ts'
import { type Cluster, openCluster } from '../../../src/kafka/index.ts'
import { healthTimings, RegionWatch } from '../../../src/regions/index.ts'
import { compileSelection, Replicator } from '../../../src/replication/index.ts'
import { type SecurityEvents, STANDING } from '../../../src/security/index.ts'
import { eventually, signal } from '../replication/copy-trial.ts'

/** What a controller has of one failover group, put together as it does, without anything that decides. */
export class EvidenceStage implements AsyncDisposable {
  readonly config: Config
  readonly group: FailoverGroupConfig
  readonly rooms: GroupRooms
  readonly extras: MoveExtras
  readonly replicator: Replicator
  /** The clients that copy: of whoever administers the regions. */
  readonly clusters: ReadonlyMap<string, Cluster>
  readonly #lifetime = new AbortController()
  readonly #watch: RegionWatch
  readonly #access: ReturnType<typeof openRegionAccess>

  constructor(config: Config, { copies = true }: { readonly copies?: boolean } = {}) {
    const [group] = config.failoverGroups
    if (group === undefined) throw new Error('the configuration has no failover group')
    const context = { clock, random }
    this.config = config
    this.group = group
    const clusters = new Map(
      [...config.regions.values()].map((it) => [it.name, openCluster({ ...clusterOptionsOf(it), context })]),
    )
    this.clusters = clusters
    this.replicator = new Replicator({
      clusters,
      links: copies ? config.links.map(specOf) : [],
      copies,
      topicSyncMs: 300,
      positionSyncMs: 300,
      replicationFactor: 'default',
      bufferBytes: 16 << 20,
      processName: 'evidence',
      ...context,
    })
    this.#access = openRegionAccess({ config, events: createEvents<SecurityEvents>(), env: process.env, ...context })
    const timings = { ...healthTimings(), everyMs: 500 }
    this.#watch = new RegionWatch({
      regions: [...config.regions.values()].flatMap(({ name, bootstrap }) => {
        const cluster = this.#access.clusters.get(name)
        return cluster === undefined ? [] : [{ name, bootstrap, canary: true, cluster }]
      }),
      vantage: 'evidence',
      standsIn: null,
      timings,
      clock,
    })
    this.rooms = {
      group: group.name,
      actor: 'evidence',
      topics: group.topics,
      scope: {
        group: group.name,
        include: group.topics.include,
        exclude: group.topics.exclude,
        isSelected: compileSelection(group.topics),
      },
      fences: this.#access.fences,
      replicator: this.replicator,
      linkOf: linkOfGroup(group.name, config.links),
      recordedConfigs: () => Promise.resolve(undefined),
      waitMs: 2_000,
      groupGraceMs: 0,
      clock,
    }
    this.extras = moveEvidence({
      config,
      group,
      rooms: this.rooms,
      clusters: this.#access.clusters,
      replication: () => this.replicator.status(),
      pauses: this.replicator.pauses,
      health: () => this.#watch.status(),
      rates: new SourceRates(),
      // The watch on standing fences is not there, so they are proved by the look itself.
      fences: () => [],
      env: process.env,
      sinceLastDrillMs: () => null,
      lifetime: this.#lifetime.signal,
    })
    this.replicator.start()
    this.#watch.start()
  }

  get document(): GroupDocument {
    return firstDocument(this.group.name, this.group.regions, new Date().toISOString())
  }

  /** The fence that a standby always has. */
  async fenceStandby(region: string): Promise<void> {
    const fences = this.rooms.fences.get(region)
    const claim = { operation: STANDING, by: 'evidence', reason: 'a standby', untilMs: null }
    const step = await fences?.apply({ scope: this.rooms.scope, ...claim }, signal)
    if (step?.kind !== 'done') throw new Error(`${region} is not fenced: ${JSON.stringify(step)}`)
  }

  async gather(to: string, kind: MoveKind = 'switchover'): Promise<MoveEvidence> {
    const wish = { kind, to: regionName(to), overrides: [], acceptLoss: false, writePauseLimitMs: 60_000 }
    return await this.extras.gather(this.document, wish, signal)
  }

  async guards(to: string, kind: MoveKind = 'switchover'): Promise<GuardResult[]> {
    const evidence = await this.gather(to, kind)
    const limits = guardLimitsOf(this.group)
    return evaluateGuards({ kind, document: this.document, to, evidence, limits })
  }

  /** Guards that stop the move, with what they say. */
  async blocking(to: string): Promise<Record<string, string>> {
    const found = (await this.guards(to)).filter(({ isBlocking }) => isBlocking)
    return Object.fromEntries(found.map(({ name, status, evidence }) => [name, `${status}: ${evidence}`]))
  }

  /** What a doctor finds, by what is found where. */
  async diagnose(): Promise<Record<string, string>> {
    const { name } = this.group
    const desk = {
      plan: async (wish: MoveWish) => {
        const evidence = await this.extras.gather(this.document, wish, signal)
        return planMove({ ...wish, document: this.document, evidence, limits: guardLimitsOf(this.group) })
      },
    }
    const doctor = new Doctor({
      config: this.config,
      clusters: this.clusters,
      replication: () => this.replicator.status(),
      watch: this.#watch,
      control: {
        view: {
          groups: new Map([[name, { desk, writePauseMs: 60_000 }]]),
          authority: { where: 'memory', backend: 'memory', fallsWith: [], copies: () => [] },
        },
        document: () => this.document,
        status: () => ({ authority: { answers: true } }),
      },
      delivery: { notifications: { status: () => [] } },
      credentials: () => [],
      clock,
    })
    const { findings } = await doctor.examine(signal)
    return Object.fromEntries(findings.map(({ id, region, evidence }) => [`${id} ${region ?? ''}`.trim(), evidence]))
  }

  /** Until everything is copied and both regions were looked at. */
  async untilReady(to: string): Promise<void> {
    let blocking: unknown
    const look = async () => {
      blocking = await this.blocking(to)
      const { regions } = this.#watch.status()
      return Object.keys(blocking as object).length === 0 && regions.every(({ sample }) => sample?.clock.kind === 'ok')
        ? true
        : undefined
    }
    await eventually('nothing blocks a healthy pair', look, () => JSON.stringify(blocking))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lifetime.abort(new Error('stopping'))
    await this.#watch.stop()
    await this.replicator.stop(5_000)
    await this.#access.close()
    await Promise.all([...this.clusters.values()].map((cluster) => cluster.close()))
  }
}
