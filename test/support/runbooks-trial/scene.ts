import { type Kafka } from 'kafkajs'
import { systemClock, systemRandom } from '../../../src/core/index.ts'
import { createKafkaJs } from '../../../src/kafka/index.ts'
import type {
  AuthorityBody,
  CredentialsBody,
  DrillsBody,
  IncidentsBody,
  RegionsBody,
  StatusBody,
} from '../../../src/api/contract/index.ts'
import { GROUP } from '../failover-trial/control.ts'
import type { TrialRegion, TrialRegions } from '../failover-trial/trial-regions.ts'
import { eventually, type IsthmusProcess, type RegionEntry } from '../isthmus-process.ts'
import type { TrialContext } from '../trial.ts'
import type { Walker } from './walker.ts'

/** The file whose being there makes the routing of the group fail, and who is told of events. */
export interface Switches {
  readonly routing: { fail(): void; mend(): void }
  readonly receiver: { fail(): void; mend(): void }
}

/** What the configuration of the process says. */
export interface Makeup {
  /** The file of the authority. */
  readonly authority: string
  readonly regions: readonly RegionEntry[]
  /** Files of policies. */
  readonly policies: readonly string[]
}

/** What plays need: the regions, the process, what an operator does to both, and the walker. */
export class Scene {
  readonly walker: Walker
  readonly regions: TrialRegions
  readonly switches: Switches
  readonly context: TrialContext
  /** Where the files of the regions are. */
  readonly folder: string
  readonly #start: (makeup: Makeup) => Promise<IsthmusProcess>
  #makeup: Makeup
  #isthmus: IsthmusProcess | undefined

  constructor(parts: {
    readonly walker: Walker
    readonly regions: TrialRegions
    readonly switches: Switches
    readonly context: TrialContext
    readonly folder: string
    readonly makeup: Makeup
    readonly start: (makeup: Makeup) => Promise<IsthmusProcess>
  }) {
    this.walker = parts.walker
    this.regions = parts.regions
    this.switches = parts.switches
    this.context = parts.context
    this.folder = parts.folder
    this.#makeup = parts.makeup
    this.#start = parts.start
  }

  get makeup(): Makeup {
    return this.#makeup
  }

  get isthmus(): IsthmusProcess {
    if (this.#isthmus === undefined) throw new Error('nothing was started')
    return this.#isthmus
  }

  /** With another configuration, where one is given; what runs is ended first. */
  async start(change: Partial<Makeup> = {}): Promise<void> {
    if (this.#isthmus?.isRunning === true) await this.isthmus.terminate()
    this.#makeup = { ...this.#makeup, ...change }
    this.#isthmus = await this.#start(this.#makeup)
    this.walker.apiUrl = this.#isthmus.apiUrl
  }

  /** A command of a person who may do everything; it has to end well. */
  async does(...args: readonly string[]): Promise<string> {
    const { code, out, err } = await this.walker.command(args, 'admin')
    if (code !== 0) throw new Error(`isthmus ${args.join(' ')} ended with ${code}: ${err}${out.slice(-600)}`)
    return out
  }

  /** Waits until the status is as it should be. */
  async until(what: string, isSo: (status: StatusBody) => boolean | undefined, limitMs = 90_000): Promise<void> {
    let last: StatusBody | undefined
    const look = async () => {
      if (!this.isthmus.isRunning) throw new Error(`isthmus ended: ${this.isthmus.log.slice(-8).join('\n')}`)
      last = await this.isthmus.status()
      return last !== undefined && isSo(last) ? true : undefined
    }
    const { signal } = this.context
    await eventually(what, look, { limitMs, everyMs: 250, signal }).catch((error: unknown) => {
      throw new Error(`${(error as Error).message}: ${JSON.stringify(last?.links)}`, { cause: error })
    })
  }

  async untilVerdict(region: string, isSo: (verdict: string) => boolean): Promise<void> {
    const look = async () => {
      const { regions } = JSON.parse(await this.isthmus.get('/api/v1/regions')) as RegionsBody
      return regions.some((one) => one.region === region && isSo(one.verdict)) || undefined
    }
    await eventually(`the verdict on ${region} changes`, look, { limitMs: 90_000, signal: this.context.signal })
  }

  /** Of one set of files, such as `regions.beta.tls`. */
  async untilCredential(name: string, isSo: (one: CredentialsBody['credentials'][number]) => boolean): Promise<void> {
    const look = async () => {
      const { credentials } = JSON.parse(await this.isthmus.get('/api/v1/credentials')) as CredentialsBody
      return credentials.some((one) => one.name === name && isSo(one)) || undefined
    }
    await eventually(`${name} is read`, look, { limitMs: 60_000, signal: this.context.signal })
  }

  /** What the authority says, as the process tells it. */
  async untilAuthority(isSo: (authority: AuthorityBody) => boolean): Promise<void> {
    const look = async () => isSo(JSON.parse(await this.isthmus.get('/api/v1/authority')) as AuthorityBody) || undefined
    await eventually('the authority is as it is to be', look, { limitMs: 60_000, signal: this.context.signal })
  }

  async untilNoDrill(): Promise<void> {
    const look = async () => {
      const { running } = JSON.parse(await this.isthmus.get(`/api/v1/failover-groups/${GROUP}/drills`)) as DrillsBody
      return running === null || undefined
    }
    await eventually('no drill runs', look, { limitMs: 90_000, signal: this.context.signal })
  }

  async acknowledgeAll(link: string): Promise<void> {
    const { incidents } = JSON.parse(
      await this.isthmus.get(`/api/v1/incidents?link=${link}&state=open`),
    ) as IncidentsBody
    await this.does('incidents', 'acknowledge', ...incidents.map(({ id }) => id), '--note', 'trial')
  }

  /** A region that came back waits for a choice about records that only it holds. */
  async untilChoosing(region: string): Promise<void> {
    let last = ''
    const look = async () => {
      const words = ['divergence', 'show', GROUP, '--region', region, '--output', 'json']
      const { code, out, err } = await this.walker.command(words, 'viewer')
      last = `${out.slice(0, 600)}${err}`
      return (code === 0 && (JSON.parse(out) as { phase: string }).phase === 'choosing') || undefined
    }
    const { signal } = this.context
    await eventually('a choice', look, { limitMs: 120_000, everyMs: 500, signal }).catch((error: unknown) => {
      throw new Error(`nobody has to choose what becomes of ${region}: ${last}`, { cause: error })
    })
  }

  async hold(link: string, verb: 'pause' | 'resume'): Promise<void> {
    await this.does(verb, '--link', link)
    await (verb === 'pause'
      ? this.until(`${link} is paused`, ({ links }) => links.find((one) => one.link === link)?.state === 'paused')
      : this.untilCopied(link))
  }

  async untilCopied(link: string): Promise<void> {
    await this.until(`${link} has copied everything`, ({ links }) => {
      const found = links.find((one) => one.link === link)
      return found?.state === 'running' && found.lagUnknownFlows === 0 && found.lagRecords === 0
    })
  }

  /** Nobody moves the group, and a move would be refused by nothing: guards object to what has just begun. */
  async untilMovable(kind: 'switchover' | 'failback', to: string): Promise<void> {
    let last = ''
    const look = async () => {
      const { code, out, err } = await this.walker.command(['plan', GROUP, '--kind', kind, '--to', to], 'admin')
      last = `${out.slice(-1_500)}${err}`
      return code === 0 ? true : undefined
    }
    const { signal } = this.context
    await eventually(`a ${kind} can be made`, look, { limitMs: 120_000, everyMs: 500, signal }).catch(
      (error: unknown) => {
        throw new Error(`a ${kind} to ${to} cannot be made: ${last}`, { cause: error })
      },
    )
  }

  /** As whoever may do everything in a region, or as an application. */
  kafka({ region, name, kafka }: TrialRegion, who: 'admin' | 'app' = 'admin'): Kafka {
    const { security, bootstrap } = region
    if (security === undefined) throw new Error(`${name} is not secured`)
    const login = who === 'admin' ? security.admin : (kafka.sasl as { username: string; password: string })
    const { username, password } = login
    return createKafkaJs({
      name,
      bootstrap,
      tls: { ca: security.tls.ca },
      sasl: { mechanism: 'scram-sha-512', username, password },
      context: { clock: systemClock, random: systemRandom },
    })
  }

  async write(region: string, topic: string, count: number, who: 'admin' | 'app' = 'app'): Promise<void> {
    const producer = this.kafka(this.regions.get(region), who).producer()
    await producer.connect()
    const messages = Array.from({ length: count }, (_, at) => ({
      partition: 0,
      key: `k${at}`,
      value: `${region} ${at}`,
    }))
    await producer.send({ topic, messages })
    await producer.disconnect()
  }
}
