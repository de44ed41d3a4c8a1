import {
  type EndedTransaction,
  makeHangingMemory,
  type Moves,
  type UnknownTransaction,
} from '../../../replication/index.ts'
import type { Outcome } from '../../outcome.ts'
import { firstOf } from '../outcomes.ts'
import type { ReturnCall } from './return-call.ts'
import type { SettlingUnderWay } from './return-memory.ts'

/** A transaction that a return has ended, as evidence has it. */
export interface EndedInReturn {
  /** `coordinator`: its producer was fenced. `marker`: no coordinator counted the partition to a transaction. */
  readonly by: 'coordinator' | 'marker'
  readonly outcome: 'aborted' | 'committed'
  readonly transactionalId: string | null
  readonly producerId: string
  /** Where the marker was written; null where the coordinator saw to all of its partitions. */
  readonly topic: string | null
  readonly partition: number | null
  readonly startOffset: number | null
}

/** How long transactions are waited for that neither end nor can be ended. */
const LIMIT_MS = 10 * 60_000

/**
 * Ends what clients have left open in a region whose fence is proved; undefined once nothing is. A call that has ended
 * something says so before the return goes on: the group's document and its journal have it then, whoever dies.
 */
export async function settleLost(call: ReturnCall, moves: Moves): Promise<Outcome | undefined> {
  const { rooms, region, signal } = call
  const { hanging: memory, ended } = settlingOf(call)
  const before = endedIn(call).length
  const partitions = await moves.partitions(region, rooms.topics, signal)
  const settling = await moves.settle(region, { partitions, withinMs: rooms.waitMs, memory }, signal)
  for (const one of settling.ended) ended.set(one.transactionalId, one)
  const all = endedIn(call)
  if (settling.kind === 'settled') {
    if (all.length === before) return undefined
    return { kind: 'waiting', reason: explainEnded(all), held: { limitMs: null, instructions: '' } }
  }
  const { reason, hanging, isHeld } = settling
  const held = { limitMs: isHeld ? LIMIT_MS : null, instructions: instructionsFor(call, hanging) }
  return { kind: 'waiting', reason: all.length === 0 ? reason : `${reason}; ${explainEnded(all)}`, held }
}

export function endedIn(call: ReturnCall): EndedInReturn[] {
  const { ended, hanging } = settlingOf(call)
  const nowhere = { topic: null, partition: null, startOffset: null }
  return [
    ...[...ended.values()].map(({ transactionalId, producerId }) => {
      return {
        by: 'coordinator',
        outcome: 'aborted',
        transactionalId,
        producerId: String(producerId),
        ...nowhere,
      } as const
    }),
    ...[...hanging.ended.values()].map(({ told, transactionalId, producerId, topic, partition, startOffset }) => {
      const outcome = told === 'committed' ? ('committed' as const) : ('aborted' as const)
      const where = { topic, partition, startOffset }
      return { by: 'marker', outcome, transactionalId, producerId: String(producerId), ...where } as const
    }),
  ]
}

export function explainEnded(ended: readonly EndedInReturn[]): string {
  const names = ended.map(({ outcome, transactionalId, producerId, topic, partition, startOffset }) => {
    const where = topic === null ? '' : ` on ${topic}-${partition} from offset ${startOffset}`
    return `${transactionalId ?? 'one without a known id'} of producer ${producerId}${where}, ${outcome}`
  })
  return `transactions that were left open and are ended now: ${firstOf(names)}`
}

function settlingOf({ memory, region, record }: ReturnCall): SettlingUnderWay {
  const known = memory.settlings.get(region)
  if (known?.of === record.id) return known
  const begun = { of: record.id, hanging: makeHangingMemory(), ended: new Map<string, EndedTransaction>() }
  memory.settlings.set(region, begun)
  return begun
}

function instructionsFor(
  { region, rooms }: Pick<ReturnCall, 'region' | 'rooms'>,
  hanging: readonly UnknownTransaction[],
): string {
  const commands = hanging.map(({ topic, partition, startOffset }) => {
    return `kafka-transactions.sh --bootstrap-server BROKER abort --topic ${topic} --partition ${partition} --start-offset ${startOffset}`
  })
  return [
    `Bring back all brokers of ${region}, and let Isthmus DESCRIBE and WRITE every transactional id, ALTER the cluster and READ __transaction_state:`,
    'it then ends these transactions itself.',
    ...(commands.length === 0 ? [] : [`Or stop their applications and run ${firstOf(commands)}.`]),
    ...(hanging.some(({ told }) => told === 'unclear')
      ? ['Save first what may be committed, with a consumer that reads uncommitted records: an abort takes it away.']
      : []),
    `Then compare again: isthmus divergence scan ${rooms.group} --region ${region}`,
  ].join(' ')
}
