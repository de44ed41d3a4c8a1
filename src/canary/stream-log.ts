import type { Clock, Random } from '../core/index.ts'
import { type Cluster, decodeRecords } from '../kafka/index.ts'
import { RegionLogs } from '../replication/index.ts'
import { canaryFaults } from './faults.ts'
import type { StreamLog } from './judge-stream.ts'
import { readNumbered } from './numbered-record.ts'
import { listBounds, type PartitionRef, partitionsOf, placeOf } from './partition-bounds.ts'

interface StreamPlace {
  readonly cluster: Cluster
  readonly topic: string
  readonly stream: string
}

/** By partition, where committed records end now. Throws where a partition does not tell. */
export async function readStreamEnds(
  { cluster, topic }: StreamPlace,
  signal: AbortSignal,
): Promise<{ readonly refs: readonly PartitionRef[]; readonly ends: ReadonlyMap<number, number> }> {
  const [found] = (await cluster.metadata([topic], signal)).topics
  const refs = found === undefined ? [] : partitionsOf(found)
  const bounds = await listBounds(cluster, 'stable-end', refs, signal)
  const ends = refs.map((ref) => {
    const end = bounds.get(placeOf(ref))?.offset
    if (end === undefined) throw new Error(`${cluster.name} does not tell where ${placeOf(ref)} ends`)
    return [ref.partition, end] as const
  })
  return { refs, ends: new Map(ends) }
}

/** The whole topic, read_committed, up to those ends: what of a stream stands in it. Fault: CANARY_UNREAD. */
export async function readStreamLog(
  { cluster, topic, stream }: StreamPlace,
  { refs, ends }: Awaited<ReturnType<typeof readStreamEnds>>,
  { clock, random, signal }: { readonly clock: Clock; readonly random: Random; readonly signal: AbortSignal },
): Promise<StreamLog> {
  await using logs = new RegionLogs(cluster, { clock, random })
  const all = new Map<number, readonly number[]>()
  let damaged = 0
  for (const ref of refs) {
    const { partition } = ref
    const end = ends.get(partition) ?? 0
    const numbers: number[] = []
    const readTo = await logs.read(
      ref,
      { from: 0, to: end },
      ({ header, buffer, from }) => {
        for (const record of decodeRecords(buffer, header)) {
          const number = record.offset < from ? undefined : readNumbered(record, { stream, partition })
          if (number === 'damaged') damaged++
          else if (number !== undefined) numbers.push(number)
        }
        return true
      },
      signal,
    )
    if (readTo < end) {
      const facts = { region: cluster.name, topic, partition, offset: readTo, end }
      throw canaryFaults.fault('CANARY_UNREAD', facts)
    }
    all.set(partition, numbers)
  }
  return { numbers: all, damaged }
}
