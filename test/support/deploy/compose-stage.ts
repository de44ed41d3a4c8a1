import { setTimeout as sleep } from 'node:timers/promises'
import { Kafka, logLevel } from 'kafkajs'
import type { StatusBody } from '../../../src/api/contract/index.ts'
import { localPorts } from '../../../src/local/index.ts'
import type { TrialContext } from '../trial.ts'
import { docker, type Ran, runDocker } from './docker.ts'

export const REGIONS = ['eu-west', 'us-east', 'ap-south'] as const
export type ComposeRegion = (typeof REGIONS)[number]

const FILE = 'docker-compose.multi.yml'
const portOf = (region: ComposeRegion) => `${region.toUpperCase().replaceAll('-', '_')}_PORT`
const PORT_NAMES = REGIONS.flatMap((region) => [portOf(region), `API_${portOf(region)}`])

/** What `docker-compose.multi.yml` brings up, as a user would; an application of every region stands outside of it. */
export class ComposeStage {
  readonly #project: string
  readonly #env: Readonly<Record<string, string>>
  readonly #context: TrialContext

  private constructor(project: string, env: Readonly<Record<string, string>>, context: TrialContext) {
    this.#project = project
    this.#env = env
    this.#context = context
  }

  static async prepare(image: string, context: TrialContext): Promise<ComposeStage> {
    const ports = await localPorts.take(PORT_NAMES.length)
    const named = PORT_NAMES.map((name, at) => [name, String(ports[at])] as const)
    const env = { ...Object.fromEntries(named), ISTHMUS_IMAGE: image, COMPOSE_ANSI: 'never', USER: 'trial' }
    return new ComposeStage(`isthmus-trial-${process.pid}`, env, context)
  }

  /** Whatever it answers is a result. */
  compose(...args: readonly string[]): Promise<Ran> {
    const { signal } = this.#context
    return runDocker(['compose', '-f', FILE, '-p', this.#project, ...args], { signal, env: this.#env })
  }

  async up(): Promise<void> {
    const { code, stderr } = await this.compose('up', '--detach', '--wait', '--no-build', '--quiet-pull')
    if (code !== 0) throw new Error(`compose up ended with ${code}: ${stderr.slice(-2_000)}\n${await this.#whatIsUp()}`)
  }

  async #whatIsUp(): Promise<string> {
    const { stdout } = await this.compose('ps', '--all', '--format', '{{.Service}}: {{.Status}}')
    const logs = await this.compose('logs', '--tail', '5', '--no-color')
    return `${stdout}${logs.stdout.slice(-6_000)}`
  }

  /** A command of Isthmus, in the container of a controller or a replicator. */
  isthmus(service: string, ...args: readonly string[]): Promise<Ran> {
    return this.compose('exec', '-T', service, 'isthmus', ...args)
  }

  async status(service: string): Promise<StatusBody | undefined> {
    const { stdout } = await this.isthmus(service, 'status', '--output', 'json')
    return stdout.startsWith('{') ? (JSON.parse(stdout) as StatusBody) : undefined
  }

  /** Polls until the question has an answer. */
  async until<Answer>(what: string, look: () => Promise<Answer | undefined>, limitMs: number): Promise<Answer> {
    const endsAtMs = performance.now() + limitMs
    for (;;) {
      const answer = await look()
      if (answer !== undefined) return answer
      if (performance.now() > endsAtMs)
        throw new Error(`${what}: not within ${limitMs / 1_000} s\n${await this.#whatIsUp()}`)
      await sleep(1_000, undefined, { signal: this.#context.signal })
    }
  }

  /** An application of a region, as one on this machine would log in. */
  application(region: ComposeRegion): Kafka {
    return new Kafka({
      brokers: [`127.0.0.1:${this.#env[portOf(region)]}`],
      sasl: { mechanism: 'plain', username: 'app', password: 'app-secret' },
      logLevel: logLevel.NOTHING,
      retry: { retries: 8, initialRetryTime: 200 },
    })
  }

  /** Containers, volumes and networks that are there after everything was taken down. */
  async down(): Promise<number> {
    // Not with the trial's signal: this has to happen when its time is over too.
    const args = [
      'compose',
      '-f',
      FILE,
      '-p',
      this.#project,
      'down',
      '--volumes',
      '--timeout',
      '15',
      '--remove-orphans',
    ]
    await runDocker(args, { env: this.#env })
    const label = ['--quiet', '--filter', `label=com.docker.compose.project=${this.#project}`]
    const lists = await Promise.all(
      [
        ['ps', '--all'],
        ['volume', 'ls'],
        ['network', 'ls'],
      ].map((args) => docker([...args, ...label])),
    )
    return lists.flatMap((text) => text.split('\n')).filter((line) => line !== '').length
  }
}
