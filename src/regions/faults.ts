import { defineFaults } from '../core/index.ts'

/** The faults of this room. They end one look, or a part of it; none of them ends the watching. */
export const regionFaults = defineFaults({
  REGION_LOOK_TIMED_OUT: {
    message: '{region}: {what} did not end within {timeoutMs} ms',
    remedy: 'Check the load of the brokers and the way to them. Where the way is long, raise health.timeoutSeconds.',
    retriable: true,
    status: 504,
  },
  REGION_CANARY_UNREAD: {
    message: '{topic} acknowledged a record at offset {offset} and does not give it back',
    remedy: 'Look at the log of the broker that leads the partition. If the topic was made anew, this passes.',
    retriable: true,
    status: 502,
  },
})
