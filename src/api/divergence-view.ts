import { describeChoices, type FoundDivergence } from '../failover/index.ts'
import type { DivergenceBody } from './contract/index.ts'

/** From what a scan found to the body of the contract. Pure. */
export function viewDivergence(
  { group, region, limit }: { readonly group: string; readonly region: string; readonly limit: number },
  { record, active, found }: FoundDivergence,
): DivergenceBody {
  const { totals, topics, rowsLeftOut, samples, ended = [], endedTotal = 0 } = found
  const rows = topics.flatMap(({ topic, rows: of }) => of.map((row) => [topic, ...row] as const))
  const partitions = rows.slice(0, limit).map(([topic, partition, from, to, records, bytes, onlyHere]) => {
    return { topic, partition, from, to, records, bytes, onlyHere }
  })
  return {
    group,
    region,
    active,
    epoch: record.epoch,
    phase: record.phase,
    totals,
    choices: describeChoices(totals),
    partitions,
    partitionsLeftOut: rowsLeftOut + rows.length - partitions.length,
    ended: [...ended],
    endedTotal,
    samples: samples.map((one) => {
      const { topic, partition, firstOffset, firstTimestampMs, lastTimestampMs, keysInConflict } = one
      const { areAllKeysCompared, digest } = one
      const [sampleKeys, cutTransactions] = [[...one.sampleKeys], [...one.cutTransactions]]
      const times = { firstTimestampMs, lastTimestampMs }
      return {
        topic,
        partition,
        firstOffset,
        ...times,
        sampleKeys,
        keysInConflict,
        areAllKeysCompared,
        cutTransactions,
        digest,
      }
    }),
  }
}
