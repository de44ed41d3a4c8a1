import { defineFaults } from '../../core/index.ts'

/** Everything that can be wrong with a record batch. None of these goes away by reading the same bytes again. */
export const recordsFaults = defineFaults({
  RECORDS_OLD_FORMAT: {
    message: 'The batch at offset {offset} has message format v{magic}; only v2 (Kafka 0.11 and newer) is understood',
    remedy:
      'Let the old segments expire, or rewrite the topic once with a current client (for example through a temporary topic)',
    retriable: false,
    status: 422,
  },
  RECORDS_CORRUPT: {
    message: 'The batch at offset {offset} is corrupt: {why}',
    remedy:
      'Compare the replicas of the partition with kafka-dump-log.sh --deep-iteration; restore the bad replica from a good one, or skip the batch by recording its range as lost',
    retriable: false,
    status: 502,
  },
  RECORDS_UNKNOWN_CODEC: {
    message: 'The batch at offset {offset} is compressed with codec {codecId}, which Kafka 4 does not define',
    remedy: 'Find the client that wrote it and upgrade Isthmus if the codec is a newer one of Kafka',
    retriable: false,
    status: 422,
  },
  RECORDS_TOO_LARGE: {
    message: 'A {codec} block of {compressedBytes} bytes expands to more than the limit of {limitBytes} bytes',
    remedy:
      'Find the producer that wrote it; no client writes such a batch in normal use. Quarantine the batch, or raise the limit if the data is real and memory allows',
    retriable: false,
    status: 413,
  },
})
