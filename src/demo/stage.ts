import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FailoverGroupBody } from '../api/contract/index.ts'
import { type App, createApp } from '../app.ts'
import { loadConfig } from '../config/index.ts'
import { systemClock, systemRandom } from '../core/index.ts'
import {
  createWorkloadTopics,
  type LocalRegion,
  localPorts,
  type OutgoingRecord,
  type ReadBatch,
  type SensorFleetOptions,
  SensorWorkload,
} from '../local/index.ts'
import { createLogger } from '../observability/index.ts'
import { type DemoFiles, GROUP_NAME, writeFiles } from './config-file.ts'
import { Follower, type FollowerOptions } from './follow.ts'
import { REGION_NAMES, type StageOptions, USUAL_PORT } from './options.ts'
import { RegionOrders } from './region-orders.ts'
import { clientOf, findRegion, startRegions, USERS } from './regions.ts'
import { takeOrders } from './remote.ts'
import type { Scope } from './scope.ts'
import { SensorFeed } from './sensor-feed.ts'
import { serveSensorPage } from './sensor-page/serve.ts'

/** Everything that runs: regions, workload, Isthmus. It ends with the scope's stack. */
export interface Stage {
  readonly regions: readonly LocalRegion[]
  readonly files: DemoFiles
  readonly workload: SensorWorkload
  readonly app: App
  /** Of the API. */
  readonly address: string
  readonly port: number
  /** Of the page about the sensor fleet. */
  readonly sensorPage: string
  readonly follower: Follower
}

/** Who wants to be told what the workload does. */
export interface StageHooks {
  readonly fleet?: Pick<SensorFleetOptions, 'onAcknowledged'>
  readonly onRead?: (batch: ReadBatch) => void
  readonly onLanding?: FollowerOptions['onLanding']
}

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
  const files = writeFiles(folder, regions, port)

  await createWorkloadTopics(clientOf(home, USERS.isthmus), {}, signal)
  const { onRead } = hooks
  const fleet = { ...hooks.fleet, ratePerSecond }
  const feed = new SensorFeed(home.name)
  const onCommitted = (records: readonly OutgoingRecord[]) => feed.take(records)
  const workload = stack.use(new SensorWorkload({ fleet, onCommitted, ...(onRead !== undefined && { onRead }) }))
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
    onLanding: async (landing, until) => {
      feed.moved({ atMs: systemClock.nowMs(), ...landing })
      await hooks.onLanding?.(landing, until)
    },
  })
  const leaving = new AbortController()
  const following = follower.run(AbortSignal.any([signal, leaving.signal]))
  stack.defer(async () => {
    leaving.abort()
    await following
  })
  const page = stack.use(
    await serveSensorPage(() => ({ ...feed.view(), ...fleetState(workload, follower), regions: names }), systemClock),
  )
  say(`What the sensor fleet does, also while it moves: ${page.address}/`)
  const stage = { regions, files, workload, app, address, port, sensorPage: page.address, follower }
  const orders = new RegionOrders({ regions, follower, say })
  stack.use(await takeOrders(port, (order) => orders.carryOut(order, signal)))
  return stage
}

function fleetState({ stats }: SensorWorkload, { group, region }: Follower) {
  return {
    runsIn: region,
    group: group && { active: group.active, epoch: group.epoch, phase: group.operation?.phase ?? null },
    recordsIn: stats.fleet.acknowledged + stats.weather.acknowledged,
    atMs: systemClock.nowMs(),
  }
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
