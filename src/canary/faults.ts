import { defineFaults } from '../core/index.ts'

/** The faults of this room. They end a drill, and nothing else. */
export const canaryFaults = defineFaults({
  CANARY_NOT_STARTED: {
    message: '{region}: no record of the canary stream in {topic} was {what} within {withinMs} ms: {reason}',
    remedy:
      'Allow the principal of regions[].canary to WRITE and READ topics, and to READ groups, whose names begin with ' +
      'isthmus.canary., in every region of the group; then see that the brokers of the region answer.',
    retriable: true,
    status: 503,
  },
  CANARY_TOPIC_REFUSED: {
    message: '{region}: the topic {topic} of the canary stream could not be made: {reason}',
    remedy: 'Allow the principal of Isthmus to CREATE topics in the region, or make the topic by hand.',
    retriable: false,
    status: 502,
  },
  CANARY_UNREAD: {
    message: '{region}: {topic}-{partition} could be read up to offset {offset} only, not to its end {end}',
    remedy: 'See that the brokers of the region answer, then run the drill again.',
    retriable: true,
    status: 503,
  },
})
