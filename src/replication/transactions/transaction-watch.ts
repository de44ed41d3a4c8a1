import {
  type Clock,
  type Events,
  type Fault,
  isFault,
  type LinkName,
  type Pass,
  type Reconciler,
  runLoop,
} from '../../core/index.ts'
import { type Cluster, errorName, type PartitionProducers, type TopicPartition } from '../../kafka/index.ts'
import type { ReplicationEvents } from '../events.ts'
import { replicationFaults } from '../faults.ts'
import type { Flow } from '../flows/flow.ts'
import { flowKeyText } from '../offset-map/index.ts'
import { RepeatedNews } from '../repeated-news.ts'
import { type FoundTransaction, type Holder, judgeHolder } from './judge-holder.ts'

/**
 * Finds out why the source's last stable offset stands still below its high watermark: committed readers, and so the
 * copy, see nothing behind it. A long transaction is told; one that no coordinator will ever end is a fault, named so
 * that an operator can abort it. Nothing is asked while no flow has stood longer than `afterMs`, and then for at most
 * 500 flows a pass, whichever stand longest.
 */
export interface TransactionWatchOptions {
  readonly link: LinkName
  readonly source: Cluster
  readonly flows: () => readonly Flow[]
  /** How long the last stable offset may stand before anything is asked. */
  readonly afterMs: number
  readonly clock: Clock
  readonly events: Events<ReplicationEvents>
}

/** What keeps a flow's last stable offset where it is. */
export interface HeldBack extends Holder {
  /** Where it stands. */
  readonly stableOffset: number
  /** When it was first seen to stand there; wall clock. */
  readonly sinceMs: number
  /** SOURCE_TRANSACTION_HANGING, where it will not end by itself. */
  readonly fault: Fault | null
}

interface Standing {
  readonly flow: Flow
  readonly stableOffset: number
  readonly sinceMs: number
  readonly fromMs: number
}

interface Look {
  readonly standing: readonly Standing[]
  readonly judged: readonly (Standing & { readonly holder: Holder })[]
  readonly bootstrap: string
}

interface Verdicts {
  readonly standing: readonly Standing[]
  readonly verdicts: ReadonlyMap<Flow, HeldBack>
  readonly reason: string
}

const EVERY_MS = 5_000
const ASKED_MAX = 500
const DESCRIBED_AT_ONCE = 8

export class TransactionWatch implements Reconciler<Look, Verdicts> {
  readonly #options: TransactionWatchOptions
  readonly #news: RepeatedNews
  #standing: ReadonlyMap<Flow, Standing> = new Map()
  #verdicts: ReadonlyMap<Flow, HeldBack> = new Map()
  /** Judged to hang by the look before: one look alone may have met a transaction that was just ending. */
  #doubted: ReadonlyMap<Flow, string> = new Map()
  #maxTimeoutMs: number | undefined

  constructor(options: TransactionWatchOptions) {
    this.#options = options
    this.#news = new RepeatedNews(options.clock)
  }

  heldBack(flow: Flow): HeldBack | undefined {
    return this.#verdicts.get(flow)
  }

  run(signal: AbortSignal): Promise<void> {
    const { clock, events, link, afterMs } = this.#options
    const everyMs = Math.min(EVERY_MS, afterMs)
    const what = 'looking for transactions that hold back the source'
    const onError = (error: unknown) => {
      if (this.#news.isNews(what, String(error))) events.emit('link:error', { link, what, error })
    }
    return runLoop(this, { clock, signal, everyMs, afterErrorMs: everyMs, onError })
  }

  async observe(signal: AbortSignal): Promise<Look> {
    const standing = this.#findStanding()
    const nowMs = this.#options.clock.monotonicMs()
    const asked = standing
      .filter(({ fromMs }) => nowMs - fromMs >= this.#options.afterMs)
      .sort((a, b) => a.fromMs - b.fromMs)
      .slice(0, ASKED_MAX)
    if (asked.length === 0) return { standing, judged: [], bootstrap: '' }
    const { source, clock } = this.#options
    const answers = await source.describeProducers(asked.map(partitionOf), signal)
    const transactions = await this.#findTransactions(answers, signal)
    const maxTimeoutMs = await this.#readMaxTimeout(signal)
    const byPartition = new Map(answers.map((answer) => [textOf(answer), answer]))
    const { brokers } = await source.metadata([], signal)
    const judged = asked.map((one) => {
      const partition = partitionOf(one)
      const answer = byPartition.get(textOf(partition))
      if (answer === undefined || answer.errorCode !== 0) return { ...one, holder: untold(answer?.errorCode ?? -1) }
      const { producers } = answer
      const transactionOf = (producerId: bigint) => transactions.get(producerId)
      return {
        ...one,
        holder: judgeHolder({ partition, producers, transactionOf, nowMs: clock.nowMs(), maxTimeoutMs }),
      }
    })
    return { standing, judged, bootstrap: brokers.map(({ host, port }) => `${host}:${port}`).join(',') }
  }

  decide({ standing, judged, bootstrap }: Look): Verdicts {
    const verdicts = new Map(
      judged.map(({ flow, holder, stableOffset, sinceMs }): [Flow, HeldBack] => {
        const about = { stableOffset, sinceMs }
        if (holder.state !== 'hanging') return [flow, { ...holder, ...about, fault: null }]
        if (this.#doubted.get(flow) === identityOf(holder)) {
          return [flow, { ...holder, ...about, fault: faultOf(flow, holder, bootstrap) }]
        }
        const reason = `${holder.reason}; another look has to confirm it`
        return [flow, { ...holder, ...about, state: 'unknown', reason, fault: null }]
      }),
    )
    this.#doubted = new Map(
      judged.flatMap(({ flow, holder }) => (holder.state === 'hanging' ? [[flow, identityOf(holder)] as const] : [])),
    )
    return { standing, verdicts, reason: `${standing.length} flows stand, ${verdicts.size} for long` }
  }

  act({ standing, verdicts, reason }: Verdicts): Promise<Pass> {
    for (const [flow] of this.#verdicts) if (!verdicts.has(flow)) this.#tellReleased(flow)
    for (const [flow, heldBack] of verdicts) if (!this.#isUnconfirmed(flow, heldBack)) this.#tell(flow, heldBack)
    this.#standing = new Map(standing.map((one) => [one.flow, one]))
    this.#verdicts = verdicts
    return Promise.resolve({ kind: 'done', reason })
  }

  #isUnconfirmed(flow: Flow, heldBack: HeldBack): boolean {
    return heldBack.fault === null && this.#doubted.has(flow)
  }

  #findStanding(): Standing[] {
    const { clock } = this.#options
    return this.#options.flows().flatMap((flow) => {
      const { sight } = flow
      if (sight === undefined || sight.stableEnd >= sight.highWatermark) return []
      const known = this.#standing.get(flow)
      if (known?.stableOffset === sight.stableEnd) return [known]
      return [{ flow, stableOffset: sight.stableEnd, sinceMs: clock.nowMs(), fromMs: clock.monotonicMs() }]
    })
  }

  /** By producer id, for every producer with an open transaction. */
  async #findTransactions(
    answers: readonly PartitionProducers[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<bigint, FoundTransaction>> {
    const { source } = this.#options
    const open = answers.flatMap(({ producers }) => producers.filter((one) => one.currentTxnStartOffset >= 0))
    const producerIds = [...new Set(open.map(({ producerId }) => producerId))]
    const found = new Map<bigint, FoundTransaction>()
    if (producerIds.length === 0) return found
    const listed = await source.listTransactions(producerIds, signal)
    const describeNext = async (): Promise<void> => {
      for (let one = listed.pop(); one !== undefined; one = listed.pop()) {
        const { transactionalId, producerId } = one
        found.set(producerId, {
          transactionalId,
          described: await source.describeTransaction(transactionalId, signal),
        })
      }
    }
    await Promise.all(Array.from({ length: DESCRIBED_AT_ONCE }, describeNext))
    return found
  }

  /** Where it may not be read, an age proves nothing. */
  async #readMaxTimeout(signal: AbortSignal): Promise<number> {
    if (this.#maxTimeoutMs !== undefined) return this.#maxTimeoutMs
    const { source } = this.#options
    const { brokers } = await source.metadata([], signal)
    const entries = await source.describeBrokerConfigs(brokers[0]?.nodeId ?? 0, signal).catch((error: unknown) => {
      if (!isFault(error)) throw error
      return []
    })
    const value = Number(entries.find(({ name }) => name === 'transaction.max.timeout.ms')?.value ?? Number.NaN)
    this.#maxTimeoutMs = Number.isFinite(value) ? value : Number.POSITIVE_INFINITY
    return this.#maxTimeoutMs
  }

  #tell(flow: Flow, { state, reason, producer, transactionalId, fault, stableOffset }: HeldBack): void {
    const { link, events } = this.#options
    if (!this.#news.isNews(flowKeyText(flow.spec.key), `${state} ${producer?.producerId} ${stableOffset}`)) return
    events.emit('flow:held-back', {
      ...refOf(link, flow),
      state,
      stableOffset,
      producerId: producer?.producerId ?? null,
      transactionalId,
      code: fault?.code ?? null,
      reason: fault?.message ?? reason,
      remedy: fault?.remedy ?? '',
    })
  }

  #tellReleased(flow: Flow): void {
    const { link, events } = this.#options
    this.#news.isNews(flowKeyText(flow.spec.key), 'released')
    events.emit('flow:released', { ...refOf(link, flow), stableOffset: flow.sight?.stableEnd ?? 0 })
  }
}

function untold(errorCode: number): Holder {
  const reason = `the source does not tell its producers: ${errorName(errorCode)}`
  return { state: 'unknown', reason, producer: null, transactionalId: null, openSinceMs: null }
}

function faultOf(flow: Flow, { producer, transactionalId, openSinceMs, reason }: Holder, bootstrap: string): Fault {
  const { topic, partition } = flow.spec.key
  return replicationFaults.fault('SOURCE_TRANSACTION_HANGING', {
    topic,
    partition,
    bootstrap,
    reason,
    offset: producer?.currentTxnStartOffset ?? 0,
    producerId: producer?.producerId ?? 0n,
    transactionalId: transactionalId ?? 'unknown',
    since: new Date(openSinceMs ?? 0).toISOString(),
  })
}

function identityOf({ producer }: Holder): string {
  return `${producer?.producerId} ${producer?.producerEpoch} ${producer?.currentTxnStartOffset}`
}

function refOf(link: LinkName, { spec: { key } }: Flow) {
  return { link, topic: key.topic, targetTopic: key.targetTopic, partition: key.partition }
}

function partitionOf({ flow }: { readonly flow: Flow }): TopicPartition {
  return { topic: flow.spec.key.topic, partition: flow.spec.key.partition }
}

function textOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`
}
