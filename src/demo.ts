import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createApp } from './app.ts'
import { EXIT, type ExitCode } from './cli/index.ts'
import { loadConfig } from './config/index.ts'
import { pause, systemClock, systemRandom } from './core/index.ts'
import { Canvas, isInStep, renderHints, renderScreen } from './demo-screen.ts'
import {
  createWorkloadClient,
  createWorkloadTopics,
  GROUPS,
  type LocalRegion,
  localPorts,
  SensorWorkload,
  startRegion,
  type WorkloadStats,
} from './local/index.ts'
import { createLogger } from './observability/index.ts'
import type { ReplicationStatus } from './replication/index.ts'

/**
 * `npm run demo`: real Kafka regions on this machine, a sensor fleet that writes to the first, its topics copied to the
 * others, and a windowed analytics group whose position is kept on every side. Runs until it is interrupted.
 */
const REGION_NAMES = ['eu-west', 'us-east', 'ap-south'] as const
const GROUP_NAME = 'sensors'
const REDRAW_MS = 1_000
/** Where the output is no terminal. */
const PLAIN_EVERY_MS = 5_000
const IN_STEP_WITHIN_MS = 120_000
const USUAL_PORT = 8080
const USUAL_ADDRESS = `http://127.0.0.1:${USUAL_PORT}`

const HELP = `usage: npm run demo -- [options]

  --regions 2|3                how many Kafka regions to bring up (2)
  --engine auto|container|jvm  containers where Docker answers, else Java processes (auto)
  --rate N                     sensor readings a second (200)
  --seconds N                  end by itself N seconds after everything is in step (runs until Ctrl-C)
  --port N                     port of the API on 127.0.0.1 (8080, or a free one where that is taken)
`

interface DemoOptions {
  readonly regions: number
  readonly engine: 'auto' | 'container' | 'jvm'
  readonly ratePerSecond: number
  readonly seconds: number
  readonly port: number | undefined
}

/** Resolves with the exit code: 0 after an interrupt, 2 for arguments that are not understood. */
export async function runDemo(args: readonly string[], signal: AbortSignal): Promise<ExitCode> {
  const options = parseOptions(args)
  if (typeof options === 'string') {
    const isHelp = options === HELP
    ;(isHelp ? process.stdout : process.stderr).write(options)
    return isHelp ? EXIT.ok : EXIT.usage
  }
  await using stack = new AsyncDisposableStack()
  try {
    const regions = await startRegions(REGION_NAMES.slice(0, options.regions), options, { stack, signal })
    return await runStack(regions, options, { stack, signal })
  } catch (error) {
    if (!signal.aborted) throw error
    return EXIT.ok
  } finally {
    say('Stopping: clients, replicator, regions.')
  }
}

interface Scope {
  readonly stack: AsyncDisposableStack
  readonly signal: AbortSignal
}

/** All of them, or none: what has started stops with the stack. */
async function startRegions(
  names: readonly string[],
  { engine }: DemoOptions,
  { stack, signal }: Scope,
): Promise<readonly LocalRegion[]> {
  say(`Bringing up ${names.length} Kafka regions: ${names.join(', ')}. The first time this downloads Kafka.`)
  const start = async (name: string) => stack.use(await startRegion({ name, engine, signal, onProgress: say }))
  const started = await Promise.allSettled(names.map(start))
  return started.map((result) => {
    if (result.status === 'rejected') throw result.reason
    return result.value
  })
}

async function runStack(
  regions: readonly LocalRegion[],
  options: DemoOptions,
  { stack, signal }: Scope,
): Promise<ExitCode> {
  const [home] = regions
  if (home === undefined) return EXIT.usage
  const folder = mkdtempSync(join(tmpdir(), 'isthmus-demo-'))
  stack.defer(() => rmSync(folder, { recursive: true, force: true }))
  const configFile = join(folder, 'isthmus.yaml')
  const port = options.port ?? (await choosePort())
  writeFileSync(configFile, renderConfig(regions, port))

  const kafka = createWorkloadClient(home.bootstrap)
  await createWorkloadTopics(kafka, {}, signal)
  const workload = stack.use(new SensorWorkload({ fleet: { ratePerSecond: options.ratePerSecond } }))
  await workload.start(kafka, signal)
  say(`A sensor fleet writes ${options.ratePerSecond} readings a second to ${home.name}.`)

  const context = { clock: systemClock, random: systemRandom }
  const logger = createLogger({ level: 'silent', nowMs: () => systemClock.nowMs() })
  const app = await createApp({ config: loadConfig(configFile), version: 'demo', logger, ...context })
  stack.defer(() => app.stop())
  const address = await app.start()
  const link = linkName(regions)
  const hints = renderHints({
    address,
    usualAddress: USUAL_ADDRESS,
    configFile,
    regions,
    group: GROUPS.analytics,
    link,
  })
  return show({ status: () => app.status(), stats: () => workload.stats }, { hints, seconds: options.seconds }, signal)
}

interface Watched {
  status(): ReplicationStatus
  stats(): WorkloadStats
}

/** Shows what goes on; the hints come once everything that they name is there. */
async function show(
  watched: Watched,
  { hints, seconds }: { readonly hints: string; readonly seconds: number },
  signal: AbortSignal,
): Promise<ExitCode> {
  const canvas = process.stdout.isTTY ? new Canvas(process.stdout) : undefined
  const startedMs = systemClock.monotonicMs()
  let inStepMs: number | undefined
  let shownMs = Number.NEGATIVE_INFINITY
  while (!signal.aborted) {
    const nowMs = systemClock.monotonicMs()
    const status = watched.status()
    if (inStepMs === undefined && isInStep(status, GROUPS.analytics)) {
      inStepMs = nowMs
      canvas?.clear()
      say(hints)
      shownMs = Number.NEGATIVE_INFINITY
    }
    if (nowMs - shownMs >= (canvas === undefined ? PLAIN_EVERY_MS : 0)) {
      const facts = { seconds: Math.round((nowMs - startedMs) / 1_000), status, workload: watched.stats() }
      const screen = renderScreen({ ...facts, group: GROUPS.analytics })
      if (canvas === undefined) say(`${screen}\n`)
      else canvas.draw(screen)
      shownMs = nowMs
    }
    if (seconds > 0 && inStepMs !== undefined && nowMs - inStepMs >= seconds * 1_000) return EXIT.ok
    if (inStepMs === undefined && nowMs - startedMs > IN_STEP_WITHIN_MS) return reportNotInStep(status)
    await pause(systemClock, REDRAW_MS, signal)
  }
  return EXIT.ok
}

function reportNotInStep({ links }: ReplicationStatus): ExitCode {
  const reasons = links.map(({ link, state, reason }) => `link ${link} is ${state}: ${reason}`)
  const seconds = IN_STEP_WITHIN_MS / 1_000
  process.stderr.write(`isthmus demo: not everything is copied after ${seconds} s: ${reasons.join('; ')}\n`)
  return EXIT.timedOut
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

function linkName([home, standby]: readonly LocalRegion[]): string {
  return `${GROUP_NAME}-${home?.name}-to-${standby?.name}`
}

function renderConfig(regions: readonly LocalRegion[], port: number): string {
  const lines = regions.map(({ name, bootstrap }) => `  - name: ${name}\n    bootstrap: [${bootstrap.join(', ')}]`)
  return `apiVersion: isthmus/v1
regions:
${lines.join('\n')}
failoverGroups:
  - name: ${GROUP_NAME}
    regions: [${regions.map(({ name }) => name).join(', ')}]
    topics: { include: ["sensors.*", "weather.*"] }
    consumerGroups: { include: [${Object.values(GROUPS).join(', ')}] }
api: { listen: "127.0.0.1:${port}" }
`
}

async function choosePort(): Promise<number> {
  if (await localPorts.isFree(USUAL_PORT)) return USUAL_PORT
  const [free = USUAL_PORT] = await localPorts.take(1)
  return free
}

function parseOptions(args: readonly string[]): DemoOptions | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        regions: { type: 'string', default: '2' },
        engine: { type: 'string', default: 'auto' },
        rate: { type: 'string', default: '200' },
        seconds: { type: 'string', default: '0' },
        port: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
    if (values.help) return HELP
    const numberOf = (name: string, text: string, least: number, most: number) => {
      const value = Number(text)
      if (Number.isInteger(value) && value >= least && value <= most) return value
      throw new Error(`--${name} ${text}: give a whole number from ${least} to ${most}`)
    }
    const { engine } = values
    if (engine !== 'auto' && engine !== 'container' && engine !== 'jvm') {
      throw new Error(`--engine ${engine}: give auto, container or jvm`)
    }
    return {
      regions: numberOf('regions', values.regions, 2, REGION_NAMES.length),
      engine,
      ratePerSecond: numberOf('rate', values.rate, 1, 50_000),
      seconds: numberOf('seconds', values.seconds, 0, 86_400),
      port: values.port === undefined ? undefined : numberOf('port', values.port, 1, 65_535),
    }
  } catch (error) {
    return `isthmus demo: ${error instanceof Error ? error.message : 'arguments not understood'}\n\n${HELP}`
  }
}
