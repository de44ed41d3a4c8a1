import { parseArgs } from 'node:util'

/** What the demo was asked for on its command line. */
export type DemoRequest =
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'refused'; readonly text: string }
  | { readonly kind: 'stage'; readonly options: StageOptions }
  | { readonly kind: 'order'; readonly order: RegionOrder; readonly port: number }

export interface StageOptions {
  readonly regions: number
  readonly engine: 'auto' | 'container' | 'jvm'
  readonly ratePerSecond: number
  readonly seconds: number
  readonly port: number | undefined
  /** Tells the whole story by itself and checks it. */
  readonly isTour: boolean
}

/** What a running demo is asked to do with one of its regions. */
export interface RegionOrder {
  readonly verb: 'kill' | 'start'
  readonly region: string
  /** Kill only: first a stuck transaction holds the copies up. */
  readonly isHeld: boolean
}

export const REGION_NAMES = ['eu-west', 'us-east', 'ap-south'] as const
export const USUAL_PORT = 8080

const HELP = `usage: npm run demo -- [options]
       npm run demo -- kill REGION [--held] [--port N]
       npm run demo -- start REGION [--port N]

Brings up Kafka regions on this machine, copies between them, and moves a sensor fleet and its analytics from one to
another. Runs until it is interrupted.

  --regions 2|3                how many Kafka regions to bring up (2)
  --engine auto|container|jvm  containers where Docker answers, else Java processes (auto)
  --rate N                     sensor readings a second (200)
  --seconds N                  end by itself N seconds after everything is in step (runs until Ctrl-C)
  --port N                     port of the API on 127.0.0.1 (8080, or a free one where that is taken)
  --tour                       switch over, lose a region, fail over, bring it back and fail back by itself, and check
                               every step: exit code 0 where all of it holds

To a demo that runs in another terminal:

  kill REGION                  kill -9 for every broker of a region
  start REGION                 start them again on their data
  --held                       with kill: before that, a stuck transaction holds back for a while what readers and
                               copies get, so that there is something to lose
  --port N                     which demo, where its API is not on port 8080
`

const OPTIONS = {
  regions: { type: 'string', default: '2' },
  engine: { type: 'string', default: 'auto' },
  rate: { type: 'string', default: '200' },
  seconds: { type: 'string', default: '0' },
  port: { type: 'string' },
  tour: { type: 'boolean', default: false },
  held: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

export function parseRequest(args: readonly string[]): DemoRequest {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true })
    if (values.help) return { kind: 'help', text: HELP }
    const port = values.port === undefined ? undefined : numberOf('port', values.port, 1, 65_535)
    if (positionals.length > 0) {
      const order = orderOf(positionals, values.held)
      return { kind: 'order', order, port: port ?? USUAL_PORT }
    }
    if (values.held) throw new Error('--held belongs to kill')
    const options: StageOptions = {
      regions: numberOf('regions', values.regions, 2, REGION_NAMES.length),
      engine: engineOf(values.engine),
      ratePerSecond: numberOf('rate', values.rate, 1, 50_000),
      seconds: numberOf('seconds', values.seconds, 0, 86_400),
      port,
      isTour: values.tour,
    }
    return { kind: 'stage', options }
  } catch (error) {
    const why = error instanceof Error ? error.message : 'arguments not understood'
    return { kind: 'refused', text: `isthmus demo: ${why}\n\n${HELP}` }
  }
}

function orderOf([verb, region, ...more]: readonly string[], isHeld: boolean): RegionOrder {
  if (verb !== 'kill' && verb !== 'start') throw new Error(`${verb}: there are the commands kill and start`)
  if (region === undefined || more.length > 0) throw new Error(`${verb}: give one region`)
  if (isHeld && verb === 'start') throw new Error('--held belongs to kill')
  return { verb, region, isHeld }
}

function engineOf(engine: string): StageOptions['engine'] {
  if (engine === 'auto' || engine === 'container' || engine === 'jvm') return engine
  throw new Error(`--engine ${engine}: give auto, container or jvm`)
}

function numberOf(name: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= least && value <= most) return value
  throw new Error(`--${name} ${text}: give a whole number from ${least} to ${most}`)
}
