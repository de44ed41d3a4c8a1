import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createApp } from './app.ts'
import { EXIT, type ExitCode } from './cli/index.ts'
import { loadConfig } from './config/index.ts'
import { pause, systemClock, systemRandom } from './core/index.ts'
import { renderHints, renderScreen, type ScreenFacts } from './demo-screen.ts'
import { createKafkaJs } from './kafka/index.ts'
import {
  createWorkloadTopics,
  GROUPS,
  type LocalRegion,
  localPorts,
  SensorWorkload,
  startRegion,
} from './local/index.ts'
import { createLogger } from './observability/index.ts'

/**
 * `npm run demo`: real Kafka regions on this machine, a sensor fleet that writes to the first, its topics copied to the
 * others, and a windowed analytics group whose position is kept on every side. Runs until it is interrupted.
 */
const REGION_NAMES = ['eu-west', 'us-east', 'ap-south'] as const
const GROUP_NAME = 'sensors'
const REDRAW_MS = 1_000
const PLAIN_EVERY_MS = 5_000

const HELP = `usage: npm run demo -- [options]

  --regions 2|3            how many Kafka regions to bring up (2)
  --engine auto|container|jvm  containers where Docker answers, else Java processes (auto)
  --rate N                 sensor readings a second (200)
  --seconds N              end by itself after N seconds (runs until Ctrl-C)
  --port N                 port of the API on 127.0.0.1 (8080, or a free one where that is taken)
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
  const names = REGION_NAMES.slice(0, options.regions)
  const say = (line: string) => void process.stdout.write(`${line}\n`)
  say(`Bringing up ${names.length} Kafka regions: ${names.join(', ')}. The first time this downloads Kafka.`)
  await using stack = new AsyncDisposableStack()
  const regions = await Promise.all(
    names.map(async (name) => {
      const region = await startRegion({ name, engine: options.engine, signal, onProgress: say })
      stack.defer(() => region.stop())
      return region
    }),
  )
  return signal.aborted ? EXIT.ok : await runStack(regions, options, { stack, signal, say })
}

async function runStack(
  regions: readonly LocalRegion[],
  options: DemoOptions,
  { stack, signal, say }: { stack: AsyncDisposableStack; signal: AbortSignal; say: (line: string) => void },
): Promise<ExitCode> {
  const [home] = regions
  if (home === undefined) return EXIT.usage
  const folder = mkdtempSync(join(tmpdir(), 'isthmus-demo-'))
  stack.defer(() => rmSync(folder, { recursive: true, force: true }))
  const configFile = join(folder, 'isthmus.yaml')
  const port = options.port ?? (await choosePort())
  writeFileSync(configFile, renderConfig(regions, port))

  const context = { clock: systemClock, random: systemRandom }
  const kafka = createKafkaJs({ name: home.name, bootstrap: home.bootstrap, clientId: 'sensor-demo', context })
  await createWorkloadTopics(kafka)
  const workload = new SensorWorkload({ fleet: { ratePerSecond: options.ratePerSecond } })
  stack.defer(() => workload.stop())
  await workload.start(kafka, signal)
  say(`A sensor fleet writes ${options.ratePerSecond} readings a second to ${home.name}.`)

  const logger = createLogger({ level: 'silent', nowMs: () => systemClock.nowMs() })
  const app = await createApp({ config: loadConfig(configFile), version: 'demo', logger, ...context })
  stack.defer(() => app.stop())
  const address = await app.start()
  const hints = renderHints({ address, configFile, regions, group: GROUPS.analytics, link: linkName(regions) })
  say(hints)

  const endsAtMs = options.seconds > 0 ? systemClock.monotonicMs() + options.seconds * 1_000 : Number.POSITIVE_INFINITY
  const startedMs = systemClock.monotonicMs()
  const isTerminal = process.stdout.isTTY
  let drawnLines = 0
  while (!signal.aborted && systemClock.monotonicMs() < endsAtMs) {
    await pause(systemClock, isTerminal ? REDRAW_MS : PLAIN_EVERY_MS, signal)
    const facts: ScreenFacts = {
      seconds: Math.round((systemClock.monotonicMs() - startedMs) / 1_000),
      status: app.status(),
      workload: workload.stats,
      group: GROUPS.analytics,
    }
    const screen = renderScreen(facts)
    if (isTerminal && drawnLines > 0) process.stdout.write(`\u001b[${drawnLines}A\u001b[J`)
    say(screen)
    drawnLines = screen.split('\n').length
  }
  say('Stopping: clients, replicator, regions.')
  return EXIT.ok
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
    consumerGroups: { include: ["*"] }
api: { listen: "127.0.0.1:${port}" }
`
}

const USUAL_PORT = 8080

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
