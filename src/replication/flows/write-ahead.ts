import type { Clock } from '../../core/index.ts'
import type { AttributedSegment, FlowEntry, FlowKey } from '../offset-map/index.ts'
import type { Tenure } from '../shards/tenure.ts'
import { countRefused, type MutableCounters } from './count-batches.ts'
import type { Gate } from './outgoing-queue.ts'
import type { Plan } from './plan-batches.ts'
import type { RefusedRecord } from './plan-rules.ts'
import type { Sieve } from './sieve.ts'
import { judgeWriteAhead, type Trouble } from './trouble.ts'

/** The flow, as its map entries name it. */
interface Subject extends Pick<FlowEntry, 'sourceTopicId' | 'targetTopicId' | 'sourceClusterId'> {
  readonly key: FlowKey
}

interface Run {
  readonly tenure: Tenure
  readonly epochStart: number
}

/**
 * What has to be durable before the batches of a plan may be sent: refused records where the policy wants them, then the
 * map entry. The batches wait at a gate; gates of a run open in order.
 */
export class WriteAhead {
  readonly #spec: Subject
  readonly #context: { readonly clock: Clock; readonly sieve: Sieve; readonly counters: MutableCounters }
  #run: Run | undefined
  #gate: Gate = { isOpen: true }
  #recordedLeaderEpoch = -1
  #isKeeping = false

  constructor(spec: Subject, context: { clock: Clock; sieve: Sieve; counters: MutableCounters }) {
    this.#spec = spec
    this.#context = context
  }

  /** In front of whatever is planned next. */
  get gate(): Gate {
    return this.#gate
  }

  /** Refused records are being put away: a further entry must not overtake theirs. */
  get isKeeping(): boolean {
    return this.#isKeeping
  }

  begin(run: Run, sourceLeaderEpoch: number): void {
    this.#run = run
    this.#gate = { isOpen: true }
    this.#recordedLeaderEpoch = sourceLeaderEpoch
    this.#isKeeping = false
  }

  /** What is not written yet is written no more: the next run begins with an entry of its own. */
  end(): void {
    this.#run = undefined
  }

  /** Undefined where nothing has to be written. Resolves when the gate is open, or with what ends the run. */
  record(plan: Plan, sourceLeaderEpoch: number): Promise<Trouble | undefined> | undefined {
    const segments = this.#segmentsToRecord(plan, sourceLeaderEpoch)
    const run = this.#run
    if (segments.length === 0 || run === undefined) return undefined
    const gate: Gate = { isOpen: false }
    this.#gate = gate
    this.#recordedLeaderEpoch = sourceLeaderEpoch
    const refused = plan.isHalted ? [] : plan.refused
    return this.#write(run, { segments, sourceLeaderEpoch, refused, gate })
  }

  /** A new leader epoch of the source is recorded with the first batch that carries it, for truncation checks. */
  #segmentsToRecord({ segments, batches }: Plan, sourceLeaderEpoch: number): readonly AttributedSegment[] {
    const [first] = batches
    if (segments.length > 0 || first === undefined || sourceLeaderEpoch === this.#recordedLeaderEpoch) return segments
    return [{ source: first.sourceBase, target: first.targetBase, causes: 0 }]
  }

  async #write(
    run: Run,
    { segments, sourceLeaderEpoch, refused, gate }: Ahead & { readonly gate: Gate },
  ): Promise<Trouble | undefined> {
    const { sieve, counters, clock } = this.#context
    const { tenure, epochStart } = run
    const { key, ...ids } = this.#spec
    try {
      if (refused.length > 0) {
        this.#isKeeping = true
        await sieve.keep(refused, tenure)
        if (this.#run !== run) return undefined
        this.#isKeeping = false
      }
      const entry = { kind: 'flow' as const, flow: key, ...ids, ...tenure.identity, epochStart, sourceLeaderEpoch }
      await tenure.writer.append({ ...entry, atMs: clock.nowMs(), segments })
    } catch (error) {
      return this.#run === run ? judgeWriteAhead(error) : undefined
    }
    countRefused(counters, sieve.policy, refused)
    sieve.tell(refused)
    gate.isOpen = true
    return undefined
  }
}

interface Ahead {
  readonly segments: readonly AttributedSegment[]
  readonly sourceLeaderEpoch: number
  readonly refused: readonly RefusedRecord[]
}
