import { Type } from 'typebox'
import { count, nullableInteger, nullableText, object, text } from './schema-kit.ts'

const amount = (description: string) =>
  object({ records: count('Records.'), bytes: count('Bytes of keys and values.') }, description)
const times = {
  firstTimestampMs: nullableInteger('Earliest timestamp of these records, milliseconds since 1970.'),
  lastTimestampMs: nullableInteger('Latest one.'),
}

export const DivergenceBody = object(
  {
    group: text('Name of the failover group.'),
    region: text('The region that returns.'),
    active: text('The region that it was compared with.'),
    epoch: count('Epoch of that region.'),
    phase: text('Where the return stands now.'),
    totals: object(
      {
        records: count('Committed records of applications that the active region lacks.'),
        bytes: count('Bytes of their keys and values.'),
        partitions: count('Partitions that have such records.'),
        topics: count('Topics that have such partitions.'),
        onlyHere: count('Records below the fork of these partitions that the active region lacks.'),
        keysInConflict: count('Keys that were written on the active region since, summed over partitions.'),
        cutTransactions: count('Partitions in which a transaction was copied in part.'),
        ...times,
        recopyOffsets: count('Offsets of the active region that a re-seed would copy again.'),
        wholeTopics: count('Topics that a re-seed would delete and copy as a whole.'),
      },
      'Over all partitions, exact.',
    ),
    choices: Type.Array(
      object(
        {
          kind: Type.Enum(['export', 'replay', 'keep', 'discard']),
          writesOut: amount('Written to topics of their own on the active region.'),
          appends: amount('Appended to the topics of the active region as late records.'),
          destroys: amount('Gone from everywhere.'),
          copiesAgain: amount('Copied again over the link; bytes are an estimate.'),
          keysInConflict: count('Keys of which an older value would come behind a newer one.'),
          losesOlder: count('Records below the fork that would go too: refused unless `losesOlder` is given.'),
        },
        'What a choice would do.',
      ),
    ),
    partitions: Type.Array(
      object(
        {
          topic: text('Topic.'),
          partition: count('Partition.'),
          from: count('Fork: first offset that the active region knows nothing of.'),
          to: count('End of the log.'),
          records: count('Records between the two that the active region lacks.'),
          bytes: count('Bytes of their keys and values.'),
          onlyHere: count('Records below the fork that the active region lacks.'),
        },
        'A partition that has diverged.',
      ),
    ),
    partitionsLeftOut: count('Partitions that have diverged and are not listed.'),
    ended: Type.Array(
      object(
        {
          by: Type.Enum(['coordinator', 'marker'], {
            description: '`marker`: no coordinator counted the partition to a transaction any more.',
          }),
          outcome: Type.Enum(['aborted', 'committed'], {
            description: '`committed`: that was decided before the region was lost, and only its marker was missing.',
          }),
          transactionalId: nullableText('Transactional id; null where no coordinator told it.'),
          producerId: text('Producer id.'),
          topic: nullableText('Where the marker was written; null where the coordinator did so.'),
          partition: nullableInteger('The partition.'),
          startOffset: nullableInteger('First offset of the transaction there.'),
        },
        'A transaction that was left open in the region, and that its return has ended.',
      ),
      { description: 'The first ones.' },
    ),
    endedTotal: count('Transactions that the return has ended.'),
    samples: Type.Array(
      object(
        {
          topic: text('Topic.'),
          partition: count('Partition.'),
          firstOffset: nullableInteger('Offset of the first record.'),
          ...times,
          sampleKeys: Type.Array(nullableText('A key as text; null for a record without one.')),
          keysInConflict: count('Different keys that were written on the active region as well.'),
          areAllKeysCompared: Type.Boolean({
            description: 'False where there were too many keys to compare them all.',
          }),
          cutTransactions: Type.Array(Type.String(), {
            description: 'Producers of transactions that were copied in part.',
          }),
          digest: text('SHA-256 over keys and values in their order.'),
        },
        'What was found in one of the first partitions.',
      ),
    ),
  },
  'What a returned region holds that the active one lacks.',
)
export type DivergenceBody = Type.Static<typeof DivergenceBody>
