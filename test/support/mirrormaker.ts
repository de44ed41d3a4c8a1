import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** A tuning of MirrorMaker 2, and why somebody would choose it. */
export interface Tuning {
  readonly name: string
  readonly settings: Readonly<Record<string, string>>
}

/**
 * Three ways an experienced operator would tune it for throughput. The defaults (16 KiB batches, 1 MiB fetches, one
 * task) are far slower and are left out on purpose.
 */
export const TUNINGS: readonly Tuning[] = [
  {
    name: 'batch 256 KiB, 2 tasks',
    settings: {
      'tasks.max': '2',
      'producer.batch.size': '262144',
      'producer.linger.ms': '20',
      'consumer.max.partition.fetch.bytes': '4194304',
      'consumer.fetch.max.bytes': '52428800',
      'consumer.max.poll.records': '5000',
    },
  },
  {
    name: 'batch 128 KiB, 4 tasks, 5 requests in flight',
    settings: {
      'tasks.max': '4',
      'producer.batch.size': '131072',
      'producer.linger.ms': '10',
      // Connect's own default is one request, for order; an idempotent producer keeps it with five.
      'producer.enable.idempotence': 'true',
      'producer.max.in.flight.requests.per.connection': '5',
      'consumer.max.partition.fetch.bytes': '2097152',
      'consumer.max.poll.records': '2000',
    },
  },
  {
    name: 'batch 1 MiB, 1 task',
    settings: {
      'tasks.max': '1',
      'producer.batch.size': '1000000',
      'producer.linger.ms': '50',
      'consumer.max.partition.fetch.bytes': '8388608',
      'consumer.fetch.max.bytes': '104857600',
      'consumer.max.poll.records': '10000',
    },
  },
]

/** The heap of an ordinary installation. */
export const JVM_FLAGS: readonly string[] = ['-Xms512m', '-Xmx512m']
const LOG_LINES = 30

export interface MirrorOptions {
  /** Path of the program. */
  readonly java: string
  readonly classpath: string
  readonly alias: string
  readonly source: readonly string[]
  readonly target: readonly string[]
  readonly topic: string
  readonly compression: string
  readonly tuning: Tuning
}

/** The whole configuration file; it is printed with the result. */
export function renderMirrorConfig(options: Omit<MirrorOptions, 'java' | 'classpath'>): string {
  const { alias, source, target, topic, compression, tuning } = options
  const flow = `${alias}->target`
  const lines: Record<string, string> = {
    clusters: `${alias}, target`,
    [`${alias}.bootstrap.servers`]: source.join(','),
    'target.bootstrap.servers': target.join(','),
    [`${flow}.enabled`]: 'true',
    [`${flow}.topics`]: topic,
    [`target->${alias}.enabled`]: 'false',
    'emit.heartbeats.enabled': 'false',
    [`${flow}.emit.checkpoints.enabled`]: 'false',
    [`${flow}.sync.group.offsets.enabled`]: 'false',
    [`${flow}.sync.topic.acls.enabled`]: 'false',
    'replication.factor': '1',
    'offset-syncs.topic.replication.factor': '1',
    'heartbeats.topic.replication.factor': '1',
    'checkpoints.topic.replication.factor': '1',
    'offset.storage.replication.factor': '1',
    'status.storage.replication.factor': '1',
    'config.storage.replication.factor': '1',
    'refresh.topics.interval.seconds': '5',
    'target.producer.compression.type': compression,
    'target.producer.max.request.size': '8388608',
    'target.producer.buffer.memory': '67108864',
  }
  for (const [name, value] of Object.entries(tuning.settings)) {
    const scope = name.startsWith('producer.') ? 'target.' : name.startsWith('consumer.') ? `${alias}.` : ''
    lines[`${scope}${name}`] = value
  }
  return Object.entries(lines)
    .map(([name, value]) => `${name} = ${value}\n`)
    .join('')
}

/** One MirrorMaker 2 process. */
export class MirrorMaker implements AsyncDisposable {
  /** The last lines of its output; without a configuration its logger tells errors only. */
  readonly log: string[] = []
  readonly #child: ChildProcess
  readonly #folder: string

  constructor(options: Pick<MirrorOptions, 'java' | 'classpath'> & { readonly config: string }) {
    this.#folder = mkdtempSync(join(tmpdir(), 'isthmus-mirrormaker-'))
    const file = join(this.#folder, 'mm2.properties')
    writeFileSync(file, options.config)
    const args = [...JVM_FLAGS, '-cp', options.classpath, 'org.apache.kafka.connect.mirror.MirrorMaker', file]
    this.#child = spawn(options.java, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream !== null) createInterface({ input: stream }).on('line', (line) => this.#keep(line))
    }
  }

  get pid(): number {
    return this.#child.pid ?? -1
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.isRunning) {
      const exited = new Promise((settle) => this.#child.once('exit', settle))
      this.#child.kill('SIGKILL')
      await exited
    }
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #keep(line: string): void {
    this.log.push(line)
    if (this.log.length > LOG_LINES) this.log.shift()
  }
}
