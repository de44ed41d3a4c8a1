import { defineFaults } from '../../core/index.ts'

/** What can be wrong with a selection or with one topic of a link. A topic's fault never stops another topic. */
export const topicFaults = defineFaults({
  SELECTION_INVALID: {
    message: 'the {kind} pattern "{pattern}" is not valid: {why}',
    remedy: 'Write a name, a glob with * and ?, or a regular expression between slashes.',
    retriable: false,
    status: 400,
  },
  TOPIC_NAME_INVALID: {
    message: 'topic {topic} would be named "{targetTopic}" on the target, which is not a name it can have: {why}',
    remedy: 'Change the rename pattern of the link, or exclude the topic.',
    retriable: false,
    status: 409,
  },
  TOPIC_NAME_CLASH: {
    message: 'topic {topic} is not copied: {others} would be copied to the same target topic {targetTopic}',
    remedy: 'Put {topic} into the rename pattern of the link as a placeholder, or exclude all but one of the topics.',
    retriable: false,
    status: 409,
  },
  TOPIC_WITHOUT_ID: {
    message: 'topic {topic} is not copied: it has no topic id at the source, so a recreated topic could not be told',
    remedy: 'Upgrade the brokers of the source region to 3.1 or newer, with a metadata version to match.',
    retriable: false,
    status: 409,
  },
  TOPIC_TARGET_WIDER: {
    message:
      'topic {topic} is not copied: target topic {targetTopic} has {targetPartitions} partitions, the source {sourcePartitions}, and keys would be read from other partitions than they are written to',
    remedy: 'Add partitions to the source topic, or delete or rename the target topic so that it is created anew.',
    retriable: true,
    status: 409,
  },
  TOPIC_WOULD_CYCLE: {
    message:
      'topic {topic} is not copied from {source} to {target}: it is itself a copy of {origin}, which is on {target}, so its records would go round ({way})',
    remedy:
      'Exclude {topic} from this link. Or, where the direction was turned for good, end the link that made the copy with `isthmus link remove`.',
    retriable: false,
    status: 409,
  },
  TOPIC_DELETE_REFUSED: {
    message: 'target topic {targetTopic}, whose source topic is gone, could not be deleted: {why}',
    remedy: 'Grant DELETE on the topic in the target region, or delete it by hand; it is tried again on every pass.',
    retriable: true,
    status: 502,
  },
  TOPIC_UNREADABLE: {
    message: 'topic {topic} cannot be looked at in region {region}: {why}',
    remedy: 'Grant DESCRIBE and DESCRIBE_CONFIGS on the topic in that region; it is tried again on every pass.',
    retriable: true,
    status: 502,
  },
  TOPIC_CREATE_REFUSED: {
    message: 'target topic {targetTopic} could not be created: {why}',
    remedy:
      'Grant CREATE in the target region, satisfy its topic policy, or create the topic there with {partitions} partitions; it is tried again on every pass.',
    retriable: true,
    status: 502,
  },
  TOPIC_CREATE_HELD: {
    message: 'target topic {targetTopic} is not created yet: {why}',
    remedy:
      'Nothing has to be done where a controller leads: the fence of a standby reaches a topic before it is there, and it is tried again on every pass.',
    retriable: true,
    status: 503,
  },
  TOPIC_NOT_READY: {
    message: 'target topic {targetTopic} was created, but after {waitedMs} ms not every partition has a leader',
    remedy: 'Look at the health of the target brokers; copying starts as soon as the partitions have leaders.',
    retriable: true,
    status: 503,
  },
  TOPIC_GROW_REFUSED: {
    message: 'target topic {targetTopic} could not be grown to {partitions} partitions: {why}',
    remedy: 'Grant ALTER on the topic in the target region, or grow it by hand; it is tried again on every pass.',
    retriable: true,
    status: 502,
  },
  TOPIC_CONFIG_REFUSED: {
    message: 'the configuration of target topic {targetTopic} could not be changed ({names}): {why}',
    remedy:
      'Grant ALTER_CONFIGS on the topic in the target region, or set these values there by hand; it is tried again on every pass.',
    retriable: true,
    status: 502,
  },
})
