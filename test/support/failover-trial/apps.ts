import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Writable } from 'node:stream'
import { describeError } from '../../../src/core/index.ts'
import { runJava } from '../java/classpath.ts'
import { loadReads, loadWrites, type ReadNote, type WriteNote } from './app-notes.ts'
import type { Order } from './reigns.ts'
import { GROUP_PREFIX, TOPIC_PREFIX, type TrialRegion } from './trial-regions.ts'

const PROGRAM = resolve(import.meta.dirname, '../java/FailoverApps.java')
const HEAP_MB = 320

/** The topics of the group, each with one writer but that of the prober. */
export const TOPICS = {
  plain: { name: `${TOPIC_PREFIX}plain`, partitions: 4 },
  keyed: { name: `${TOPIC_PREFIX}latest`, partitions: 2 },
  transactional: { name: `${TOPIC_PREFIX}paid`, partitions: 3 },
  probe: { name: `${TOPIC_PREFIX}probe`, partitions: 1 },
  /** Made while everything runs: nobody may write to it on a standby, not even in its first moment there. */
  fresh: { name: `${TOPIC_PREFIX}fresh`, partitions: 1 },
} as const
export const ALL_TOPICS = Object.values(TOPICS).map(({ name }) => name)
export const isCompacted = (topic: string) => topic === TOPICS.keyed.name

const READ_TOPICS = [TOPICS.plain.name, TOPICS.transactional.name, TOPICS.probe.name]
const READERS = [
  { group: `${GROUP_PREFIX}classic`, protocol: 'classic', topics: READ_TOPICS },
  { group: `${GROUP_PREFIX}consumer`, protocol: 'consumer', topics: READ_TOPICS },
] as const
/** By group, what it reads. */
export const READ_BY: ReadonlyMap<string, readonly string[]> = new Map(
  READERS.map(({ group, topics }) => [group, topics]),
)

export interface AppsOptions {
  readonly folder: string
  readonly regions: readonly TrialRegion[]
  /** Records a second of each writer. */
  readonly rate: number
  readonly signal: AbortSignal
  readonly log: (line: string) => void
}

/** The applications, in a process of their own; see FailoverApps.java. */
export class Apps implements AsyncDisposable {
  /** When the group was ordered where, on the clock of the applications' notes. */
  readonly orders: Order[] = []
  readonly #folder: string
  readonly #ended: Promise<unknown>
  readonly #stop = new AbortController()
  readonly #heard = new Map<string, { readonly promise: Promise<void>; readonly resolve: () => void }>()
  readonly #input = Promise.withResolvers<Writable>()
  #routes = 0
  #failure: string | undefined

  static async start(options: AppsOptions): Promise<Apps> {
    const { folder, regions, rate } = options
    mkdirSync(folder, { recursive: true })
    const { plain, keyed, transactional, probe, fresh } = TOPICS
    const writers = Object.entries({ plain, keyed, transactional }).map(
      ([kind, { name, partitions }]) => `${kind}:${kind}:${name}:${partitions}:${rate}`,
    )
    const readers = READERS.map(({ group, protocol, topics }) => `${group}:${protocol}:${topics.join('|')}`)
    const plan = {
      regions: regions.map(({ name }) => name).join(','),
      probes: `${probe.name},${fresh.name}`,
      writers: writers.join(','),
      readers: readers.join(','),
    }
    writeFileSync(join(folder, 'apps.properties'), renderProperties(plan))
    for (const { name, appProperties } of regions) writeFileSync(join(folder, `${name}.properties`), appProperties)
    const apps = new Apps(options)
    await apps.#hear('ready')
    return apps
  }

  private constructor({ folder, signal, log }: AppsOptions) {
    this.#folder = folder
    const options = {
      signal: AbortSignal.any([signal, this.#stop.signal]),
      heapMb: HEAP_MB,
      onInput: (input: Writable) => this.#input.resolve(input),
      onLine: (line: string) => {
        if (line.startsWith('trouble ')) log(`apps: ${line.slice('trouble '.length)}`)
        else this.#expect(line).resolve()
      },
    }
    this.#ended = runJava(PROGRAM, [folder], options).catch((error: unknown) => {
      this.#failure = describeError(error)
    })
  }

  /** The move is asked for now: from here on the region may take writes. */
  ordered(to: string, atMs = monotonicMs()): void {
    this.orders.push({ to, atMs })
  }

  /** What the operator's routing does: clients start again against another region. */
  async route(region: string): Promise<void> {
    await this.#send(`route ${++this.#routes} ${region}`)
  }

  /** Writers and prober end. */
  async stopWriting(): Promise<WriteNote[]> {
    await this.#send('stop')
    await this.#hear('stopped')
    return loadWrites(join(this.#folder, 'writes.log'))
  }

  /** Readers read and commit what is there. */
  async finishReading(): Promise<ReadNote[]> {
    await this.#send('finish')
    await this.#hear('finished')
    await this.#ended
    return loadReads(join(this.#folder, 'reads.log'))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('the applications are stopped'))
    await this.#ended
  }

  async #send(line: string): Promise<void> {
    if (this.#failure !== undefined) throw new Error(this.#failure)
    const input = await this.#input.promise
    input.write(`${line}\n`)
  }

  #expect(line: string) {
    const known = this.#heard.get(line) ?? Promise.withResolvers<void>()
    this.#heard.set(line, known)
    return known
  }

  async #hear(line: string): Promise<void> {
    const ended = this.#ended.then(() => 'ended')
    const first = await Promise.race([this.#expect(line).promise, ended])
    if (first === 'ended' && line !== 'finished') throw new Error(this.#failure ?? 'the applications have ended')
  }
}

/** As `System.nanoTime` of the applications counts it: both read the machine's monotonic clock. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

function renderProperties(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('')
}
