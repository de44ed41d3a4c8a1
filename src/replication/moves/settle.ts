import { type Clock, describeError, sleep } from '../../core/index.ts'
import type { ActiveProducer, Cluster, TopicPartition } from '../../kafka/index.ts'
import type { RawReader } from '../flows/raw-reader.ts'
import { readDecision } from './coordinator-log.ts'
import { eachOf } from './each-of.ts'
import { readEnds } from './ends.ts'
import {
  endHanging,
  explainUnknown,
  findHanging,
  type HangingMemory,
  identityOf,
  isDue,
  makeHangingMemory,
  timeOf,
} from './hanging.ts'
import { inTime } from './in-time.ts'
import { listOf, textOf } from './partition-text.ts'
import {
  type DescribedTransaction,
  type EndedTransaction,
  isOpenState,
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
  /** Given, hanging transactions are ended as well, those that this has seen before; else an operator has to. */
  readonly memory?: HangingMemory
  /** Reads the coordinators' log; without it, what they take for ended is left to an operator. */
  readonly reader?: RawReader
}

export type Settling =
  | { readonly kind: 'settled'; readonly ended: readonly EndedTransaction[] }
  | {
      readonly kind: 'waiting'
      readonly reason: string
      readonly ended: readonly EndedTransaction[]
      /** Seen by two looks: nothing but an abort marker ends these. */
      readonly hanging: readonly UnknownTransaction[]
      /** Whether transactions are what it waits for, and not partitions that do not answer. */
      readonly isHeld: boolean
    }

const EVERY_MS = 100
const CALLS_AT_ONCE = 8
/** FenceProducers does the same: the application's own InitProducerId brings its own timeout. */
const TRANSACTION_TIMEOUT_MS = 60_000

export async function settleTransactions(request: SettleRequest, signal: AbortSignal): Promise<Settling> {
  const progress: Progress = {
    ended: new Map(),
    memory: request.memory ?? makeHangingMemory(),
    unknown: new Set(),
    hanging: [],
    isHeld: false,
    reason: 'the region does not answer',
  }
  const outcome = await inTime(request, (within) => settle(request, progress, within), signal)
  const ended = [...progress.ended.values()]
  if (outcome !== 'late') return { kind: 'settled', ended }
  const { reason, hanging, isHeld } = progress
  return { kind: 'waiting', reason, ended, hanging, isHeld }
}

interface Progress {
  readonly ended: Map<string, EndedTransaction>
  readonly memory: HangingMemory
  /** Of the look before. */
  unknown: ReadonlySet<string>
  hanging: readonly UnknownTransaction[]
  isHeld: boolean
  reason: string
}

/** Returns once nothing is open. */
async function settle(request: SettleRequest, progress: Progress, signal: AbortSignal): Promise<void> {
  const { cluster, partitions, clock } = request
  const { memory } = progress
  for (;;) {
    const looked = await look(cluster, partitions, signal)
    const nowMs = clock.monotonicMs()
    const unknown = await readDecisions(request, looked.unknown, nowMs, signal)
    const plan = { ...looked, unknown }
    progress.hanging = plan.unknown.filter((one) => progress.unknown.has(identityOf(one)))
    progress.unknown = new Set(plan.unknown.map(identityOf))
    progress.reason = explain(plan, [], memory)
    progress.isHeld = progress.reason !== ''
    const troubles = await endAll(cluster, plan.end, progress.ended, signal)
    if (request.memory !== undefined) {
      const due = await findHanging({ cluster, nowMs }, plan.unknown, memory, signal)
      troubles.push(...(await endHanging(cluster, due, memory, signal)))
    }
    progress.reason = explain(plan, troubles, memory)
    if (progress.reason === '') {
      const unstable = (await readEnds(cluster, partitions, signal)).filter((one) => {
        return one.errorCode !== 0 || one.stableEnd < one.highWatermark
      })
      if (unstable.length === 0) return
      progress.isHeld = unstable.every(({ errorCode }) => errorCode === 0)
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
  const writing = new Set(
    producers.flatMap((at) => at.producers.filter(isOpen).map(({ producerId }) => String(producerId))),
  )
  const listed = await cluster.listTransactions([], signal)
  const asked = listed.filter(({ state, producerId }) => isOpenState(state) || writing.has(String(producerId)))
  const transactions: DescribedTransaction[] = []
  await eachOf(asked, CALLS_AT_ONCE, async ({ transactionalId }) => {
    const described = await cluster.describeTransaction(transactionalId, signal)
    if (described !== undefined) transactions.push({ transactionalId, ...described })
  })
  return planSettling({ partitions, producers, listed, transactions })
}

/** Of those that coordinators take for ended, and that are due; what cannot be read stays unclear. */
async function readDecisions(
  { cluster, clock, reader, memory }: SettleRequest,
  unknown: readonly UnknownTransaction[],
  nowMs: number,
  signal: AbortSignal,
): Promise<readonly UnknownTransaction[]> {
  if (reader === undefined || memory === undefined) return unknown
  const log = { cluster, clock, reader }
  const all = [...unknown]
  await eachOf([...all.entries()], CALLS_AT_ONCE, async ([at, one]) => {
    if (one.told !== 'unclear' || one.transactionalId === null || !isDue(one, memory, nowMs)) return
    try {
      const decided = await readDecision(log, one.transactionalId, one, signal)
      all[at] = { ...one, told: decided ?? one.told }
    } catch (error) {
      signal.throwIfAborted()
      all[at] = { ...one, gap: describeError(error) }
    }
  })
  return all
}

function isOpen({ currentTxnStartOffset }: ActiveProducer): boolean {
  return currentTxnStartOffset >= 0
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

function explain({ end, wait, unknown }: SettlingPlan, troubles: readonly string[], memory: HangingMemory): string {
  if (troubles.length > 0) return listOf([...troubles].sort())
  if (end.length > 0) return `open until just now: ${listOf(end.map(({ transactionalId }) => transactionalId))}`
  if (wait.length > 0) return `markers are under way for ${listOf(wait.map(explainEnding).sort())}`
  if (unknown.length === 0) return ''
  const open = unknown.map((one) => explainUnknown(one, memory)).sort()
  return `open transactions: ${listOf(open)}`
}

function explainEnding({ transactionalId, producerId, state, startTimeMs, partitions }: DescribedTransaction): string {
  const where = listOf(partitions.map(textOf))
  return `${transactionalId} of producer ${producerId} on ${where}, ${state}, begun at ${timeOf(startTimeMs)}`
}
