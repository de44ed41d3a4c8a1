import { type Clock, describeError, type Events, type LinkName, type Random } from '../../core/index.ts'
import type { Cluster } from '../../kafka/index.ts'
import type { ReplicationEvents } from '../events.ts'
import { replicationFaults } from '../faults.ts'
import type { Flow } from '../flows/flow.ts'
import { RawReader } from '../flows/raw-reader.ts'
import { flowKeyText } from '../offset-map/index.ts'
import { findCompacted } from '../topics/compacted.ts'
import { compileSelection } from '../topics/selection.ts'
import { Pace } from './pace.ts'
import { countDifferences, noCounts, type PartitionReport } from './report.ts'
import type { VerificationReport, VerificationRequest } from './report.ts'
import { type FlowProgress, verifyFlow } from './verify-flow.ts'

export interface VerifiedLink {
  readonly name: LinkName
  readonly source: Cluster
  readonly target: Cluster
  flows(): readonly Flow[]
}

export interface VerifierOptions {
  readonly clock: Clock
  readonly random: Random
  readonly events: Events<ReplicationEvents>
}

/** Each holds up to four pieces of half a mebibyte, and what a batch expands to. */
const PARTITIONS_AT_ONCE = 2
const RUNNING_MAX = 2
const KEPT = 16
const DEFAULT_MEGABYTES_PER_SECOND = 64
const MEGA = 1_000_000

/** Up to where a flow was found equal, from the beginning of its copy; of one target topic only. */
interface VerifiedPoint {
  readonly targetTopicId: string
  readonly source: number
}

/** Compares what links have copied, on request and beside the copying. Reports are kept until the process ends. */
export class Verifier {
  readonly #options: VerifierOptions
  readonly #runs = new Map<string, Run>()
  readonly #verified = new Map<string, VerifiedPoint>()
  #started = 0

  constructor(options: VerifierOptions) {
    this.#options = options
  }

  /** Faults: VERIFY_BUSY, VERIFY_NOTHING_SELECTED. */
  start(link: VerifiedLink, request: VerificationRequest): VerificationReport {
    const { clock } = this.#options
    const running = [...this.#runs.values()].filter(({ report }) => report.state === 'running')
    if (running.length >= RUNNING_MAX) {
      throw replicationFaults.fault('VERIFY_BUSY', { running: running.map(({ report }) => report.id).join(', ') })
    }
    const isSelected = compileSelection({ include: [...(request.topics ?? ['*'])], exclude: [] })
    const flows = link.flows().filter(({ spec }) => request.topics === undefined || isSelected(spec.key.topic))
    if (flows.length === 0) throw replicationFaults.fault('VERIFY_NOTHING_SELECTED', { link: link.name })
    const nowMs = clock.nowMs()
    const id = `${nowMs.toString(36)}-${++this.#started}`
    const run = new Run({ id, link, request, flows, verified: this.#verified, ...this.#options })
    this.#runs.set(id, run)
    for (const [old, { report }] of this.#runs) {
      if (this.#runs.size > KEPT && report.state !== 'running') this.#runs.delete(old)
    }
    run.start()
    return run.report
  }

  /** Fault VERIFY_UNKNOWN. */
  report(id: string): VerificationReport {
    return this.#run(id).report
  }

  reports(link: LinkName): VerificationReport[] {
    return [...this.#runs.values()].map(({ report }) => report).filter((report) => report.link === link)
  }

  /** Ends it where it is; the report says how far it came. Fault VERIFY_UNKNOWN. */
  async cancel(id: string): Promise<VerificationReport> {
    const run = this.#run(id)
    await run.stop()
    return run.report
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#runs.values()].map((run) => run.stop()))
  }

  #run(id: string): Run {
    const run = this.#runs.get(id)
    if (run === undefined) throw replicationFaults.fault('VERIFY_UNKNOWN', { id })
    return run
  }
}

interface RunOptions extends VerifierOptions {
  readonly id: string
  readonly link: VerifiedLink
  readonly request: VerificationRequest
  readonly flows: readonly Flow[]
  readonly verified: Map<string, VerifiedPoint>
}

/** One verification. */
class Run {
  readonly #options: RunOptions
  readonly #controller = new AbortController()
  readonly #startedAtMs: number
  readonly #partitions: PartitionReport[]
  #state: VerificationReport['state'] = 'running'
  #endedAtMs: number | null = null
  #running: Promise<void> | undefined

  constructor(options: RunOptions) {
    this.#options = options
    this.#startedAtMs = options.clock.nowMs()
    const known = new Map(options.request.resume?.map((report) => [`${report.topic}-${report.partition}`, report]))
    this.#partitions = options.flows.map((flow) => {
      return initialReport(flow, known.get(`${flow.spec.key.topic}-${flow.spec.key.partition}`))
    })
  }

  get report(): VerificationReport {
    const { id, link, request } = this.#options
    return {
      id,
      link: link.name,
      scope: request.scope,
      state: this.#state,
      verdict: this.#state === 'running' ? null : verdictOf(this.#partitions),
      startedAtMs: this.#startedAtMs,
      endedAtMs: this.#endedAtMs,
      partitions: [...this.#partitions],
    }
  }

  start(): void {
    this.#running ??= this.#run(this.#controller.signal)
  }

  async stop(): Promise<void> {
    this.#controller.abort(new Error('the verification was cancelled'))
    await this.#running
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { link, clock, random, request } = this.#options
    const sourceReader = new RawReader(link.source, { clock, random })
    const targetReader = new RawReader(link.target, { clock, random })
    const pace = new Pace(clock, (request.megabytesPerSecond ?? DEFAULT_MEGABYTES_PER_SECOND) * MEGA)
    try {
      const compacted = await this.#findCompacted(signal)
      const waiting = this.#partitions.flatMap((report, index) => (isDone(report) ? [] : [index]))
      const workNext = async (): Promise<void> => {
        for (let index = waiting.shift(); index !== undefined; index = waiting.shift()) {
          if (signal.aborted) return
          await this.#verifyOne(index, { sourceReader, targetReader, pace, compacted }, signal)
        }
      }
      await Promise.all(Array.from({ length: PARTITIONS_AT_ONCE }, workNext))
    } catch (error) {
      for (const [index, report] of this.#partitions.entries()) {
        if (!isDone(report)) this.#update(index, { state: 'failed', reason: describeError(error) })
      }
    } finally {
      await Promise.all([sourceReader[Symbol.asyncDispose](), targetReader[Symbol.asyncDispose]()])
      this.#state = signal.aborted ? 'cancelled' : 'done'
      this.#endedAtMs = clock.nowMs()
      this.#tellEnd()
    }
  }

  async #verifyOne(
    index: number,
    shared: { sourceReader: RawReader; targetReader: RawReader; pace: Pace; compacted: ReadonlySet<string> },
    signal: AbortSignal,
  ): Promise<void> {
    const { link, clock, random, request, flows, verified } = this.#options
    const flow = flows[index]
    const before = this.#partitions[index]
    if (flow === undefined || before === undefined) return
    const { key, targetTopicId } = flow.spec
    const text = flowKeyText(key)
    const point = verified.get(text)
    const verifiedTo = point?.targetTopicId === targetTopicId ? point.source : undefined
    this.#update(index, { state: 'running', reason: 'is being compared' })
    try {
      const progress = await verifyFlow(
        flow,
        {
          source: link.source,
          target: link.target,
          ...shared,
          clock,
          random,
          scope: request.scope,
          isCompacted: shared.compacted.has(key.topic),
          verifiedTo,
          resume: before.state === 'waiting' ? before : undefined,
          onProgress: (so) => this.#update(index, so),
        },
        signal,
      )
      this.#conclude(index, flow, progress, verifiedTo)
    } catch (error) {
      if (signal.aborted) this.#update(index, { state: 'waiting', reason: 'was cancelled' })
      else this.#update(index, { state: 'failed', reason: describeError(error) })
    }
  }

  #conclude(index: number, flow: Flow, progress: FlowProgress, verifiedTo: number | undefined): void {
    const { events, link, request, verified } = this.#options
    const differences = countDifferences(progress)
    const isEqual = differences === 0
    const reason = isEqual ? 'equal' : `${differences} records differ`
    this.#update(index, { ...progress, state: isEqual ? 'equal' : 'different', reason })
    const { key, targetTopicId } = flow.spec
    const { kind } = request.scope
    const isFromStart = kind === 'whole' || (kind === 'tail' && progress.from <= (verifiedTo ?? -1))
    const hasSinceVerified = kind === 'tail' && request.scope.kind === 'tail' && isOpenTail(request.scope)
    if (isEqual && (isFromStart || hasSinceVerified)) {
      verified.set(flowKeyText(key), { targetTopicId, source: progress.to })
    }
    const { topic, targetTopic, partition } = key
    const ref = { link: link.name, topic, targetTopic, partition }
    const { records, first } = progress
    events.emit('verification:partition', { ...ref, records, differences, ...(first !== null && { first }) })
  }

  #tellEnd(): void {
    const { id, link, events } = this.#options
    const { verdict, partitions, startedAtMs, endedAtMs } = this.report
    const differences = partitions.reduce((sum, report) => sum + countDifferences(report), 0)
    const records = partitions.reduce((sum, report) => sum + report.records, 0)
    const tookMs = (endedAtMs ?? startedAtMs) - startedAtMs
    const isComplete = verdict !== 'incomplete' && this.#state === 'done'
    const atMs = endedAtMs ?? startedAtMs
    events.emit('verification:ended', { link: link.name, id, records, differences, isComplete, atMs, tookMs })
  }

  #update(index: number, changes: Partial<PartitionReport>): void {
    const report = this.#partitions[index]
    if (report !== undefined) this.#partitions[index] = { ...report, ...changes }
  }

  /** Topics, by their name at the source, that are compacted on either side. */
  async #findCompacted(signal: AbortSignal): Promise<ReadonlySet<string>> {
    const { link, flows } = this.#options
    const names = new Map(flows.map(({ spec: { key } }) => [key.topic, key.targetTopic]))
    const atSource = await findCompacted(link.source, [...names.keys()], signal)
    const atTarget = await findCompacted(link.target, [...names.values()], signal)
    const isCompacted = ([topic, targetTopic]: [string, string]) => atSource.has(topic) || atTarget.has(targetTopic)
    return new Set([...names].filter(isCompacted).map(([topic]) => topic))
  }
}

function isOpenTail(scope: { readonly records?: unknown; readonly minutes?: unknown }): boolean {
  return scope.records === undefined && scope.minutes === undefined
}

function isDone({ state }: PartitionReport): boolean {
  return state === 'equal' || state === 'different' || state === 'failed'
}

/** A failed partition is tried again when a verification is resumed. */
function initialReport({ spec }: Flow, known: PartitionReport | undefined): PartitionReport {
  const { topic, targetTopic, partition } = spec.key
  const ref = { topic, targetTopic, partition, targetTopicId: spec.targetTopicId }
  if (known?.targetTopicId === spec.targetTopicId) {
    if (known.state === 'equal' || known.state === 'different') return known
    return { ...known, state: 'waiting', reason: 'waits for its turn' }
  }
  const open = { from: null, to: null, next: null, first: null }
  return { ...ref, ...noCounts(), ...open, state: 'waiting', reason: 'waits for its turn' }
}

function verdictOf(partitions: readonly PartitionReport[]): VerificationReport['verdict'] {
  if (partitions.some((report) => countDifferences(report) > 0)) return 'different'
  return partitions.every(({ state }) => state === 'equal') ? 'equal' : 'incomplete'
}
