import { hostname } from 'node:os'
import { fileURLToPath } from 'node:url'
import { type ApiContent, createApiServer } from './api/index.ts'
import { EXIT, type ExitCode, type RunOptions } from './cli/index.ts'
import {
  type Config,
  clusterOptionsOf,
  groupsOfLinks,
  loadConfig,
  notificationTargetOf,
  standIn,
} from './config/index.ts'
import {
  Control,
  Doctor,
  LinkDesk,
  type Role,
  SecurityControl,
  specOf,
  TEST_ONLY_DWELL,
  testOnlyDwellMs,
} from './controller/index.ts'
import {
  type Clock,
  createEvents,
  describeError,
  type Events,
  type Random,
  type RegionName,
  regionName,
  systemClock,
  systemRandom,
} from './core/index.ts'
import { type Cluster, openCluster } from './kafka/index.ts'
import { createMemoryKeeper } from './memory-keeper.ts'
import {
  type ApiEvents,
  createLinkHistory,
  createLogger,
  createMetrics,
  createProgress,
  Delivery,
  type LinkHistory,
  type Logger,
  logApiEvents,
  logAuthorityEvents,
  logFailoverEvents,
  type MetricsSources,
  logFenceEvents,
  logNotifications,
  logRegionEvents,
  logReplicationEvents,
} from './observability/index.ts'
import { healthTimings, RegionWatch } from './regions/index.ts'
import {
  bytesPerSecond,
  type CreationGate,
  type ReplicationStatus,
  Replicator,
  type ReplicatorOptions,
} from './replication/index.ts'
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
  | 'stopLink'
  | 'positionsAtCut'
  | 'catchUp'
  | 'moves'
  | 'pauses'
>

export interface AppOptions {
  readonly config: Config
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
  const clusters = new Map(
    [...config.regions.values()].map((it) => [it.name, openCluster({ ...clusterOptionsOf(it), context })]),
  )
  const createReplicator = options.createReplicator ?? ((given) => new Replicator(given))
  const creationGate: CreationGate = async (region, topics, signal) => await control?.cover(region, topics, signal)
  const replicator = createReplicator({ clusters, ...describeWork(config, role), creationGate, ...context })

  const regions = watchRegions(config, context)
  const security = controlSecurity(options, () => control?.hold())
  const control = controlGroups(options, { replicator, watch: regions.watch, security })

  const { events } = replicator
  const status = () => replicator.status()
  const calls = createEvents<ApiEvents>()
  const delivery = deliver(options, { events, watch: regions.watch, control, security })
  const stopLogging = [
    logReplicationEvents(events, logger),
    logRegionEvents(regions.watch.events, logger),
    logNotifications(delivery.feed, logger),
  ]
  stopLogging.push(logApiEvents(calls, logger), ...logControl({ control, security }, logger))
  const memory = createMemoryKeeper({ clock, logger })
  const progress = createProgress({ clock, logger, progress: () => replicator.progress() })
  const history = createLinkHistory({ clock, status })
  const parts = { calls, replicator, clusters, watch: regions.watch, control, security, delivery, history }
  const content = contentOf(options, parts)
  const watched = { logger, clock, events: calls, ...(control && { journal: control.journal }) }
  const api = await createApiServer({ options: config.api, content, consoleFolder: CONSOLE_FOLDER, ...watched })

  const stop = async () => {
    progress.stop()
    history.stop()
    memory.stop()
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
    status,
    async start() {
      const address = await api.start() // First: a port that is taken must not cost a takeover.
      logger.info({ address }, `the api listens on ${address}`)
      replicator.start()
      regions.watch.start()
      control?.start()
      security?.start()
      delivery.start()
      progress.start()
      history.start()
      memory.start()
      return address
    },
    stop: () => (stopping ??= stop()),
    untilFenced: () => replicator.untilFenced(),
  }
}

/** Regions of failover groups are watched, each through a client of its own whose bounds are those of a look. */
function watchRegions(
  { regions, failoverGroups, health, api }: Config,
  context: Pick<AppOptions, 'clock' | 'random'>,
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
  const watch = new RegionWatch({ regions: watched, vantage, standsIn, timings, clock: context.clock })
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
}

/** What the API serves. */
function contentOf({ config, version, role = 'all', clock }: AppOptions, parts: Parts): ApiContent {
  const { replicator, clusters, watch, control, security, delivery, history, calls } = parts
  const replication = () => replicator.status()
  const doctor = new Doctor({ config, clusters, replication, watch, control, security, delivery, clock })
  return {
    version,
    regions: [...config.regions.keys()],
    replication: replicator,
    linkDesk: new LinkDesk({ config, pauses: replicator.pauses, control, clock }),
    watch,
    history: (link) => history.of(link),
    ...(control && {
      groups: () => control.status().groups,
      drills: () => control.status().drills,
      gate: control.gate,
    }),
    ...(control?.view && { failover: control.view }),
    ...(security && { security }),
    events: delivery,
    notifications: delivery.notifications,
    runbooks: serveRunbooks({ version, clock }),
    doctor: (signal) => doctor.examine(signal),
    metrics: createMetrics({
      status: replication,
      events: replicator.events,
      nowMs: () => clock.nowMs(),
      process: { version, role },
      regions: () => watch.status(),
      api: calls,
      delivery: () => delivery.status(),
      ...(security && { policies: () => security.watched(), probes: () => security.probes.status() }),
      ...(control && metricsOf(control)),
    }),
  }
}

/** Who is told of what happens: clients of the API, and the receivers of notifications. */
function deliver(
  { config, clock, random }: AppOptions,
  { events, watch, control, security }: Pick<ReplicatorPort, 'events'> & Pick<Parts, 'watch' | 'control' | 'security'>,
): Delivery {
  const groupOf = groupsOfLinks(config)
  return new Delivery({
    events: {
      replication: events,
      regions: watch.events,
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

/** Nothing where there is no control. */
function logControl({ control, security }: Pick<Parts, 'control' | 'security'>, logger: Logger): (() => void)[] {
  const ofPolicies = security === undefined ? [] : [logFenceEvents(security.events, logger)]
  if (control === undefined) return ofPolicies
  const { events } = control
  return [
    ...ofPolicies,
    logFailoverEvents(events.failover, logger),
    logFenceEvents(events.security, logger),
    logAuthorityEvents(events.authority, logger),
  ]
}

/** What the configuration asks of the replicator; links of failover groups come and go with their documents. */
function describeWork(
  { links, replication, api }: Config,
  role: Role,
): Omit<ReplicatorOptions, 'clusters' | 'clock' | 'random'> {
  const { shareWork, sessionSeconds, replicationFactor, acknowledgeUnfenced } = replication
  const memberName = replication.memberName === '' ? nameMember(api.listen) : replication.memberName
  const copies = role === 'all' || role === 'replicator'
  const declared = !copies ? [] : links.filter(({ failoverGroup }) => failoverGroup === null)
  return {
    links: declared.map(specOf),
    copies,
    topicSyncMs: replication.topicSyncSeconds * 1_000,
    positionSyncMs: replication.positionSyncSeconds * 1_000,
    groupDeletionGraceMs: replication.groupDeletionGraceSeconds * 1_000,
    replicationFactor,
    heldBackMs: replication.heldBackSeconds * 1_000,
    bufferBytes: replication.bufferMb * 2 ** 20,
    maxBytesPerSecond: bytesPerSecond(replication.maxMegabytesPerSecond),
    acknowledgeUnfenced,
    processName: `${hostname()}:${process.pid}`,
    sharing: shareWork ? { memberName, sessionTimeoutMs: sessionSeconds * 1_000 } : undefined,
  }
}

/** The same after a restart, so that the process gets its shards back at once; two on one host differ in the port. */
function nameMember(listen: string): string {
  const port = listen.slice(listen.lastIndexOf(':') + 1)
  return `${hostname()}-${port === '0' ? process.pid : port}`.replaceAll(/[^A-Za-z0-9._-]/g, '-')
}

/** `isthmus run`: until the signal aborts, or another process takes over. */
export async function runApp(
  { config: file, role, region, logLevel: level }: RunOptions,
  version: string,
  signal: AbortSignal,
): Promise<ExitCode> {
  const loaded = loadConfig(file)
  const config = role === 'agent' || region !== undefined ? standIn(loaded, region) : loaded
  const logger = createLogger({ level, nowMs: () => systemClock.nowMs() })
  logger.info({ file, role, version, links: config.links.length }, `isthmus ${version} starts`)
  if (testOnlyDwellMs(process.env) !== undefined) {
    logger.warn(`${TEST_ONLY_DWELL} is set: automatic mode waits for that only, which is for trials`)
  }
  const app = await createApp({ config, version, role, logger, clock: systemClock, random: systemRandom })
  const asked = new Promise<undefined>((resolve) => {
    signal.addEventListener('abort', () => resolve(undefined), { once: true })
  })
  try {
    await app.start()
    const reason = signal.aborted ? undefined : await Promise.race([app.untilFenced(), asked])
    if (reason === undefined) return EXIT.ok
    logger.fatal({ reason }, `another process took over the work of this one: ${reason}`)
    return EXIT.needsOperator
  } catch (error) {
    logger.fatal({ err: error }, `isthmus could not start: ${describeError(error)}`)
    throw error
  } finally {
    await app.stop()
  }
}
