import { type Clock, type Fault, invariant } from '../../core/index.ts'
import { type FetchedPartition, isRetriableCode, type ProducedPartition } from '../../kafka/index.ts'
import type { FlowKey } from '../offset-map/index.ts'
import type { Tenure, TenureUser } from '../shards/tenure.ts'
import type { FlowState } from '../status.ts'
import type { ByteBudget } from './byte-budget.ts'
import { countCopied, countPlanned, type MutableCounters, zeroCounters } from './count-batches.ts'
import { takeMerged } from './merge-queued.ts'
import { OutgoingQueue, type QueuedBatch } from './outgoing-queue.ts'
import { planBatches, type PlanPosition, sequenceAt } from './plan-batches.ts'
import type { RefusedRecord } from './plan-rules.ts'
import { Sieve } from './sieve.ts'
import { type SourceSight, SourceWatch } from './source-watch.ts'
import { judgeRefusal, OUT_OF_ORDER_SEQUENCE, REQUEST_TIMED_OUT, refusedFault, type Trouble } from './trouble.ts'
import { WriteAhead } from './write-ahead.ts'

export interface FlowSpec {
  readonly key: FlowKey
  readonly sourceTopicId: string
  readonly targetTopicId: string
  readonly sourceClusterId: string
}

/** Where a run begins; its map entry is acknowledged. */
export interface FlowStart {
  readonly sourceNext: number
  readonly targetNext: number
  readonly epochStart: number
}

/** Where the flow hands batches over; one lane a run, so that their order holds. */
export interface FlowLane {
  /** The flow has something to send. */
  ready(flow: Flow): void
}

/** After this long without a write the broker may have forgotten the producer: the next batch goes alone. */
const IDLE_BEFORE_ALONE_MS = 10 * 60_000
const QUEUE_BYTES_MAX = 4 * 1024 * 1024
/** So many recoveries in a row may pass for the weather. */
const FRUITLESS_MAX = 2
const HELD_BYTES_MAX = 512 * 1024

/**
 * One topic partition over a link, between a fetch loop that feeds it and a lane that empties it.
 *
 * A run lasts from `begin` to the first trouble; then nothing more is sent, what is in flight settles, and whoever
 * supervises it (`FlowRunner`) decides how to go on. Invariant of a run: the target offset of every batch is known
 * before it is sent, and its sequence is that offset less the epoch's start. A batch is sent only when the map entry
 * in front of it is acknowledged. An acknowledged base offset that is not the expected one is trouble at once.
 */
export class Flow implements TenureUser {
  readonly spec: FlowSpec
  readonly source: SourceWatch
  readonly sieve: Sieve
  readonly counters: MutableCounters = zeroCounters()
  /** Leader epoch of the last source batch that was planned, -1 before: what a truncation check asks about. */
  sourceLeaderEpoch = -1
  fetchNotBeforeMs = 0

  readonly #clock: Clock
  readonly #budget: ByteBudget
  readonly #queue = new OutgoingQueue()
  readonly #ahead: WriteAhead
  #state: FlowState = 'starting'
  #reason = 'starting'
  #fault: { readonly fault: Fault; readonly sinceMs: number } | undefined

  #isOpen = false
  #generation = 0
  #tenure: Tenure | undefined
  #lane: FlowLane | undefined
  #trouble = Promise.withResolvers<Trouble>()
  #settled: PromiseWithResolvers<void> | undefined
  #planned: PlanPosition = { sourceNext: 0, targetNext: 0, inStepAt: 0, causes: 0 }
  #epochStart = 0
  #checkedEpoch = -1
  #halted: RefusedRecord | undefined
  #sourceDone: number | null = null
  #targetDone: number | null = null
  #uncertainBelow = 0
  #inflight = 0
  #isSick = false
  #outOfOrderStreak = 0
  #fruitless = 0
  #isAlone = true
  #lastAckMs = 0

  constructor(spec: FlowSpec, context: { clock: Clock; budget: ByteBudget; sieve?: Sieve }) {
    this.spec = spec
    this.sieve = context.sieve ?? new Sieve({ clock: context.clock, onRefused: 'stop' }, spec)
    this.#clock = context.clock
    this.#budget = context.budget
    this.source = new SourceWatch(context.clock)
    this.#ahead = new WriteAhead(spec, { clock: context.clock, sieve: this.sieve, counters: this.counters })
  }

  // ---- what is known ------------------------------------------------------------------------------------------------

  get state(): FlowState {
    return this.#state
  }

  get reason(): string {
    return this.#reason
  }

  get stopped(): { readonly fault: Fault; readonly sinceMs: number } | undefined {
    return this.#state === 'stopped' ? this.#fault : undefined
  }

  get sight(): SourceSight | undefined {
    return this.source.sight
  }

  get tenure(): Tenure | undefined {
    return this.#tenure
  }

  /** Every source offset below is on the target or attributed; null until known. */
  get sourceDone(): number | null {
    return this.#sourceDone
  }

  /** Every target offset below is acknowledged; null until known. */
  get targetDone(): number | null {
    return this.#targetDone
  }

  get epochStart(): number {
    return this.#epochStart
  }

  get isCertain(): boolean {
    return this.#inflight === 0 && (this.#targetDone ?? 0) >= this.#uncertainBelow
  }

  /** A produce request of it timed out: its batches keep away from the healthy flows' connection. */
  get isSick(): boolean {
    return this.#isSick
  }

  /** Out-of-order answers in a row: a second one with nothing left to wait for asks for a new epoch. */
  get outOfOrderStreak(): number {
    return this.#outOfOrderStreak
  }

  /** Recoveries since something was last acknowledged. */
  get fruitless(): number {
    return this.#fruitless
  }

  get isTroubled(): boolean {
    return this.#fruitless > FRUITLESS_MAX
  }

  lagMs(): number {
    return this.source.lagMs(this.#sourceDone ?? 0)
  }

  // ---- run ----------------------------------------------------------------------------------------------------------

  begin(tenure: Tenure, start: FlowStart, lane: FlowLane): void {
    invariant(!this.#isOpen && this.#inflight === 0 && this.#queue.length === 0, 'a flow begins only when at rest')
    // What an older tenure sent is behind a fence by now.
    if (tenure !== this.#tenure) this.#uncertainBelow = this.#outOfOrderStreak = 0
    this.#tenure = tenure
    this.#lane = lane
    const { sourceNext, targetNext } = start
    this.#planned = { sourceNext, targetNext, inStepAt: sourceNext, causes: 0 }
    this.#sourceDone = sourceNext
    this.#targetDone = targetNext
    this.#epochStart = start.epochStart
    this.#halted = undefined
    this.#ahead.begin({ tenure, epochStart: start.epochStart }, this.sourceLeaderEpoch)
    this.#isAlone = true
    this.#trouble = Promise.withResolvers()
    this.#generation++
    this.#isOpen = true
    if (!this.isTroubled) this.show('running', 'running')
  }

  untilTrouble(): Promise<Trouble> {
    return this.#trouble.promise
  }

  /** Ends the run: nothing more is planned or sent. The first trouble counts. */
  end(trouble: Trouble): void {
    if (!this.#isOpen) return
    if (trouble.kind === 'recover') this.#fruitless++
    this.#isOpen = false
    this.#generation++
    this.#ahead.end()
    this.#budget.release(this.#queue.clear())
    this.#trouble.resolve(trouble)
  }

  /** Resolves when no request of the run is in flight. */
  async untilSettled(): Promise<void> {
    while (this.#inflight > 0) {
      this.#settled = Promise.withResolvers()
      await this.#settled.promise
    }
  }

  show(state: FlowState, reason: string): void {
    this.#state = state
    this.#reason = reason
  }

  /** Until somebody does what the fault's remedy says. */
  stop(fault: Fault): void {
    this.#fault = { fault, sinceMs: this.#clock.nowMs() }
    this.show('stopped', fault.message)
  }

  // ---- fetch side ---------------------------------------------------------------------------------------------------

  get isOpen(): boolean {
    return this.#isOpen
  }

  get fetchOffset(): number {
    return this.#planned.sourceNext
  }

  /**
   * True once for each newer leader epoch at the fetch position: after an unclean election the source's log may no
   * longer hold what was copied, although the position is still valid in it (KIP-320). Recovery looks that up.
   */
  mustCheckEpoch(leaderEpoch: number): boolean {
    if (this.sourceLeaderEpoch < 0 || leaderEpoch <= Math.max(this.sourceLeaderEpoch, this.#checkedEpoch)) return false
    this.#checkedEpoch = leaderEpoch
    return true
  }

  /** Changes whenever the fetch position jumps: an answer to a fetch of another generation is to be dropped. */
  get generation(): number {
    return this.#generation
  }

  /**
   * A flow that may not send now keeps only a little: the budget is everybody's. One that is fetched in large pieces may
   * keep one of them, so that the next is under way meanwhile.
   */
  hasRoom(pieceBytes = 0): boolean {
    if (this.#halted !== undefined || this.#ahead.isKeeping) return false
    const isHeld = !this.#ahead.gate.isOpen || this.#tenure?.maySend !== true
    return this.#queue.bytes < (isHeld ? HELD_BYTES_MAX : Math.max(QUEUE_BYTES_MAX, pieceBytes))
  }

  observe(fetched: FetchedPartition): void {
    this.source.observe(fetched)
    if (this.#isOpen && this.#state === 'recovering' && !this.isTroubled) this.show('running', 'running')
  }

  /** Takes a fetch answer of this generation: plans it, writes its map entry ahead, queues its batches. */
  accept(fetched: FetchedPartition): void {
    const tenure = this.#tenure
    invariant(tenure !== undefined && this.#isOpen, 'only an open flow takes records')
    const plan = planBatches(
      fetched,
      this.#planned,
      { ...tenure.identity, epochStart: this.#epochStart },
      this.sieve.rules(),
    )
    this.#planned = plan.position
    countPlanned(this.counters, plan)
    if (plan.sourceLeaderEpoch >= 0) this.sourceLeaderEpoch = plan.sourceLeaderEpoch
    if (plan.isHalted) this.#halted = plan.refused.at(-1)

    const generation = this.#generation
    void this.#ahead.record(plan, this.sourceLeaderEpoch)?.then((trouble) => {
      if (generation !== this.#generation) return
      if (trouble !== undefined) this.end(trouble)
      this.#advanceIfIdle()
      this.wake()
    })
    let plannedBytes = 0
    for (const batch of plan.batches) {
      this.#queue.push({ ...batch, gate: this.#ahead.gate })
      plannedBytes += batch.bytes.length
    }
    this.#budget.release(fetched.records.length - plannedBytes)
    this.#advanceIfIdle()
    this.wake()
  }

  // ---- send side ----------------------------------------------------------------------------------------------------

  /**
   * The next batch that may be sent now; the caller owes `acknowledge` or `lose` for it. With `mayMerge` the small ones
   * behind it come along: a pipeline with free places needs no merging, and merging costs time.
   */
  takeBatch({ mayMerge }: { readonly mayMerge: boolean } = { mayMerge: false }): QueuedBatch | undefined {
    if (!this.#canSend()) return undefined
    if (this.#inflight === 0 && this.#clock.monotonicMs() - this.#lastAckMs > IDLE_BEFORE_ALONE_MS) this.#isAlone = true
    if (this.#isAlone && this.#inflight > 0) return undefined
    const queuedBytes = this.#queue.bytes
    const batch = mayMerge && !this.sieve.isSearching ? this.#takeMerged() : this.#queue.take()
    if (batch === undefined) return undefined
    this.#budget.release(queuedBytes - this.#queue.bytes - batch.bytes.length)
    this.#inflight++
    return batch
  }

  #takeMerged(): QueuedBatch | undefined {
    const identity = this.#tenure?.identity
    if (identity === undefined) return undefined
    return takeMerged(this.#queue, {
      identityAt: (targetOffset) => ({ ...identity, baseSequence: sequenceAt(targetOffset, this.#epochStart) }),
      limitBytes: this.sieve.limitBytes,
    })
  }

  #canSend(): boolean {
    if (!this.#isOpen || this.#tenure?.maySend !== true) return false
    return this.#queue.peek()?.gate.isOpen === true && !(this.#isAlone && this.#inflight > 0)
  }

  acknowledge(batch: QueuedBatch, answer: ProducedPartition): void {
    this.#settle(batch)
    if (answer.errorCode !== 0) {
      // Only where it begins the trouble: behind a batch that was refused for another reason it says nothing.
      if (answer.errorCode === OUT_OF_ORDER_SEQUENCE && this.#isOpen) this.#outOfOrderStreak++
      if (answer.errorCode === REQUEST_TIMED_OUT) this.#isSick = true
      // Timed out, too few replicas after the append, leader moved meanwhile: the leader may hold it all the same.
      if (isRetriableCode(answer.errorCode)) this.#doubtUpTo(batch)
      const trouble = judgeRefusal(this.spec.key, batch, answer, this.#fruitless)
      if (trouble.kind === 'tenure-ended') this.#tenure?.end({ kind: 'fenced', reason: trouble.reason })
      this.end(trouble)
    } else if (answer.baseOffset !== batch.targetBase) {
      const { targetBase: expected } = batch
      this.end({ kind: 'recover', reason: `a batch for offset ${expected} is at ${answer.baseOffset}`, afterMs: 0 })
    } else if (this.#isOpen) {
      this.#complete(batch)
    }
    this.wake()
  }

  /** The connection was lost before the answer came: nobody knows whether the batch was appended. */
  lose(batch: QueuedBatch, reason: string): void {
    this.#doubtUpTo(batch)
    this.#settle(batch)
    this.end({ kind: 'recover', reason, afterMs: 100 })
  }

  #doubtUpTo(batch: QueuedBatch): void {
    this.#uncertainBelow = Math.max(this.#uncertainBelow, batch.targetBase + batch.recordCount)
  }

  #complete(batch: QueuedBatch): void {
    countCopied(this.counters, batch)
    this.sieve.passed(batch.sourceEnd)
    this.#sourceDone = batch.sourceEnd
    this.#targetDone = batch.targetBase + batch.recordCount
    this.#isAlone = false
    this.#isSick = false
    this.#outOfOrderStreak = 0
    if (this.isTroubled) this.show('running', 'running')
    this.#fruitless = 0
    this.#lastAckMs = this.#clock.monotonicMs()
    this.#advanceIfIdle()
  }

  /** With nothing queued or in flight, what was dropped behind the last batch is done too. */
  #advanceIfIdle(): void {
    if (!this.#isOpen || this.#queue.length > 0 || this.#inflight > 0 || !this.#ahead.gate.isOpen) return
    this.#sourceDone = this.#planned.sourceNext
    this.sieve.passed(this.#sourceDone)
    if (this.#halted === undefined) return
    this.sieve.tell([this.#halted])
    this.end({ kind: 'stop', fault: refusedFault(this.spec.key, this.#halted) })
  }

  #settle(batch: QueuedBatch): void {
    this.#inflight--
    this.#budget.release(batch.bytes.length)
    if (this.#inflight === 0) this.#settled?.resolve()
  }

  /** Looks whether there is something to send: also to be called when its tenure has been confirmed. */
  wake(): void {
    if (this.#canSend()) this.#lane?.ready(this)
  }
}
