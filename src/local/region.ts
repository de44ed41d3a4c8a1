import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeError, invariant, isFault, systemClock } from '../core/index.ts'
import type { LocalBroker } from './broker.ts'
import { obtainImage, useEndpoint } from './container-engine.ts'
import { detectEngine } from './engine.ts'
import { localFaults } from './faults.ts'
import { buildContainerFleet, buildJvmFleet, type Fleet, type FleetPlan } from './fleet.ts'
import { kafkaRelease } from './kafka-release.ts'
import type { LocalRegion, RegionOptions, RegionSecurity } from './region-options.ts'
import { createSecurity, type SecurityMaterial } from './region-security.ts'
import { ADVERTISED_HOST } from './server-properties.ts'

const START_ATTEMPTS = 3
const HEAP_MB = 320

/**
 * Starts a Kafka cluster on this machine and waits until clients can use it. Several may be started at once. Whatever
 * becomes of this process, its brokers are gone within seconds after it.
 * Faults: those of `detectEngine`, LOCAL_VERSION_UNKNOWN, LOCAL_IMAGE_MISSING, LOCAL_ARTIFACTS_MISSING, LOCAL_BROKER_FAILED, LOCAL_NO_PORT.
 */
export async function startRegion(options: RegionOptions): Promise<LocalRegion> {
  const plan = await makePlan(options)
  const build = await chooseFleet(options, plan)
  for (let attempt = 1; ; attempt++) {
    try {
      return new Region(plan, await startFleet(plan, await build()))
    } catch (error) {
      // Another process may have taken a port since it was looked at; the next attempt takes others.
      if (attempt === START_ATTEMPTS || !isPortClash(error)) throw error
      plan.onProgress(`${options.name}: a port was taken by another process, trying others`)
    }
  }
}

async function makePlan(options: RegionOptions): Promise<FleetPlan> {
  const { name, secured = false, onProgress = () => undefined, signal = new AbortController().signal } = options
  invariant(/^[a-z0-9][a-z0-9-]*$/.test(name), `region name ${name}`)
  const runName = `isthmus-${name}-${randomBytes(3).toString('hex')}`
  const dir = options.dataDir ?? join(tmpdir(), 'isthmus', runName)
  const logDir = join(dir, 'logs')
  await mkdir(logDir, { recursive: true })
  const { superUsers = [], users } = options
  const brokerCount = options.brokers ?? (secured ? 3 : 1)
  const now = new Date(systemClock.nowMs())
  return {
    release: kafkaRelease(options.kafkaVersion),
    region: name,
    runName,
    clusterId: randomClusterId(),
    brokerCount,
    heapMb: options.heapMb ?? HEAP_MB,
    overrides: options.brokerConfig ?? {},
    overridesOf: options.brokerConfigs ?? [],
    listeners: options.listeners ?? [],
    oldTls: options.oldTls ?? false,
    advertisedPorts: options.advertisedPorts ?? [],
    workDir: join(dir, 'work'),
    logDir,
    security: secured ? await createSecurity({ region: name, brokerCount, superUsers, users, now }) : undefined,
    clock: systemClock,
    signal,
    onProgress,
  }
}

/** Decides once; an `auto` choice falls back to Java where the image cannot be had. */
async function chooseFleet(options: RegionOptions, plan: FleetPlan): Promise<() => Promise<Fleet>> {
  const choice = await detectEngine(options.engine)
  if (choice.engine === 'jvm') return () => buildJvmFleet(plan, choice.programs)
  useEndpoint(choice.endpoint)
  const { image } = plan.release
  if (await obtainImage(image, plan)) return () => buildContainerFleet(plan)
  const { fallback } = choice
  if (fallback === undefined) throw localFaults.fault('LOCAL_IMAGE_MISSING', { image })
  plan.onProgress(`${image} cannot be pulled: running Kafka as Java processes instead`)
  return () => buildJvmFleet(plan, fallback)
}

/** All at once, because a quorum needs a majority; the first failure ends the others. */
async function startFleet(plan: FleetPlan, fleet: Fleet): Promise<Fleet> {
  const startedMs = plan.clock.monotonicMs()
  const failure = new AbortController()
  const signal = AbortSignal.any([plan.signal, failure.signal])
  const startOne = (broker: LocalBroker) => broker.start(signal).catch((error: unknown) => failure.abort(error))
  await Promise.all(fleet.brokers.map(startOne))
  if (failure.signal.aborted) {
    await fleet.remove()
    throw failure.signal.reason
  }
  const seconds = ((plan.clock.monotonicMs() - startedMs) / 1_000).toFixed(1)
  const brokers = fleet.brokers.length === 1 ? 'one broker' : `${fleet.brokers.length} brokers`
  plan.onProgress(`${plan.region}: ${brokers} (${fleet.engine}) ready after ${seconds} s`)
  return fleet
}

class Region implements LocalRegion {
  readonly name: string
  readonly engine: 'container' | 'jvm'
  readonly bootstrap: readonly string[]
  readonly extraListeners: ReadonlyMap<string, readonly string[]>
  readonly security: RegionSecurity | undefined
  readonly logDir: string
  readonly #fleet: Fleet
  #stopped: Promise<void> | undefined

  constructor(plan: FleetPlan, fleet: Fleet) {
    this.#fleet = fleet
    this.name = plan.region
    this.engine = fleet.engine
    this.bootstrap = fleet.addresses.map(({ clientPort }) => `${ADVERTISED_HOST}:${clientPort}`)
    this.extraListeners = new Map(
      plan.listeners.map(({ name }, at) => {
        return [name, fleet.addresses.map(({ extraPorts }) => `${ADVERTISED_HOST}:${extraPorts[at]}`)]
      }),
    )
    this.security = plan.security && securityFace(plan.security, fleet)
    this.logDir = plan.logDir
  }

  stopBroker(index: number, options: { readonly hard: boolean }): Promise<void> {
    return this.#broker(index).stop(options)
  }

  startBroker(index: number, signal: AbortSignal = new AbortController().signal): Promise<void> {
    return this.#broker(index).start(signal)
  }

  pauseBroker(index: number): Promise<void> {
    return this.#broker(index).pause()
  }

  resumeBroker(index: number): Promise<void> {
    return this.#broker(index).resume()
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#fleet.remove()
    return this.#stopped
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  #broker(index: number): LocalBroker {
    const broker = this.#fleet.brokers[index]
    invariant(broker !== undefined, `region ${this.name} has no broker ${index}`)
    return broker
  }
}

function securityFace(security: SecurityMaterial, fleet: Fleet): RegionSecurity {
  return { ...security.face, mtlsBootstrap: fleet.addresses.map(({ mtlsPort }) => `${ADVERTISED_HOST}:${mtlsPort}`) }
}

function isPortClash(error: unknown): boolean {
  if (!isFault(error, 'LOCAL_BROKER_FAILED')) return false
  return /address already in use|port is already allocated|failed to bind/i.test(describeError(error))
}

/** 16 random bytes in Kafka's base64; a leading dash would look like an option to `kafka-storage`. */
function randomClusterId(): string {
  const bytes = randomBytes(16)
  bytes[0] = (bytes[0] ?? 0) & 0x7f
  return bytes.toString('base64url')
}
