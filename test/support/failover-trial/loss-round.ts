import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { DivergenceEvidence } from '../../../src/failover/index.ts'
import { eventually, type IsthmusProcess } from '../isthmus-process.ts'
import type { TrialContext } from '../trial.ts'
import { APP_PREFIX } from './app-gate.ts'
import { ALL_TOPICS, isCompacted, monotonicMs } from './apps.ts'
import { GROUP, runCommand } from './control.ts'
import { JournalTail } from './journal-tail.ts'
import { countOnce, readOrigins, subtractLogs } from './loss-logs.ts'
import type { StoredLog, StoredRecord } from './oracle.ts'
import { chooseSalvage, orderMove } from './orders.ts'
import { type FailoverStage, isFenced } from './stage.ts'
import { readStored } from './stored-logs.ts'
import { TOPIC_PREFIX } from './trial-regions.ts'

/** A region is lost under load, what it alone has is named, written out, replayed, and copied again. */
export interface LossRound {
  /** By partition, what the product says that only the lost region has, and what Kafka's consumer says. */
  readonly reported: ReadonlyMap<string, number>
  readonly lost: ReadonlyMap<string, number>
  readonly exported: number
  readonly replayed: number
  /** Partitions that were copied again, and those of them that had not diverged. */
  readonly reseeded: number
  readonly reseededNeedlessly: readonly string[]
  /** Of three regions: records that only the other survivor had, and that the new active region has now. */
  readonly caughtUp: number
  readonly decidedMs: number
  readonly from: string
  readonly to: string
  readonly hasAgent: boolean
  /** From the start of the lost region's brokers over the first sight of its fence until it is a standby again. */
  readonly returnedMs: number
  readonly fencedMs: number
  readonly standbyMs: number
}

export const BURST_TOPIC = `${TOPIC_PREFIX}burst`
const BURST_PARTITIONS = 4
/** Those that are written to while the link is late; the others lose nothing. */
const LATE_PARTITIONS = 2
const BURST_RECORDS = 2_400
const SEED_RECORDS = 400
const EARLY_RECORDS = 600
const RECORD_BYTES = 120
const LOAD_MS = 2_000
/** Longer than what is written meanwhile takes. */
const LATE_MS = 60_000
const LIMIT_MS = 240_000
const POLL_MS = 50
const FENCE_POLL_MS = 10
/** Where no program can fence a region that is away, a person vouches for it. */
const ATTESTATION = 'its brokers were killed'

/** What a consumer can be asked about record by record: compaction takes some from one region and not from the other. */
const JUDGED = [...ALL_TOPICS.filter((topic) => !isCompacted(topic)), BURST_TOPIC]

interface Burst {
  readonly partitions: number
  readonly count: number
}

export class LossScene implements Disposable {
  readonly #stage: FailoverStage
  readonly #isthmus: IsthmusProcess
  readonly #context: TrialContext
  readonly #tail: JournalTail
  readonly #paused = new Set<string>()
  #agent: IsthmusProcess | undefined
  #bursts = 0

  constructor(stage: FailoverStage, isthmus: IsthmusProcess, context: TrialContext) {
    this.#stage = stage
    this.#isthmus = isthmus
    this.#context = context
    this.#tail = new JournalTail(stage.authorityFile)
  }

  [Symbol.dispose](): void {
    this.#tail[Symbol.dispose]()
  }

  /** Beside the region; it is there until it is dismissed, which it is once its gate stands where it should. */
  async engageAgent(region: string, position: 'open' | 'closed' = 'open'): Promise<void> {
    this.#agent = await this.#stage.startAgent(region)
    await this.#untilGate(position)
  }

  async dismissAgent(): Promise<void> {
    if (this.#agent === undefined) return
    await this.#untilGate('open')
    await this.#agent.terminate()
    this.#agent = undefined
  }

  async #untilGate(position: 'open' | 'closed'): Promise<void> {
    const look = async () => ((await this.#agent?.status())?.gate?.position === position ? true : undefined)
    const options = { limitMs: LIMIT_MS, everyMs: POLL_MS, signal: this.#context.signal }
    await eventually(`the gate is ${position}`, look, options)
  }

  /** From the loss of the active region until it is a standby again. An agent beside it is lost with it. */
  async lose(): Promise<LossRound> {
    const { signal, log } = this.#context
    const { regions } = this.#stage
    const from = this.#tail.group().active
    const [near, far] = regions.all.filter(({ name }) => name !== from)
    const to = (far ?? near)?.name ?? ''
    const standbys = [near, far].flatMap((region) => region?.name ?? [])
    await this.#copiedBurst(from, standbys, { partitions: BURST_PARTITIONS, count: SEED_RECORDS })
    const early = far === undefined ? undefined : await this.#runAhead(from, { late: to, ahead: near?.name ?? '' })
    await this.#makeLate(from, standbys)
    await this.#burst(from, { partitions: LATE_PARTITIONS, count: BURST_RECORDS })
    const hasAgent = this.#agent !== undefined
    await Promise.all([regions.get(from).region.stopBroker(0, { hard: true }), this.#agent?.kill()])
    const decidedMs = monotonicMs()
    await this.#failOver(to)
    for (const name of this.#paused) await this.#order('resume', from, name)
    this.#paused.clear()
    log(`${from} is lost, ${to} is active after ${Math.round(monotonicMs() - decidedMs)} ms`)
    await sleep(LOAD_MS, undefined, { signal })
    const { returnedMs, fencedMs } = await this.#bringBack(from, hasAgent)
    const reported = this.#reported(from)
    const [held, kept] = [await this.#read(from), await this.#read(to)]
    const lost = subtractLogs(held, kept)
    const origins = await readOrigins(regions.get(from), JUDGED, signal)
    if (!(await chooseSalvage(this.#isthmus, from, { kind: 'replay' }))) throw new Error('the choice was refused')
    const epoch = this.#tail.group().regions[from]?.return?.epoch ?? 0
    await this.#untilPhase(from, undefined)
    const reseeded = changed(origins, await readOrigins(regions.get(from), JUDGED, signal))
    const records = [...lost.values()].flat()
    return {
      reported,
      lost: countsOf(lost),
      exported: countOnce(records, await this.#readExports(to, epoch)),
      replayed: countOnce(records, await this.#read(to)),
      reseeded: reseeded.length,
      reseededNeedlessly: reseeded.filter((partition) => !lost.has(partition)),
      caughtUp: early === undefined ? 0 : early - (subtractLogs(held, kept).get(`${BURST_TOPIC}/0`)?.length ?? 0),
      decidedMs,
      from,
      to,
      hasAgent,
      returnedMs,
      fencedMs,
      standbyMs: monotonicMs(),
    }
  }

  /** The agent's machine is up before the brokers are, as it has to be. */
  async #bringBack(name: string, hasAgent: boolean) {
    const { gate, region } = this.#stage.regions.get(name)
    if (gate !== undefined) gate.delayMs = 0
    gate?.forget()
    if (hasAgent) await this.engageAgent(name, 'closed')
    const returnedMs = monotonicMs()
    const fenced = this.#untilFenced(name)
    await region.startBroker(0, this.#context.signal)
    const [fencedMs] = await Promise.all([fenced, this.#untilPhase(name, 'choosing')])
    return { returnedMs, fencedMs }
  }

  /** When the region itself showed its fence, or Isthmus said that it stands: whichever came first. */
  async #untilFenced(name: string): Promise<number> {
    const region = this.#stage.regions.get(name)
    const { signal } = this.#context
    const look = async () => {
      const phase = this.#tail.group().regions[name]?.return?.phase
      if (phase !== undefined && phase !== 'fencing') return monotonicMs()
      const isShown = await isFenced(region, AbortSignal.any([signal, AbortSignal.timeout(1_000)])).catch(() => false)
      return isShown ? monotonicMs() : undefined
    }
    return await eventually(`${name} is fenced`, look, { limitMs: LIMIT_MS, everyMs: FENCE_POLL_MS, signal })
  }

  /** Isthmus gets what a plain region answers much later; of a secured one, where nobody stands between, it copies nothing. */
  async #makeLate(from: string, standbys: readonly string[]): Promise<void> {
    const { gate } = this.#stage.regions.get(from)
    if (gate !== undefined) gate.delayMs = LATE_MS
    else for (const name of standbys) await this.#pause(from, name)
  }

  /** Idempotent, acknowledged by the region, and on its way to nobody else for as long as Isthmus's answers are late. */
  async #burst(name: string, { partitions, count }: Burst) {
    const { folder, regions } = this.#stage
    const seed = ++this.#bursts
    const properties = folder.file(`burst-${seed}.properties`)
    const region = regions.get(name)
    // It makes the topic too, which applications may not where somebody asks.
    writeFileSync(properties, `${region.judgeProperties}client.id=${APP_PREFIX}burst\n`, { mode: 0o600 })
    const options = { keys: 'unique', size: RECORD_BYTES, values: 'random', seed, properties, partitions, count }
    const bootstrap = region.entry.bootstrap.join(',')
    await folder.produce(`burst-${seed}`, { bootstrap, topics: BURST_TOPIC, ...options }, this.#context.signal)
  }

  /** One standby gets what the other, whose link is paused, does not get any more. */
  async #runAhead(from: string, { late, ahead }: { readonly late: string; readonly ahead: string }): Promise<number> {
    await this.#pause(from, late)
    await this.#copiedBurst(from, [ahead], { partitions: LATE_PARTITIONS, count: EARLY_RECORDS })
    return EARLY_RECORDS / LATE_PARTITIONS + BURST_RECORDS / LATE_PARTITIONS
  }

  /** Waits until each of the standbys has as many records more; offsets differ behind a failover. */
  async #copiedBurst(from: string, standbys: readonly string[], burst: Burst): Promise<void> {
    const { signal } = this.#context
    const before = await Promise.all(standbys.map((name) => this.#burstSize(name)))
    await this.#burst(from, burst)
    const areThere = async () => {
      const sizes = await Promise.all(standbys.map((name) => this.#burstSize(name)))
      return sizes.every((size, index) => size >= (before[index] ?? 0) + burst.count) ? true : undefined
    }
    const options = { limitMs: LIMIT_MS, everyMs: POLL_MS, signal }
    await eventually(`${standbys.join(', ')} has what was written`, areThere, options)
  }

  /** Sum of the ends; 0 in a region that has no such topic yet. */
  async #burstSize(name: string): Promise<number> {
    const { admin } = this.#stage.regions.get(name)
    const { signal } = this.#context
    const partitions = Array.from({ length: BURST_PARTITIONS }, (_, partition) => {
      return { topic: BURST_TOPIC, partition, timestamp: -1 }
    })
    const ends = await admin.listOffsets({ isolation: 'read_uncommitted', partitions }, signal)
    return ends.reduce((sum, { offset }) => sum + Math.max(0, offset), 0)
  }

  async #pause(from: string, to: string): Promise<void> {
    if (this.#paused.has(to)) return
    await this.#order('pause', from, to)
    this.#paused.add(to)
  }

  async #order(verb: 'pause' | 'resume', from: string, to: string): Promise<void> {
    const words = [verb, '--link', `${GROUP}-${from}-to-${to}`, '--by', 'trial']
    if (verb === 'pause') words.push('--reason', 'a trial')
    const { code, output } = await runCommand(this.#isthmus.apiUrl, words, this.#context.signal)
    if (code !== 0) throw new Error(`${words.join(' ')} ended with ${code}: ${output}`)
  }

  async #failOver(to: string): Promise<void> {
    let last = ''
    const isBare = this.#stage.regions.get(this.#tail.group().active).gate === undefined
    const attempt = async () => {
      const orderedMs = monotonicMs()
      const order = { kind: 'failover', to, ...(isBare && { attestation: ATTESTATION }) } as const
      const answer = await orderMove(this.#isthmus, order)
      if (answer.kind === 'accepted') {
        this.#stage.apps.ordered(to, orderedMs)
        return answer.operation
      }
      last = answer.reason
      return undefined
    }
    const options = { limitMs: LIMIT_MS, everyMs: POLL_MS, signal: this.#context.signal }
    const operation = await eventually('the failover is accepted', attempt, options).catch((error: unknown) => {
      throw new Error(`the failover is refused: ${last}`, { cause: error })
    })
    const ended = async () => {
      const { operation: present } = this.#tail.group()
      if (present?.phase === 'needs-operator')
        throw new Error(`the failover needs an operator: ${present.stop?.reason}`)
      return present?.id === operation ? undefined : this.#tail.operation(operation)
    }
    const { phase } = await eventually('the failover ends', ended, options)
    if (phase !== 'done') throw new Error(`the failover is ${phase}`)
  }

  /** Of the region's return; without one it is a standby. */
  async #untilPhase(region: string, wanted: string | undefined): Promise<void> {
    const look = async () => {
      const { return: record, role } = this.#tail.group().regions[region] ?? {}
      if (record?.phase === 'needs-operator') {
        throw new Error(`${region} needs an operator at ${record.stop?.at}: ${record.stop?.reason}`)
      }
      if (wanted === undefined) return role === 'standby' ? true : undefined
      return record?.phase === wanted ? true : undefined
    }
    const options = { limitMs: LIMIT_MS, everyMs: POLL_MS, signal: this.#context.signal }
    await eventually(`${region} is ${wanted ?? 'a standby'}`, look, options).catch((error: unknown) => {
      const { role, return: record } = this.#tail.group().regions[region] ?? {}
      throw new Error(`${region} does not come to ${wanted ?? 'standby'}, it is ${role} at ${record?.phase}`, {
        cause: error,
      })
    })
  }

  #reported(region: string): Map<string, number> {
    const ref = this.#tail.group().regions[region]?.return?.evidence.scanning
    const found = ref && (this.#tail.document(ref.key) as DivergenceEvidence | undefined)
    if (found === undefined) throw new Error('the scan left no evidence')
    const rows = found.topics.flatMap(({ topic, rows: own }) => {
      return own.map(([partition, , , records]) => [`${topic}/${partition}`, records] as const)
    })
    return new Map(rows.filter(([name, records]) => records > 0 && JUDGED.includes(topicOf(name))))
  }

  #read(name: string): Promise<StoredLog> {
    const region = this.#stage.regions.get(name)
    const { signal } = this.#context
    return readStored(this.#stage.folder, { region, isolation: 'read_committed', topics: JUDGED }, signal)
  }

  async #readExports(name: string, epoch: number): Promise<StoredLog> {
    const region = this.#stage.regions.get(name)
    const { signal } = this.#context
    const { topics } = await region.admin.metadata('all', signal)
    const exports = topics
      .map((topic) => topic.name)
      .filter((topic) => {
        return topic.startsWith('isthmus.diverged.') && topic.endsWith(`.${epoch}`)
      })
    if (exports.length === 0) return new Map()
    return readStored(this.#stage.folder, { region, isolation: 'read_committed', topics: exports }, signal)
  }
}

function countsOf(records: ReadonlyMap<string, readonly StoredRecord[]>): Map<string, number> {
  return new Map([...records].map(([partition, own]) => [partition, own.length]))
}

function changed(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  return [...before].filter(([partition, origin]) => after.get(partition) !== origin).map(([partition]) => partition)
}

function topicOf(partition: string): string {
  return partition.slice(0, partition.lastIndexOf('/'))
}
