import { defineFaults } from '../../core/index.ts'

/** Every way the sensor workload can fail. */
export const workloadFaults = defineFaults({
  WORKLOAD_UNREACHABLE: {
    message: '{part} cannot reach its region: {problem}',
    remedy: 'Check that the brokers run and that the bootstrap addresses given to the workload are theirs.',
    retriable: true,
    status: 503,
  },
  WORKLOAD_RUNNING: {
    message: '{part} is running already',
    remedy: 'Stop it before it is started against another region.',
    retriable: false,
    status: 409,
  },
  WORKLOAD_TOPICS_REFUSED: {
    message: 'the topics of the workload could not be created: {problem}',
    remedy: 'Check the replication factor against the number of brokers, and the right to create topics.',
    retriable: false,
    status: 502,
  },
  WORKLOAD_RESTORE_TIMED_OUT: {
    message: 'partition {partition} of {topic} was not read to its end within {timeoutMs} ms',
    remedy: 'Check that the partition has a leader and that no transaction on it is left open.',
    retriable: true,
    status: 504,
  },
  WORKLOAD_STATE_UNREADABLE: {
    message: 'record {key} in partition {partition} of {topic} is not a state of the analytics: {problem}',
    remedy: 'Something else writes to this topic. Stop it, delete the topic, and let the analytics rebuild it.',
    retriable: false,
    status: 500,
  },
  WORKLOAD_READ_TIMED_OUT: {
    message: '{topic} was not read to its end within {timeoutMs} ms',
    remedy: 'Check that every partition of the topic has a leader.',
    retriable: true,
    status: 504,
  },
})
