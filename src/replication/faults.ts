import { defineFaults } from '../core/index.ts'

/**
 * What can be wrong with a flow or a shard. A flow that meets one of the non-retriable ones stops and says so;
 * the other flows go on.
 */
export const replicationFaults = defineFaults({
  SHARD_FENCED: {
    message: 'shard {shard} on {target} was taken over by another replicator: {evidence}',
    remedy:
      'Look for a second replicator with the same target region. The newer one goes on; this one must not be restarted beside it.',
    retriable: false,
    status: 409,
  },
  SHARING_REFUSED: {
    message: 'this process cannot share the shards of {target} through group {group}: {reason}',
    remedy:
      'Give replication.sessionSeconds a value that the brokers of {target} take, let every replicator of the target run the same version, and grant READ on the group. It is tried again by itself.',
    retriable: true,
    status: 503,
  },
  SHARING_DIFFERS: {
    message: 'not every replicator of {target} has the same links, and those that differ get no shards: {difference}',
    remedy:
      'Give every replicator of {target} the same links and settings, and the same version. Those that get no shards take over by themselves when the last of the others has stopped.',
    retriable: true,
    status: 503,
  },
  SHARD_UNFENCED: {
    message:
      'shard {shard} on {target} was last owned by producer {producerId} epoch {producerEpoch}, which the broker has forgotten, and its abort markers could not be written: {reason}',
    remedy:
      'Grant Isthmus ALTER on the target cluster so that it can write them, or make sure that no older replicator runs and restart with replication.acknowledgeUnfenced.',
    retriable: false,
    status: 409,
  },
  FENCE_INCOMPLETE: {
    message:
      'the fence of shard {shard} on {target} is not complete after {afterMs} ms: transaction {transactionalId} is {state}',
    remedy:
      'A partition of {target} cannot be written: look for one whose in-sync replicas are below min.insync.replicas.',
    retriable: true,
    status: 503,
  },
  FLOW_TARGET_NOT_EMPTY: {
    message:
      'target {targetTopic}-{partition} holds records up to offset {targetEnd} but no offset map knows where they come from',
    remedy:
      'Set policies.existingTarget of the link to adopt where it is a copy that something else has made, delete the target topic so that it is seeded again, or give the link a rename so that it copies into a topic of its own.',
    retriable: false,
    status: 409,
  },
  FLOW_DIVERGED: {
    message: 'target {targetTopic}-{partition} does not continue the copy: {evidence}',
    remedy:
      'Something else wrote to the target topic. Find and stop the writer, then acknowledge the incident with `--action reseed`, which deletes the target topic and copies it again.',
    retriable: false,
    status: 409,
  },
  FLOW_RETENTION_GAP: {
    message:
      'source {topic}-{partition} no longer has what is between offset {from} and {to}: it was deleted before it was copied',
    remedy:
      'Give the topic more retention, or the link more room. Acknowledge the incident, and a flow that stopped goes on behind the gap.',
    retriable: false,
    status: 409,
  },
  FLOW_SOURCE_RECREATED: {
    message:
      'source topic {topic} was deleted and created again: its id is {actualId}, the copy was made from {recordedId} up to offset {position}',
    remedy:
      'Acknowledge the incident with `--action reseed` to delete the target topic {targetTopic} and copy the new topic from its beginning; until then the old copy is kept.',
    retriable: false,
    status: 409,
  },
  FLOW_SOURCE_TRUNCATED: {
    message:
      'source {topic}-{partition} lost what was copied from offset {from} to {to}: {evidence}, the copy goes to {to}',
    remedy:
      'An unclean leader election at the source dropped them; the copy still has them. Acknowledge the incident with `--action reseed` to delete the target topic {targetTopic} and copy what the source has left.',
    retriable: false,
    status: 409,
  },
  FLOW_TARGET_REBUILT: {
    message:
      'target {targetTopic}-{partition} is not what was copied into: that topic was {recordedId}, this is {actualId} and {evidence}',
    remedy:
      'Find out who deleted the topic or the cluster, and stop whoever writes to it; then acknowledge the incident with `--action reseed` to copy everything again.',
    retriable: false,
    status: 409,
  },
  FLOW_RESEEDING: {
    message: 'target topic {targetTopic} on {target} is deleted, to be created again and copied from the beginning',
    remedy: 'Nothing: it goes on by itself.',
    retriable: true,
    status: 503,
  },
  FLOW_RESEED_REFUSED: {
    message: 'target topic {targetTopic} on {target} is to be copied again, but could not be deleted: {error}',
    remedy: 'Grant Isthmus DELETE on the topic, or delete it by hand; it is tried again by itself.',
    retriable: true,
    status: 503,
  },
  LATE_RECORDS_REFUSED: {
    message: '{topic}-{partition} on {target} does not take records that were salvaged: {error}',
    remedy:
      'Let the topic take them, for example with a larger max.message.bytes or timestamp limit, or make it where it is missing; then resume the return.',
    retriable: false,
    status: 409,
  },
  FLOW_TARGET_REFUSED: {
    message: 'target {targetTopic}-{partition} refused the record of source offset {sourceOffset}: {error} {detail}',
    remedy:
      'Compare the configs of both topics (max.message.bytes, timestamps, cleanup.policy) and restart, or set policies.recordRefused of the link to quarantine or skip.',
    retriable: false,
    status: 409,
  },
  FLOW_OLD_FORMAT: {
    message:
      'source {topic}-{partition} holds a batch of message format v{magic} at offset {offset}; only v2 (Kafka 0.11 and newer) is copied',
    remedy:
      'Let the old segments expire, delete them with DeleteRecords, or rewrite {topic} once with a current client, for example through a temporary topic.',
    retriable: false,
    status: 422,
  },
  QUARANTINE_REFUSED: {
    message: '{quarantine} refused the record of {origin} at source offset {offset}: {error} {detail}',
    remedy:
      'Raise max.message.bytes of {quarantine} above the size of the record and restart; nothing of the flow was left out.',
    retriable: false,
    status: 409,
  },
  FLOW_MAP_CONTRADICTS: {
    message: 'the offset map of {targetTopic}-{partition} does not fit its log: {evidence}',
    remedy: 'The map topic lost entries. Delete the target topic so that it is seeded again; nothing is guessed.',
    retriable: false,
    status: 409,
  },
  FLOW_CLOSED: {
    message:
      'target {targetTopic}-{partition} is no copy of {topic} from {source} any more: its region has become the active one',
    remedy:
      'Nothing is written to it. A replicator that still runs this link does not know of the move: let it reach the controller, or give it the links that hold now.',
    retriable: false,
    status: 409,
  },
  FLOW_TURN_REFUSED: {
    message: 'the copy of {topic}-{partition} can not go on in {targetTopic}-{partition}: {reason}',
    remedy:
      'The target holds what the new source does not have, or it missed a change of direction. Scan it for divergence, then have it copied again.',
    retriable: false,
    status: 409,
  },
  FLOW_MATCH_REFUSED: {
    message:
      'target {targetTopic}-{partition} is not known to be a copy of {topic}-{partition}: {why} (target offset {targetOffset}, source offset {sourceOffset})',
    remedy:
      'Copy the target topic again with `isthmus incidents acknowledge ID --action reseed`, which deletes it, or give the link a rename so that it copies into a topic of its own; nothing is guessed.',
    retriable: false,
    status: 409,
  },
  FLOW_MAP_LOST: {
    message: 'the offset map of {targetTopic}-{partition} is lost or damaged: {evidence}',
    remedy:
      'Set policies.mapLost of the link to rebuild, which finds it again by comparing both logs, or delete the target topic so that it is seeded again.',
    retriable: false,
    status: 409,
  },
  TARGET_NOT_READY: {
    message: '{what} on {target} is not available: {reason}',
    remedy: 'It is tried again by itself; look at the brokers of {target}.',
    retriable: true,
    status: 503,
  },
  PARTITION_REFUSED: {
    message: '{what} on {target} can not be read: {error}',
    remedy: 'Grant Isthmus the rights it needs there; it is tried again by itself.',
    retriable: true,
    status: 503,
  },
  LOG_START_REFUSED: {
    message:
      'the log start of the source is not followed on {target}: DeleteRecords of {what} was refused with {error}',
    remedy: 'Grant Isthmus DELETE on the topics it copies to; until then the copy keeps what the source has deleted.',
    retriable: true,
    status: 503,
  },
  SOURCE_TRANSACTION_HANGING: {
    message:
      'source {topic}-{partition} stands still at offset {offset}: the transaction of producer {producerId} (transactional id {transactionalId}), open since {since}, hangs: {reason}',
    remedy:
      'Nothing will end it by itself. Make sure that its application does not run, then abort it: kafka-transactions.sh --bootstrap-server {bootstrap} abort --topic {topic} --partition {partition} --start-offset {offset}',
    retriable: false,
    status: 409,
  },
  INCIDENT_UNKNOWN: {
    message: 'there is no incident {id} here',
    remedy: 'See `isthmus incidents` for those there are.',
    retriable: false,
    status: 404,
  },
  INCIDENT_ACTION_REFUSED: {
    message: 'incident {id} ({code}, {done}) can not be answered with {action}',
    remedy: 'A reseed is for flows that stopped because their copy can not be continued; acknowledge it without one.',
    retriable: false,
    status: 409,
  },
  INCIDENT_NOT_OWNED: {
    message: 'incident {id} can not be changed now: this process does not own shard {shard} of {target}',
    remedy: 'Try again shortly, or ask the replicator that owns the shard.',
    retriable: true,
    status: 503,
  },
  REGION_UNKNOWN: {
    message: 'there is no region {region} here',
    remedy: 'Name a region of the configuration.',
    retriable: false,
    status: 404,
  },
  LINK_NAME_TAKEN: {
    message: 'there is a link {link} already, from {source} to {target}',
    remedy: 'Stop it first, or choose another name.',
    retriable: false,
    status: 409,
  },
  LINK_UNKNOWN: {
    message: 'there is no link {link} here',
    remedy: 'Links of this process: {links}.',
    retriable: false,
    status: 404,
  },
  LINK_REMOVAL_RUNS: {
    message: 'link {link} is being removed',
    remedy: 'Wait until that removal is over, then run it again: it says what is left.',
    retriable: true,
    status: 409,
  },
  LINK_SHARED: {
    message: 'link {link} can not be removed while other replicators share its target {target}: {members}',
    remedy: 'Stop the other replicators, or run one with replication.shareWork false, and run it again.',
    retriable: false,
    status: 409,
  },
  FLOW_UNKNOWN: {
    message: 'link {link} copies no partition {topic}-{partition}',
    remedy: 'See `isthmus status` for the topics it copies.',
    retriable: false,
    status: 404,
  },
  GROUP_UNKNOWN: {
    message: 'link {link} knows no consumer group {group}',
    remedy:
      'The group must have committed offsets at the source and be selected; a new group shows up with the next sync.',
    retriable: false,
    status: 404,
  },
  VERIFY_BUSY: {
    message: 'so many verifications run already: {running}',
    remedy: 'Wait for one of them, or cancel one.',
    retriable: true,
    status: 429,
  },
  VERIFY_NOTHING_SELECTED: {
    message: 'link {link} copies no topic of these names',
    remedy: 'Give names or patterns of topics at the source; `isthmus status` shows them.',
    retriable: false,
    status: 404,
  },
  VERIFY_UNKNOWN: {
    message: 'there is no verification {id} here',
    remedy:
      'Reports are kept until the process ends, the last 16 of them. Start it again; a state file goes on from there.',
    retriable: false,
    status: 404,
  },
  VERIFY_NOT_READY: {
    message: '{topic}-{partition} cannot be compared: {reason}',
    remedy: 'Verify it again when `isthmus status` shows the flow running.',
    retriable: true,
    status: 503,
  },
  VERIFY_TOO_MANY_KEYS: {
    message:
      'compaction has gone different ways on both sides: {keys} keys wait for a later record, the limit is {limit}',
    remedy: 'Verify a range, or wait until the cleaner has gone over both sides.',
    retriable: true,
    status: 503,
  },
  FLOW_ELSEWHERE: {
    message: 'flow {topic}-{partition} of link {link} is not copied by this process: {reason}',
    remedy: 'Ask the replicator that has it; `isthmus status` lists them.',
    retriable: false,
    status: 409,
  },
  FLOW_NOT_READY: {
    message: 'flow {topic}-{partition} of link {link} has no position yet: {reason}',
    remedy: 'Try again when `isthmus status` shows it running.',
    retriable: true,
    status: 503,
  },
})
