import { setTimeout as sleep } from 'node:timers/promises'
import type { JournalEntry } from '../../../../src/authority/index.ts'
import type { EffectName, OperationRecord } from '../../../../src/failover/index.ts'
import { Kafka, logLevel, type Producer } from 'kafkajs'
import { eventually, type IsthmusProcess } from '../../isthmus-process.ts'
import type { TrialContext } from '../../trial.ts'
import { monotonicMs } from '../apps.ts'
import { JournalTail } from '../journal-tail.ts'
import { abortMove, type Order, orderMove } from '../orders.ts'
import type { FailoverStage } from '../stage.ts'
import { writeJudge } from '../stored-logs.ts'
import { OTHER_PREFIX, type TrialRegion } from '../trial-regions.ts'

/** One way in which a move can go wrong at its fence; answers what was not as it has to be. */
export interface Edge {
  readonly name: string
  run(scene: EdgeScene): Promise<readonly string[]>
}

export interface Ordered {
  readonly operation: string
  /** Journal entry before it. */
  readonly mark: number
  readonly to: string
  readonly atMs: number
}

/** Topic of records whose fate a case knows by itself. */
export const EDGE_TOPIC = 'orders.edges'
/** Of nobody's group: it is copied nowhere, and each region has its own. */
export const OTHER_TOPIC = OTHER_PREFIX
const PARTITIONS = 3
/** A transaction must not end by itself before the move comes to it. */
const TRANSACTION_MS = 600_000
const ORDER_LIMIT_MS = 180_000
const STEP_LIMIT_MS = 60_000
const END_LIMIT_MS = 120_000

/** A stage with one controller, whose moves are watched step by step. */
export class EdgeScene implements Disposable {
  readonly stage: FailoverStage
  readonly isthmus: IsthmusProcess
  readonly tail: JournalTail
  readonly context: TrialContext

  static async start(stage: FailoverStage, context: TrialContext): Promise<EdgeScene> {
    const isthmus = await stage.begin(context.signal)
    await createTopic(stage.home, EDGE_TOPIC, stage.homeBrokers, context.signal)
    for (const region of stage.regions.all) {
      await createTopic(region, OTHER_TOPIC, region === stage.home ? stage.homeBrokers : 1, context.signal)
    }
    return new EdgeScene(stage, isthmus, context)
  }

  private constructor(stage: FailoverStage, isthmus: IsthmusProcess, context: TrialContext) {
    this.stage = stage
    this.isthmus = isthmus
    this.context = context
    this.tail = new JournalTail(stage.authorityFile)
  }

  get active(): TrialRegion {
    return this.stage.regions.get(this.tail.group().active)
  }

  get standby(): TrialRegion {
    const { active } = this.tail.group()
    const found = this.stage.regions.all.find(({ name }) => name !== active)
    if (found === undefined) throw new Error('a stage has two regions')
    return found
  }

  /** To the standby, or where it is told; asked again while guards object. */
  async order(wish: Partial<Order> = {}): Promise<Ordered> {
    const to = wish.to ?? this.standby.name
    const order = { kind: to === this.stage.home.name ? ('failback' as const) : ('switchover' as const), to, ...wish }
    const mark = this.tail.head()
    const atMs = monotonicMs()
    let last = ''
    const look = async () => {
      const answer = await orderMove(this.isthmus, order)
      if (answer.kind === 'accepted') return (await this.#hasBegun(answer.operation)) ? answer.operation : undefined
      last = answer.reason
      return undefined
    }
    const options = { limitMs: ORDER_LIMIT_MS, everyMs: 300, signal: this.context.signal }
    const operation = await eventually('a move is accepted', look, options).catch((error: unknown) => {
      throw new Error(`${order.kind} to ${to} is refused: ${last}`, { cause: error })
    })
    return { operation, mark, to, atMs }
  }

  async abort({ operation }: Ordered): Promise<boolean> {
    return abortMove(this.isthmus, operation)
  }

  /** Until the step's effect has begun, or has been done. */
  async until(
    { operation, mark }: Ordered,
    effect: EffectName,
    moment: 'started' | 'ended' = 'started',
  ): Promise<void> {
    const isIt = ({ kind, facts, operation: of }: JournalEntry) => {
      return of === operation && kind === `effect-${moment}` && facts['effect'] === effect
    }
    const { signal } = this.context
    const entry = await this.tail.until(isIt, { after: mark, limitMs: STEP_LIMIT_MS, signal })
    if (entry === undefined) throw new Error(`${effect} has not ${moment}: the move is at ${this.phaseOf(operation)}`)
  }

  /** False where a guard found something out since the plan: then nothing was touched. */
  async #hasBegun(operation: string): Promise<boolean> {
    const look = async () => {
      const phase = this.phaseOf(operation)
      return ['nowhere', 'requested', 'preflight'].includes(phase) ? undefined : phase
    }
    const options = { limitMs: STEP_LIMIT_MS, everyMs: 20, signal: this.context.signal }
    return (await eventually('the move begins', look, options)) !== 'rolled-back'
  }

  phaseOf(operation: string): string {
    const present = this.tail.group().operation
    return (present?.id === operation ? present : this.tail.operation(operation))?.phase ?? 'nowhere'
  }

  /** Until it has ended, or needs a person. */
  async ended({ operation, to, atMs }: Ordered, limitMs = END_LIMIT_MS): Promise<OperationRecord> {
    const look = async () => {
      const present = this.tail.group().operation
      if (present?.id === operation) return present.phase === 'needs-operator' ? present : undefined
      return this.tail.operation(operation)
    }
    const options = { limitMs, everyMs: 50, signal: this.context.signal }
    const ended = await eventually('the move ends', look, options).catch((error: unknown) => {
      throw new Error(`the move stands at ${this.phaseOf(operation)}`, { cause: error })
    })
    // One that was rolled back entitles nobody to write.
    if (ended.phase === 'done') this.stage.apps.orders.push({ to, atMs })
    return ended
  }

  /** To where the group began, undisturbed. */
  async goHome(): Promise<void> {
    if (this.active.name === this.stage.home.name) return
    const { phase, stop } = await this.ended(await this.order())
    if (phase !== 'done') throw new Error(`the way home ended as ${phase}: ${stop?.reason}`)
  }

  /** What is wrong with how a move ended. */
  async expectEnd(ordered: Ordered, phases: readonly string[], limitMs?: number): Promise<string[]> {
    const { phase, stop } = await this.ended(ordered, limitMs)
    return phases.includes(phase) ? [] : [`it ended as ${phase}: ${stop?.reason ?? ''}`]
  }

  /** Of an application, as ordinary as the others. */
  async producer({ kafka }: TrialRegion, transactionalId?: string): Promise<Producer> {
    const client = new Kafka({ clientId: 'app-edge', logLevel: logLevel.NOTHING, retry: { retries: 3 }, ...kafka })
    const producer = client.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      ...(transactionalId !== undefined && { transactionalId, transactionTimeout: TRANSACTION_MS }),
    })
    await producer.connect()
    return producer
  }

  /** Values of a topic that a reader sees who leaves out what was not committed. */
  async read(region: TrialRegion, topic: string): Promise<string[]> {
    const { bootstrap } = region.entry
    const properties = writeJudge(this.stage.folder, region)
    const options = { bootstrap, topics: [topic], isolation: 'read_committed', properties } as const
    const contents = await this.stage.folder.readContents(`${topic}-${region.name}`, options, this.context.signal)
    return [...contents.values()].flat().map(({ value }) => value ?? '')
  }

  /** What is wrong where the active region does not take writes of applications again. */
  async expectWritable(region: TrialRegion): Promise<string[]> {
    const sum = async () => {
      const partitions = [{ topic: 'orders.probe', partition: 0, timestamp: -1 }]
      const ends = await region.admin.listOffsets({ isolation: 'read_uncommitted', partitions }, this.context.signal)
      return ends.reduce((total, { offset }) => total + offset, 0)
    }
    const before = await sum()
    const look = async () => ((await sum()) > before + 3 ? true : undefined)
    try {
      await eventually('applications can write', look, { limitMs: 40_000, signal: this.context.signal })
      return []
    } catch {
      return [`applications cannot write to ${region.name}`]
    }
  }

  async pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.context.signal })
  }

  [Symbol.dispose](): void {
    this.tail[Symbol.dispose]()
  }
}

async function createTopic({ admin }: TrialRegion, topic: string, replicationFactor: number, signal: AbortSignal) {
  const [created] = await admin.createTopics(
    [{ topic, partitions: PARTITIONS, replicationFactor, configs: {} }],
    signal,
  )
  if (created?.errorCode !== 0) throw new Error(`topic ${topic}: ${created?.errorCode} ${created?.message}`)
}
