import { fileURLToPath } from 'node:url'
import { type ApiContent, createApiServer } from './api/index.ts'
import { type Config, clusterOptionsOf, groupsOfLinks, notificationTargetOf } from './config/index.ts'
import { Control, Doctor, LinkDesk, type Role, SecurityControl } from './controller/index.ts'
import { type Clock, createEvents, type Events, type Random, type RegionName, regionName } from './core/index.ts'
import { CredentialFiles } from './credentials/index.ts'
import { type Cluster, openCluster } from './kafka/index.ts'
import { followConfig, type FollowedFile } from './live-config.ts'
import { createMemoryKeeper } from './memory-keeper.ts'
import { describeWork, nameMember } from './replicator-work.ts'
import {
  type ApiEvents,
  type ConfigEvents,
  type ConfigStatus,
  createLinkHistory,
  createMetrics,
  createProgress,
  Delivery,
  type LinkHistory,
  type Logger,
  type MetricsSources,
} from './observability/index.ts'
import { healthTimings, RegionWatch, type RegionWatchOptions } from './regions/index.ts'
import { type CreationGate, type ReplicationStatus, Replicator, type ReplicatorOptions } from './replication/index.ts'
import { startLogging } from './start-logging.ts'
import { createCopyTeller } from './tell-copies.ts'
import { serveRunbooks } from './serve-runbooks.ts'

/** The part of the replicator that the process uses; tests give one that holds everything in memory. */
export type ReplicatorPort = Pick<
  Replicator,
  | 'start'
  | 'stop'
  | 'status'
  | 'progress'
  | 'translateOffset'
  | 'translateGroup'
  | 'acknowledgeIncident'
  | 'startVerification'
  | 'verification'
  | 'verifications'
  | 'cancelVerification'
  | 'removeLink'
  | 'untilFenced'
  | 'events'
  | 'links'
  | 'addLink'
  | 'declareLinks'
  | 'stopLink'
  | 'positionsAtCut'
  | 'catchUp'
  | 'moves'
  | 'pauses'
>

export interface AppOptions {
  readonly config: Config
  /** @defaultValue the configuration stays what it is */
  readonly file?: FollowedFile
  readonly version: string
  /** @defaultValue all */
  readonly role?: Role
  readonly logger: Logger
  readonly clock: Clock
  readonly random: Random
  /** @defaultValue the replicator of the replication room */
  readonly createReplicator?: (options: ReplicatorOptions) => ReplicatorPort
}

export interface App {
  status(): ReplicationStatus
  /** Resolves with the address of the API; flows start after that, one by one. */
  start(): Promise<string>
  /** May be called at any time, and again. */
  stop(): Promise<void>
  /** Resolves with the reason when another process has taken over the work of this one. */
  untilFenced(): Promise<string>
}

/** What handing over may take; the process is given two seconds more for the rest. */
const HAND_OVER_MS = 8_000
/** Where `npm run build` puts the console. */
const CONSOLE_FOLDER = fileURLToPath(new URL('../dist/console', import.meta.url))

/** The composition root: every room is built here, and started and stopped in the order of this list. */
export async function createApp(options: AppOptions): Promise<App> {
  const { config, role = 'all', logger, clock, random } = options
  for (const { path, rule, remedy } of config.warnings) logger.warn({ path, remedy }, `${path}: ${rule}`)

  const context = { clock, random }
  const files = await CredentialFiles.open(config.materials, clock)
  const clusters = openClusters(config, context)
  const creationGate: CreationGate = async (region, topics, signal) => await control?.cover(region, topics, signal)
  const work = { clusters, ...describeWork(config, role), creationGate, ...context }
  const replicator = options.createReplicator?.(work) ?? new Replicator(work)

  const copies = createCopyTeller({ clock, status: () => replicator.status() })
  const regions = watchRegions(config, { ...context, copies })
  const security = controlSecurity(options, () => control?.hold())
  const control = controlGroups(options, { replicator, watch: regions.watch, security })

  const [calls, changes] = [createEvents<ApiEvents>(), createEvents<ConfigEvents>()]
  const delivery = deliver(options, { events: replicator.events, watch: regions.watch, changes, control, security })
  const memory = createMemoryKeeper({ clock, logger })
  const progress = createProgress({ clock, logger, progress: () => replicator.progress() })
  const history = createLinkHistory({ clock, status: () => replicator.status() })
  const shown = { watch: regions.watch, control, security, delivery, history, files }
  const parts: Parts = { calls, changes, replicator, clusters, ...shown }
  const watching = [progress, history, memory]
  const stopLogging = startLogging(logger, { events: replicator.events, ...parts })
  const watched = { logger, clock, files, events: calls, ...(control && { journal: control.journal }) }
  const { content, follower } = serve(options, parts)
  const api = await createApiServer({ options: config.api, content, consoleFolder: CONSOLE_FOLDER, ...watched })

  const stop = async () => {
    for (const one of watching) one.stop()
    await follower?.stop()
    files.stop()
    await delivery.stop()
    // Before the replicator: nobody is to add links to it, or to move anything, any more.
    await security?.stop()
    await control?.stop()
    await regions.stop()
    await replicator.stop(HAND_OVER_MS)
    await Promise.all([...clusters.values()].map((cluster) => cluster.close()))
    await api.stop() // Last, so that its health and its status are there until the end.
    for (const stopOne of stopLogging) stopOne()
    logger.info('isthmus has stopped')
  }
  let stopping: Promise<void> | undefined
  return {
    status: () => replicator.status(),
    async start() {
      const address = await api.start() // First: a port that is taken must not cost a takeover.
      logger.info({ address }, `the api listens on ${address}`)
      files.start()
      replicator.start()
      regions.watch.start()
      control?.start()
      security?.start()
      delivery.start()
      for (const one of watching) one.start()
      follower?.start()
      return address
    },
    stop: () => (stopping ??= stop()),
    untilFenced: () => replicator.untilFenced(),
  }
}

function openClusters({ regions }: Config, context: Pick<AppOptions, 'clock' | 'random'>): Parts['clusters'] {
  return new Map([...regions.values()].map((it) => [it.name, openCluster({ ...clusterOptionsOf(it), context })]))
}

/** Regions of failover groups are watched, each through a client of its own whose bounds are those of a look. */
function watchRegions(
  { regions, failoverGroups, health, api }: Config,
  { copies, ...context }: Pick<AppOptions, 'clock' | 'random'> & Pick<RegionWatchOptions, 'copies'>,
): { readonly watch: RegionWatch; stop(): Promise<void> } {
  const timings = healthTimings(health)
  const bounds = { connectTimeoutMs: timings.timeoutMs, requestTimeoutMs: timings.timeoutMs }
  const names = new Set(failoverGroups.flatMap((group) => group.regions))
  const watched = [...regions.values()].flatMap((region) => {
    if (!names.has(region.name)) return []
    const cluster = openCluster({ ...clusterOptionsOf(region), clientId: 'isthmus-health', ...bounds, context })
    return [{ name: region.name, bootstrap: region.bootstrap, canary: health.canary, cluster }]
  })
  const vantage = health.vantage === '' ? nameMember(api.listen) : health.vantage
  const standsIn = health.standsIn === '' ? null : regionName(health.standsIn)
  const watch = new RegionWatch({
    regions: watched,
    vantage,
    standsIn,
    timings,
    clock: context.clock,
    ...(copies && { copies }),
  })
  return {
    watch,
    async stop() {
      await watch.stop()
      await Promise.all(watched.map(({ cluster }) => cluster.close()))
    },
  }
}

/** Undefined where there is no failover group. */
function controlGroups(
  { config, role = 'all', clock, random }: AppOptions,
  { replicator, watch, security }: Pick<Parts, 'replicator' | 'watch' | 'security'>,
): Control | undefined {
  if (config.failoverGroups.length === 0) return undefined
  return new Control({
    config,
    role,
    name: nameMember(config.api.listen),
    replicator,
    watch,
    security,
    clock,
    random,
    env: process.env,
  })
}

/** Undefined in a process that decides nothing. Where nobody leads, as there is nothing to move, each process may. */
function controlSecurity(
  { config, role = 'all', clock, random }: AppOptions,
  hold: () => string | undefined,
): SecurityControl | undefined {
  if (role !== 'all' && role !== 'controller') return undefined
  return new SecurityControl({ config, hold, clock, random })
}

interface Parts {
  readonly replicator: ReplicatorPort
  readonly clusters: ReadonlyMap<RegionName, Cluster>
  readonly watch: RegionWatch
  readonly control: Control | undefined
  readonly security: SecurityControl | undefined
  readonly delivery: Delivery
  readonly history: LinkHistory
  /** Of the API. */
  readonly calls: Events<ApiEvents>
  readonly files: CredentialFiles
  /** Of the configuration file. */
  readonly changes: Events<ConfigEvents>
}

/** What is made anew with each change of the configuration. */
interface Askables {
  readonly doctor: Doctor
  readonly linkDesk: LinkDesk
}

function followingAskables(options: AppOptions, parts: Parts) {
  let asking = askables(options.config, options, parts)
  const onChange = (config: Config) => {
    asking = askables(config, options, parts)
  }
  return { asking: () => asking, onChange }
}

function askables(config: Config, { clock }: AppOptions, parts: Parts): Askables {
  const { replicator, clusters, watch, control, security, delivery, files } = parts
  const replication = () => replicator.status()
  const views = { replication, watch, control, security, delivery, credentials: () => files.status() }
  return {
    doctor: new Doctor({ config, clusters, ...views, clock }),
    linkDesk: new LinkDesk({ config, pauses: replicator.pauses, control, clock }),
  }
}

interface ServedParts extends Parts {
  readonly asking: () => Askables
  readonly configStatus: () => ConfigStatus | undefined
}

/** What the API serves, and what follows the configuration file where there is one to follow. */
function serve(options: AppOptions, parts: Parts) {
  const { config, file, role = 'all', clock } = options
  const { asking, onChange } = followingAskables(options, parts)
  const follower = file && followConfig({ ...parts, config, file, role, events: parts.changes, clock, onChange })
  return { content: contentOf(options, { ...parts, asking, configStatus: () => follower?.status() }), follower }
}

/** What the API serves. */
function contentOf({ config, version, role = 'all', clock }: AppOptions, parts: ServedParts): ApiContent {
  const { replicator, watch, control, security, delivery, history, calls, files, asking, configStatus } = parts
  const credentials = () => files.status()
  return {
    version,
    regions: [...config.regions.keys()],
    replication: replicator,
    linkDesk: {
      pause: (order, signal) => asking().linkDesk.pause(order, signal),
      resume: (order, signal) => asking().linkDesk.resume(order, signal),
    },
    watch,
    config: configStatus,
    history: (link) => history.of(link),
    ...(control && {
      groups: () => control.status().groups,
      drills: () => control.status().drills,
      gate: control.gate,
    }),
    ...(control?.view && { failover: control.view }),
    ...(security && { security }),
    events: delivery,
    notifications: {
      status: () => delivery.notifications.status(),
      test: (by, name, signal) => delivery.notifications.test(by, name, signal),
    },
    credentials,
    runbooks: serveRunbooks({ version, clock }),
    doctor: (signal) => asking().doctor.examine(signal),
    metrics: createMetrics({
      status: () => replicator.status(),
      config: configStatus,
      events: replicator.events,
      nowMs: () => clock.nowMs(),
      process: { version, role },
      regions: () => watch.status(),
      api: calls,
      delivery: () => delivery.status(),
      credentials,
      ...(security && { policies: () => security.watched() }),
      ...(control && metricsOf(control)),
    }),
  }
}

type Told = Pick<Parts, 'watch' | 'changes' | 'control' | 'security'>

/** Who is told of what happens: clients of the API, and the receivers of notifications. */
function deliver(
  { config, clock, random }: AppOptions,
  { events, watch, changes, control, security }: Pick<ReplicatorPort, 'events'> & Told,
): Delivery {
  const groupOf = groupsOfLinks(config)
  return new Delivery({
    events: {
      replication: events,
      regions: watch.events,
      config: changes,
      control: control?.events,
      security: security?.events,
      groupOf: (link) => groupOf.get(link),
    },
    control: control && {
      journal: control.journal,
      authority: control.store,
      isLeading: () => control.leads,
      onError: (error) => control.events.failover.emit('failover:error', { group: '*', what: 'the journal', error }),
    },
    targets: config.notifications.map(notificationTargetOf),
    clock,
    random,
    fetch: globalThis.fetch,
  })
}

function metricsOf(control: Control): Partial<MetricsSources> {
  return {
    failover: () => control.status(),
    authority: () => control.status().authority,
    fences: () => control.status().fences,
    drills: () => control.status().drills,
    gate: control.gate,
  }
}
