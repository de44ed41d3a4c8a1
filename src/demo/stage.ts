import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FailoverGroupBody } from '../api/contract/index.ts'
import { type App, createApp } from '../app.ts'
import { groupDigits } from '../cli/index.ts'
import { loadConfig } from '../config/index.ts'
import { pause, systemClock, systemRandom } from '../core/index.ts'
import {
  createWorkloadTopics,
  type LocalRegion,
  localPorts,
  type ReadBatch,
  type SensorFleetOptions,
  SensorWorkload,
} from '../local/index.ts'
import { createLogger } from '../observability/index.ts'
import { type DemoFiles, GROUP_NAME, writeFiles } from './config-file.ts'
import { Follower, type FollowerOptions } from './follow.ts'
import { REGION_NAMES, type RegionOrder, type StageOptions, USUAL_PORT } from './options.ts'
import { clientOf, startRegions, USERS } from './regions.ts'
import { type OrderAnswer, takeOrders } from './remote.ts'
import type { Scope } from './scope.ts'

/** Everything that runs: regions, workload, Isthmus. It ends with the scope's stack. */
export interface Stage {
  readonly regions: readonly LocalRegion[]
  readonly files: DemoFiles
  readonly workload: SensorWorkload
  readonly app: App
  /** Of the API. */
  readonly address: string
  readonly port: number
  readonly follower: Follower
}

/** Who wants to be told what the workload does. */
export interface StageHooks {
  readonly fleet?: Pick<SensorFleetOptions, 'onAcknowledged'>
  readonly onRead?: (batch: ReadBatch) => void
  readonly onLanding?: FollowerOptions['onLanding']
}

/** What falls due in so many seconds, at once: more than the line carries while it is written. */
const PEAK_SECONDS = 150
const PEAK_WITHIN_MS = 60_000
/** The copies of what the analytics wrote last. */
const REST_MS = 1_500
const ASK_WITHIN_MS = 3_000

/** Resolves once the workload runs in the first region and the API answers; the links start after that. */
export async function setStage(options: StageOptions, scope: Scope, hooks: StageHooks = {}): Promise<Stage> {
  const { stack, signal, say } = scope
  const names = REGION_NAMES.slice(0, options.regions)
  say(`Bringing up ${names.length} Kafka regions: ${names.join(', ')}. The first time this downloads Kafka.`)
  const regions = await startRegions(names, options, scope)
  const regionOf = (name: string) => findRegion(regions, name)
  const home = regionOf(names[0] ?? '')

  const folder = mkdtempSync(join(tmpdir(), 'isthmus-demo-'))
  stack.defer(() => rmSync(folder, { recursive: true, force: true }))
  const port = options.port ?? (await choosePort())
  const { ratePerSecond } = options
  const files = writeFiles(folder, { regions, port, ratePerSecond })

  await createWorkloadTopics(clientOf(home, USERS.isthmus), {}, signal)
  const { onRead } = hooks
  const fleet = { ...hooks.fleet, ratePerSecond }
  const workload = stack.use(new SensorWorkload({ fleet, ...(onRead !== undefined && { onRead }) }))
  await workload.start(clientOf(home, USERS.application), signal)
  say(`A sensor fleet writes ${ratePerSecond} readings a second to ${home.name}.`)

  const context = { clock: systemClock, random: systemRandom }
  const logger = createLogger({ level: 'silent', nowMs: () => systemClock.nowMs() })
  const app = await createApp({ config: loadConfig(files.configFile), version: 'demo', logger, ...context })
  stack.defer(() => app.stop())
  const address = await app.start()

  const follower = new Follower({
    readGroup: (until) => readGroup(address, until),
    workload,
    clientOf: (name) => clientOf(regionOf(name), USERS.application),
    home: home.name,
    clock: systemClock,
    say,
    ...(hooks.onLanding !== undefined && { onLanding: hooks.onLanding }),
  })
  const leaving = new AbortController()
  const following = follower.run(AbortSignal.any([signal, leaving.signal]))
  stack.defer(async () => {
    leaving.abort()
    await following
  })
  const stage = { regions, files, workload, app, address, port, follower }
  const orders = orderTaker(stage, PEAK_SECONDS * ratePerSecond, say)
  stack.use(await takeOrders(port, (order) => orders(order, signal)))
  return stage
}

export function findRegion(regions: readonly LocalRegion[], name: string): LocalRegion {
  const region = regions.find((it) => it.name === name)
  if (region !== undefined) return region
  throw new Error(`there is no region ${name}; there are ${regions.map((it) => it.name).join(', ')}`)
}

type OrderTaker = (order: RegionOrder, signal: AbortSignal) => Promise<OrderAnswer>

/** One order at a time: they are about the same brokers. */
function orderTaker(stage: Stage, peakReadings: number, say: (line: string) => void): OrderTaker {
  const dead = new Set<string>()
  let busy: Promise<unknown> = Promise.resolve()
  const carryOut = async (order: RegionOrder, signal: AbortSignal): Promise<OrderAnswer> => {
    const region = findRegion(stage.regions, order.region)
    const { name } = region
    if ((order.verb === 'kill') === dead.has(name)) {
      return { isDone: false, text: `${name} ${order.verb === 'kill' ? 'is dead already' : 'runs already'}` }
    }
    const peak = order.hasPeak ? await raisePeak(stage, { region: name, readings: peakReadings }, signal) : ''
    const brokers = region.bootstrap.map((_, index) => index)
    if (order.verb === 'kill') {
      dead.add(name)
      await Promise.all(brokers.map((index) => region.stopBroker(index, { hard: true })))
    } else {
      await Promise.all(brokers.map((index) => region.startBroker(index, signal)))
      dead.delete(name)
    }
    const text = order.verb === 'kill' ? `${peak}${name} is dead.` : `${name} runs again, on the data it had.`
    say(text)
    return { isDone: true, text }
  }
  return (order, signal) => {
    const done = busy.then(() => carryOut(order, signal))
    busy = done.catch(() => undefined)
    return done
  }
}

/**
 * More readings than the link copies in time. The analytics rest meanwhile and what they wrote is copied first: each
 * topic is cut where its own copy was, and results that run ahead of their readings would be there without them.
 */
async function raisePeak(
  { workload, follower }: Stage,
  { region, readings }: { readonly region: string; readonly readings: number },
  signal: AbortSignal,
): Promise<string> {
  if (!follower.isSettled || follower.region !== region) {
    throw new Error(`a peak is for the region where the sensor fleet writes: that is ${follower.region}`)
  }
  await workload.analytics.stop()
  await pause(systemClock, REST_MS, signal)
  const before = workload.fleet.stats.acknowledged
  const peak = workload.fleet.burst(readings)
  const startedMs = systemClock.monotonicMs()
  while (workload.fleet.stats.acknowledged < before + peak && !signal.aborted) {
    if (systemClock.monotonicMs() - startedMs > PEAK_WITHIN_MS) throw new Error(`${region} is too slow for a peak`)
    await pause(systemClock, 5, signal)
  }
  return `${region} has acknowledged a peak of ${groupDigits(peak)} records. `
}

async function readGroup(address: string, signal: AbortSignal): Promise<FailoverGroupBody | undefined> {
  const bound = AbortSignal.any([signal, AbortSignal.timeout(ASK_WITHIN_MS)])
  try {
    const response = await fetch(`${address}/api/v1/failover-groups/${GROUP_NAME}`, { signal: bound })
    return response.ok ? ((await response.json()) as FailoverGroupBody) : undefined
  } catch {
    // It may be starting, or on its way out: what was last heard holds until it answers.
    return undefined
  }
}

async function choosePort(): Promise<number> {
  if (await localPorts.isFree(USUAL_PORT)) return USUAL_PORT
  const [free = USUAL_PORT] = await localPorts.take(1)
  return free
}
