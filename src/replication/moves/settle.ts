import { type Clock, describeError, sleep } from '../../core/index.ts'
import type { Cluster, TopicPartition } from '../../kafka/index.ts'
import { eachOf } from './each-of.ts'
import { readEnds } from './ends.ts'
import { inTime } from './in-time.ts'
import { listOf, textOf } from './partition-text.ts'
import {
  type EndedTransaction,
  isOpenState,
  type OpenTransaction,
  planSettling,
  type SettlingPlan,
  type UnknownTransaction,
} from './plan-settling.ts'

/**
 * Ends every transaction on partitions that are to be cut, once the fence keeps new ones off; see `planSettling`. May be
 * repeated: what was ended before is told by the call that ended it only.
 */
export interface SettleRequest {
  readonly cluster: Cluster
  readonly partitions: readonly TopicPartition[]
  /** After this long it answers `waiting`. */
  readonly withinMs: number
  readonly clock: Clock
}

export type Settling =
  | { readonly kind: 'settled'; readonly ended: readonly EndedTransaction[] }
  | {
      readonly kind: 'waiting'
      readonly reason: string
      readonly ended: readonly EndedTransaction[]
      /** Seen by two looks: nothing but an operator's abort ends these. */
      readonly hanging: readonly UnknownTransaction[]
    }

const EVERY_MS = 100
const CALLS_AT_ONCE = 8
/** FenceProducers does the same: the application's own InitProducerId brings its own timeout. */
const TRANSACTION_TIMEOUT_MS = 60_000

export async function settleTransactions(request: SettleRequest, signal: AbortSignal): Promise<Settling> {
  const progress: Progress = { ended: new Map(), unknown: new Set(), hanging: [], reason: 'the region does not answer' }
  const outcome = await inTime(request, (within) => settle(request, progress, within), signal)
  const ended = [...progress.ended.values()]
  if (outcome !== 'late') return { kind: 'settled', ended }
  return { kind: 'waiting', reason: progress.reason, ended, hanging: progress.hanging }
}

interface Progress {
  readonly ended: Map<string, EndedTransaction>
  /** Of the look before. */
  unknown: ReadonlySet<string>
  hanging: readonly UnknownTransaction[]
  reason: string
}

/** Returns once nothing is open. */
async function settle(
  { cluster, partitions, clock }: SettleRequest,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const plan = await look(cluster, partitions, signal)
    progress.hanging = plan.unknown.filter((one) => progress.unknown.has(identityOf(one)))
    progress.unknown = new Set(plan.unknown.map(identityOf))
    progress.reason = explain(plan, [])
    const troubles = await endAll(cluster, plan.end, progress.ended, signal)
    progress.reason = explain(plan, troubles)
    if (progress.reason === '') {
      const unstable = (await readEnds(cluster, partitions, signal)).filter((one) => {
        return one.errorCode !== 0 || one.stableEnd < one.highWatermark
      })
      if (unstable.length === 0) return
      progress.reason = `the last stable offset is behind on ${listOf(unstable.map(textOf))}`
    }
    await sleep(clock, EVERY_MS, signal)
  }
}

/** Producers first: whoever ends its transaction in between is then told as over, and not as unknown for good. */
async function look(
  cluster: Cluster,
  partitions: readonly TopicPartition[],
  signal: AbortSignal,
): Promise<SettlingPlan> {
  const producers = await cluster.describeProducers(partitions, signal)
  const listed = (await cluster.listTransactions([], signal)).filter(({ state }) => isOpenState(state))
  const transactions: OpenTransaction[] = []
  await eachOf(listed, CALLS_AT_ONCE, async ({ transactionalId }) => {
    const described = await cluster.describeTransaction(transactionalId, signal)
    if (described !== undefined && isOpenState(described.state)) transactions.push({ transactionalId, ...described })
  })
  return planSettling({ partitions, producers, transactions })
}

/** What could not be ended this time, in words. */
async function endAll(
  cluster: Cluster,
  due: readonly EndedTransaction[],
  ended: Map<string, EndedTransaction>,
  signal: AbortSignal,
): Promise<string[]> {
  const troubles: string[] = []
  await eachOf(due, CALLS_AT_ONCE, async (one) => {
    try {
      await cluster.initProducerId(one.transactionalId, TRANSACTION_TIMEOUT_MS, signal)
      ended.set(one.transactionalId, one)
    } catch (error) {
      signal.throwIfAborted()
      troubles.push(`transaction ${one.transactionalId} can not be ended: ${describeError(error)}`)
    }
  })
  return troubles
}

function explain({ end, wait, unknown }: SettlingPlan, troubles: readonly string[]): string {
  if (troubles.length > 0) return listOf(troubles)
  if (end.length > 0) return `open until just now: ${listOf(end.map(({ transactionalId }) => transactionalId))}`
  if (wait.length > 0) return `markers are under way for ${listOf(wait)}`
  return unknown.length === 0 ? '' : `no coordinator tells of the transactions ${listOf(unknown.map(identityOf))}`
}

function identityOf({ producerId, startOffset, ...at }: UnknownTransaction): string {
  return `of producer ${producerId} from offset ${startOffset} of ${textOf(at)}`
}
