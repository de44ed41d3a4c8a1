import type { AclBinding } from '../../../src/kafka/index.ts'
import { readLeastRights } from '../../../src/least-rights.ts'
import { startRegion } from '../../../src/local/index.ts'
import { addAcls, removeAcls } from '../../integration/security/secured-region.ts'
import { GROUP, readGroup } from '../failover-trial/control.ts'
import { orderMove } from '../failover-trial/orders.ts'
import { eventually, type IsthmusOptions, IsthmusProcess } from '../isthmus-process.ts'
import type { TrialFolder } from '../trial-folder.ts'
import {
  accessOf,
  ISTHMUS,
  isSizeRaised,
  openPlace,
  type Place,
  positionOf,
  produce,
  PROOF,
  raiseSize,
  rangesOf,
} from './places.ts'

/** As `isthmus security rights --config FILE` prints it. */
export interface LeastRight {
  readonly binding: AclBinding
  readonly why: string
  readonly isOptional: boolean
}

/** What became of a round of everything that a group asks of its regions. */
export type Outcome =
  | { readonly kind: 'worked' }
  /** A broker refused something, and that was told. */
  | { readonly kind: 'refused'; readonly step: string; readonly told: string }
  /** It did not come to pass, and nothing said why. */
  | { readonly kind: 'silent'; readonly step: string; readonly reason: string }

const NAMES = ['eu', 'us'] as const
const RECORDS = 10
const LIMIT_MS = 120_000
const CALM_MS = 120_000
const POLL_MS = 250
/** As the log and the guards of moves call what a broker refuses. */
const REFUSAL = /AUTHORIZATION_FAILED|own-rights-/

class Refused extends Error {}

type Config = Pick<IsthmusOptions, 'regions' | 'rest'>

interface Parts {
  readonly places: readonly [Place, Place]
  readonly config: Config
  readonly rights: readonly LeastRight[]
  readonly stack: AsyncDisposableStack
}

/** Two secured regions, and an Isthmus that has in both what it is given, and no more. */
export class RightsScene implements AsyncDisposable {
  readonly rights: readonly LeastRight[]
  readonly #parts: Parts
  #isthmus: IsthmusProcess | undefined
  #heard = 0
  #round = 0
  #step = ''
  #last = ''

  static async start(folder: TrialFolder, signal: AbortSignal): Promise<RightsScene> {
    await using stack = new AsyncDisposableStack()
    const started = await Promise.all(NAMES.map((name) => startRegion({ name, brokers: 1, secured: true, signal })))
    for (const region of started) stack.use(region)
    const [eu, us] = (await Promise.all(started.map(openPlace))).map((place) => stack.use(place))
    if (eu === undefined || us === undefined) throw new Error('there are two regions')
    await Promise.all([eu, us].map(({ cluster }) => addAcls(cluster, PROOF)))
    const config = {
      regions: started.map((region) => accessOf(region, folder)),
      rest: [
        `failoverGroups: [{ name: ${GROUP}, regions: [${NAMES.join(', ')}], topics: { include: ["orders.*"] }, failover: { cooldownSeconds: 0, fenceCheckSeconds: 1 } }]`,
        `authority: { path: ${folder.file('authority.db')} }`,
      ].join('\n'),
    }
    return new RightsScene({ places: [eu, us], config, rights: await readRights(config), stack: stack.move() })
  }

  private constructor(parts: Parts) {
    this.#parts = parts
    this.rights = parts.rights
  }

  async grant(...rights: readonly LeastRight[]): Promise<void> {
    const bindings = rights.map(({ binding }) => binding)
    await Promise.all(this.#parts.places.map(({ cluster }) => addAcls(cluster, bindings)))
  }

  async take(...rights: readonly LeastRight[]): Promise<void> {
    const bindings = rights.map(({ binding }) => binding)
    await Promise.all(this.#parts.places.map(({ cluster }) => removeAcls(cluster, bindings)))
  }

  async restart(): Promise<void> {
    await this.#isthmus?.kill()
    this.#isthmus = await IsthmusProcess.start({ ...this.#parts.config, logLevel: 'warn' })
    this.#heard = 0
  }

  /** Copies of a new topic, positions, growth, a config, a log that begins later, and a switchover over an open transaction. */
  async work(): Promise<Outcome> {
    const round = ++this.#round
    const topic = `orders.r${round}`
    this.#heard = this.#process.log.length
    try {
      const [near, far] = await this.#sides()
      await this.#copy(near, far, topic)
      await this.#adapt(near, far, topic)
      await this.#switchOver(near, far, { topic, round })
      return { kind: 'worked' }
    } catch (error) {
      if (error instanceof Refused) return { kind: 'refused', step: this.#step, told: error.message }
      return { kind: 'silent', step: this.#step, reason: `${String(error)} ${this.#last}` }
    }
  }

  /** Whatever was refused goes on once it is allowed: moves end, and everything is copied. */
  async calm(): Promise<void> {
    const isCalm = async () => {
      const group = await readGroup(this.#process)
      const links = (await this.#process.status())?.links ?? []
      const isCopied = links.every(
        ({ flows, refusedTopics }) => flows.starting + flows.recovering + refusedTopics === 0,
      )
      return group?.operation === null && links.length > 0 && isCopied ? true : undefined
    }
    await eventually('all goes on', isCalm, { limitMs: CALM_MS, everyMs: POLL_MS })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#isthmus?.kill()
    await this.#parts.stack.disposeAsync()
  }

  async #copy(near: Place, far: Place, topic: string): Promise<void> {
    await near.admin.createTopics({ topics: [{ topic, numPartitions: 1 }] })
    await produce(near, topic, RECORDS)
    await this.#until('copies', async () => (await rangesOf(far, topic)).join() === `0-${RECORDS}`)
    const groupId = `readers.${topic}`
    await near.admin.setOffsets({ groupId, topic, partitions: [{ partition: 0, offset: '3' }] })
    await this.#until('positions', async () => (await positionOf(far, groupId, topic)) === '3')
  }

  async #adapt(near: Place, far: Place, topic: string): Promise<void> {
    await near.admin.createPartitions({ topicPartitions: [{ topic, count: 2 }] })
    await this.#until('growth', async () => (await rangesOf(far, topic)).length === 2)
    await raiseSize(near, topic)
    await this.#until('configs', () => isSizeRaised(far, topic))
    await near.admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '2' }] })
    await this.#until('log start', async () => (await rangesOf(far, topic))[0] === `2-${RECORDS}`)
  }

  async #switchOver(near: Place, far: Place, { topic, round }: { topic: string; round: number }): Promise<void> {
    const producer = near.kafka.producer({
      transactionalId: `writer-${round}`,
      maxInFlightRequests: 1,
      idempotent: true,
    })
    await producer.connect()
    try {
      const transaction = await producer.transaction()
      await transaction.send({ topic, messages: [{ value: 'never committed' }] })
      await this.#until('a plan of a move', async () => {
        const answer = await orderMove(this.#process, { kind: 'switchover', to: far.name })
        this.#last = answer.kind === 'refused' ? answer.reason : ''
        if (REFUSAL.test(this.#last)) throw new Refused(this.#last)
        return answer.kind === 'accepted'
      })
      await this.#until('a move', async () => {
        const group = await readGroup(this.#process)
        return group?.active === far.name && group.operation === null
      })
    } finally {
      await producer.disconnect()
    }
  }

  async #until(step: string, look: () => Promise<boolean>): Promise<void> {
    this.#step = step
    const option = { limitMs: LIMIT_MS, everyMs: POLL_MS }
    await eventually(
      step,
      async () => {
        const told = this.#process.log.slice(this.#heard).find(isRefusal)
        if (told !== undefined) throw new Refused(told)
        return (await look()) ? true : undefined
      },
      option,
    )
  }

  /** The active region first. */
  async #sides(): Promise<readonly [Place, Place]> {
    const [eu, us] = this.#parts.places
    let active: string | undefined
    await this.#until('a first reign', async () => {
      active = (await readGroup(this.#process))?.active
      return active !== undefined
    })
    return active === us.name ? [us, eu] : [eu, us]
  }

  get #process(): IsthmusProcess {
    if (this.#isthmus === undefined) throw new Error('isthmus does not run')
    return this.#isthmus
  }
}

/** What it may do without does not count: `__isthmus.health` is optional. */
function isRefusal(line: string): boolean {
  return REFUSAL.test(line) && !line.includes('__isthmus.health')
}

/** By the file of a process that is to run. */
async function readRights(config: Config): Promise<LeastRight[]> {
  await using isthmus = await IsthmusProcess.start(config)
  const { regions } = await readLeastRights({ config: isthmus.configFile, role: 'all' })
  const ofIsthmus = regions.find(({ principal }) => principal === `User:${ISTHMUS}`)
  return (ofIsthmus?.rights ?? []).map(({ entry, for: why, optional: isOptional }): LeastRight => {
    return { binding: entry as AclBinding, why, isOptional }
  })
}
