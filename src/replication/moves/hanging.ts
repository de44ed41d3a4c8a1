/**
 * Transactions that nobody will end: open in a partition, and no coordinator counts it to one. A marker ends them, as
 * `kafka-transactions.sh abort` writes it (KIP-664). Written only where that is certain over two looks: the coordinator's
 * log has what was decided, see `coordinator-log.ts`; or a coordinator says that the producer's last transaction was
 * aborted, or none tells of it although all would, see `coordinator-sight.ts`. Any other one whose application may have
 * been told that it is committed is left to a person. What an application's clock says counts for nothing.
 */
import { describeError } from '../../core/index.ts'
import { type Cluster, errorName } from '../../kafka/index.ts'
import { type CoordinatorSight, readSight } from './coordinator-sight.ts'
import { eachOf } from './each-of.ts'
import { textOf } from './partition-text.ts'
import type { UnknownTransaction } from './plan-settling.ts'

/** What was seen and done over all calls for one region: kept by whoever asks more than once. */
export interface HangingMemory {
  readonly seen: Map<string, Seen>
  /** Ended by a marker, those included whose answer was lost. */
  readonly ended: Map<string, UnknownTransaction>
}

interface Seen {
  readonly atMs: number
  readonly told: UnknownTransaction['told']
  readonly sight: CoordinatorSight
}

/** Longer than a coordinator's word travels from one broker to another. */
const SURE_AFTER_MS = 1_000
/** Finding more about these takes reading the coordinator's log. */
const UNCLEAR_AFTER_MS = 5_000
const CALLS_AT_ONCE = 8
const CERTAIN: ReadonlySet<UnknownTransaction['told']> = new Set(['over', 'nothing', 'committed', 'aborted'])
const DECIDED: ReadonlySet<UnknownTransaction['told']> = new Set(['committed', 'aborted'])
/** Of those that a coordinator was asked about by name. */
const TOLD: CoordinatorSight = { complete: 'told by its coordinator' }

export function makeHangingMemory(): HangingMemory {
  return { seen: new Map(), ended: new Map() }
}

/** Those that certainly hang; to be asked with what one look has found, and when that was (ms, monotonic). */
export async function findHanging(
  { cluster, nowMs }: { readonly cluster: Cluster; readonly nowMs: number },
  unknown: readonly UnknownTransaction[],
  memory: HangingMemory,
  signal: AbortSignal,
): Promise<UnknownTransaction[]> {
  const isAsked = unknown.some((one) => one.told === 'nothing' && isDue(one, memory, nowMs))
  return judgeHanging(unknown, memory, { nowMs, sight: isAsked ? await readSight(cluster, signal) : TOLD })
}

/** Decides without asking anybody, and remembers. `sight`: from after the look. */
export function judgeHanging(
  unknown: readonly UnknownTransaction[],
  memory: HangingMemory,
  { nowMs, sight }: { readonly nowMs: number; readonly sight: CoordinatorSight },
): UnknownTransaction[] {
  const { seen } = memory
  const present = new Set(unknown.map(identityOf))
  for (const identity of seen.keys()) if (!present.has(identity)) seen.delete(identity)
  const due = unknown.filter((one) => isDue(one, memory, nowMs))
  return due.filter((one) => {
    const before = seen.get(identityOf(one))
    // What a coordinator has told does not become clearer by its being forgotten.
    const told = before?.told === 'unclear' && !DECIDED.has(one.told) ? 'unclear' : one.told
    const now = told === 'nothing' ? sight : TOLD
    seen.set(identityOf(one), { atMs: nowMs, told, sight: now })
    return CERTAIN.has(told) && before?.told === told && isSame(before.sight, now)
  })
}

/** Whether it is time to look again. */
export function isDue(one: UnknownTransaction, { seen }: HangingMemory, nowMs: number): boolean {
  const before = seen.get(identityOf(one))
  if (before === undefined) return true
  return nowMs - before.atMs >= (before.told === 'unclear' ? UNCLEAR_AFTER_MS : SURE_AFTER_MS)
}

/** Nothing could be left out at either time, nor in between. */
function isSame(before: CoordinatorSight, now: CoordinatorSight): boolean {
  return 'complete' in before && 'complete' in now && before.complete === now.complete
}

/** What could not be ended, in words. */
export async function endHanging(
  cluster: Cluster,
  hanging: readonly UnknownTransaction[],
  { ended }: HangingMemory,
  signal: AbortSignal,
): Promise<string[]> {
  const troubles: string[] = []
  await eachOf(hanging, CALLS_AT_ONCE, async (one) => {
    const { topic, partition, producerId, coordinatorEpoch, told } = one
    const outcome = told === 'committed' ? ('commit' as const) : ('abort' as const)
    // The epoch that the coordinator had decided under.
    const producerEpoch = one.producerEpoch + (DECIDED.has(told) ? 1 : 0)
    const marker = { producerId, producerEpoch, coordinatorEpoch: Math.max(0, coordinatorEpoch), outcome }
    try {
      ended.set(identityOf(one), one)
      const [answer] = await cluster.writeTxnMarkers(marker, [{ topic, partition }], signal)
      if (answer?.errorCode === 0) return
      ended.delete(identityOf(one))
      troubles.push(`a marker (${outcome}) ${identityOf(one)} is refused: ${errorName(answer?.errorCode ?? -1)}`)
    } catch (error) {
      signal.throwIfAborted()
      troubles.push(`a marker (${outcome}) ${identityOf(one)} was not answered: ${describeError(error)}`)
    }
  })
  return troubles
}

export function identityOf({ producerId, startOffset, ...at }: UnknownTransaction): string {
  return `of producer ${producerId} from offset ${startOffset} of ${textOf(at)}`
}

/** In a sentence, with all that is known of why it is open. */
export function explainUnknown(one: UnknownTransaction, { seen }: HangingMemory): string {
  const { told = one.told, sight } = seen.get(identityOf(one)) ?? {}
  const unseen = told === 'nothing' && sight !== undefined && 'gap' in sight ? sight.gap : one.gap
  const gap = unseen === undefined ? '' : ` (${unseen})`
  return `the one ${identityOf(one)}, last written to at ${timeOf(one.lastTimestampMs)}, ${WHY[told]}${gap}`
}

const WHY = {
  over: 'which its coordinator has aborted',
  unclear: 'which its coordinator takes for ended: an abort could take away what was acknowledged',
  busy: 'which is no part of the present one of its producer',
  nothing: 'which no coordinator tells of',
  committed: 'which was committed: its marker is missing',
  aborted: 'which was aborted: its marker is missing',
} as const

export function timeOf(ms: number): string {
  return ms > 0 && ms < 8.64e15 ? new Date(ms).toISOString() : 'an unknown time'
}
