/**
 * Error codes of the Kafka protocol as data: what a code is called, whether the same request may succeed later by
 * itself, what has to be looked up again before that, and what it means to Isthmus.
 * Source: org.apache.kafka.common.protocol.Errors of Kafka 4.3.
 */
export interface ProtocolError {
  readonly name: string
  readonly retriable?: true
  /** What is stale: where the partition's leader, the coordinator or the controller is. */
  readonly refresh?: 'leader' | 'coordinator' | 'controller'
  readonly meaning?: string
}

export const NETWORK_EXCEPTION = 13
export const LEADER_NOT_AVAILABLE = 5
export const UNKNOWN_TOPIC_OR_PARTITION = 3
export const REBALANCE_IN_PROGRESS = 27
export const CONCURRENT_TRANSACTIONS = 51
export const GROUP_ID_NOT_FOUND = 69
export const TRANSACTIONAL_ID_NOT_FOUND = 105

const PROTOCOL_ERRORS: Readonly<Record<number, ProtocolError>> = {
  [-1]: { name: 'UNKNOWN_SERVER_ERROR' },
  0: { name: 'NONE' },
  1: { name: 'OFFSET_OUT_OF_RANGE', meaning: 'the offset is below the log start or above the log end' },
  2: { name: 'CORRUPT_MESSAGE', retriable: true },
  3: {
    name: 'UNKNOWN_TOPIC_OR_PARTITION',
    retriable: true,
    refresh: 'leader',
    meaning: 'the topic or partition does not exist, or the broker has not heard of it yet',
  },
  4: { name: 'INVALID_FETCH_SIZE' },
  5: {
    name: 'LEADER_NOT_AVAILABLE',
    retriable: true,
    refresh: 'leader',
    meaning: 'the partition has no leader at the moment',
  },
  6: {
    name: 'NOT_LEADER_OR_FOLLOWER',
    retriable: true,
    refresh: 'leader',
    meaning: 'another broker leads the partition',
  },
  7: {
    name: 'REQUEST_TIMED_OUT',
    retriable: true,
    meaning: 'the broker gave up waiting for replicas; a Produce that carries a base offset is appended',
  },
  8: { name: 'BROKER_NOT_AVAILABLE', retriable: true },
  9: { name: 'REPLICA_NOT_AVAILABLE', retriable: true, refresh: 'leader' },
  10: {
    name: 'MESSAGE_TOO_LARGE',
    meaning: 'the batch is larger than max.message.bytes, or writes to the topic are fenced by it',
  },
  11: { name: 'STALE_CONTROLLER_EPOCH' },
  12: { name: 'OFFSET_METADATA_TOO_LARGE' },
  13: {
    name: 'NETWORK_EXCEPTION',
    retriable: true,
    refresh: 'leader',
    meaning: 'no answer came from the broker; whether the request was carried out is unknown',
  },
  14: {
    name: 'COORDINATOR_LOAD_IN_PROGRESS',
    retriable: true,
    refresh: 'coordinator',
    meaning: 'the coordinator is still reading its partition',
  },
  15: {
    name: 'COORDINATOR_NOT_AVAILABLE',
    retriable: true,
    refresh: 'coordinator',
    meaning: 'the coordinator is moving',
  },
  16: {
    name: 'NOT_COORDINATOR',
    retriable: true,
    refresh: 'coordinator',
    meaning: 'another broker is the coordinator',
  },
  17: { name: 'INVALID_TOPIC_EXCEPTION' },
  18: { name: 'RECORD_LIST_TOO_LARGE' },
  19: {
    name: 'NOT_ENOUGH_REPLICAS',
    retriable: true,
    meaning: 'fewer replicas in sync than min.insync.replicas; nothing is appended',
  },
  20: {
    name: 'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
    retriable: true,
    meaning: 'appended by the leader, then fewer replicas in sync than min.insync.replicas',
  },
  21: { name: 'INVALID_REQUIRED_ACKS' },
  22: { name: 'ILLEGAL_GENERATION', meaning: 'the group has members; a simple consumer may not commit' },
  23: { name: 'INCONSISTENT_GROUP_PROTOCOL' },
  24: { name: 'INVALID_GROUP_ID' },
  25: { name: 'UNKNOWN_MEMBER_ID', meaning: 'the group has members; a simple consumer may not commit' },
  26: { name: 'INVALID_SESSION_TIMEOUT' },
  27: { name: 'REBALANCE_IN_PROGRESS', meaning: 'the group is rebalancing, so it has members' },
  28: { name: 'INVALID_COMMIT_OFFSET_SIZE' },
  29: { name: 'TOPIC_AUTHORIZATION_FAILED' },
  30: { name: 'GROUP_AUTHORIZATION_FAILED' },
  31: { name: 'CLUSTER_AUTHORIZATION_FAILED' },
  32: { name: 'INVALID_TIMESTAMP', meaning: 'the timestamp lies outside of what the topic accepts' },
  33: { name: 'UNSUPPORTED_SASL_MECHANISM' },
  34: { name: 'ILLEGAL_SASL_STATE' },
  35: { name: 'UNSUPPORTED_VERSION' },
  36: { name: 'TOPIC_ALREADY_EXISTS', meaning: 'the topic is there already' },
  37: { name: 'INVALID_PARTITIONS' },
  38: { name: 'INVALID_REPLICATION_FACTOR' },
  39: { name: 'INVALID_REPLICA_ASSIGNMENT' },
  40: { name: 'INVALID_CONFIG' },
  41: { name: 'NOT_CONTROLLER', retriable: true, refresh: 'controller' },
  42: { name: 'INVALID_REQUEST' },
  43: { name: 'UNSUPPORTED_FOR_MESSAGE_FORMAT' },
  44: { name: 'POLICY_VIOLATION' },
  45: {
    name: 'OUT_OF_ORDER_SEQUENCE_NUMBER',
    meaning: 'the sequence does not continue what the broker knows of the producer',
  },
  46: { name: 'DUPLICATE_SEQUENCE_NUMBER', meaning: 'the batch was appended before and its offset is no longer known' },
  47: { name: 'INVALID_PRODUCER_EPOCH', meaning: 'a newer epoch of the producer id is in force' },
  48: { name: 'INVALID_TXN_STATE', meaning: 'the transaction is in a state that does not allow the call' },
  49: { name: 'INVALID_PRODUCER_ID_MAPPING', meaning: 'the transactional id belongs to another producer id' },
  50: { name: 'INVALID_TRANSACTION_TIMEOUT' },
  51: {
    name: 'CONCURRENT_TRANSACTIONS',
    retriable: true,
    meaning: 'the previous transaction of the id is still being completed',
  },
  52: { name: 'TRANSACTION_COORDINATOR_FENCED' },
  53: { name: 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED' },
  54: { name: 'SECURITY_DISABLED' },
  55: { name: 'OPERATION_NOT_ATTEMPTED' },
  56: {
    name: 'KAFKA_STORAGE_ERROR',
    retriable: true,
    refresh: 'leader',
    meaning: 'the disk under the partition has failed',
  },
  57: { name: 'LOG_DIR_NOT_FOUND' },
  58: { name: 'SASL_AUTHENTICATION_FAILED' },
  59: { name: 'UNKNOWN_PRODUCER_ID', meaning: 'the broker has forgotten the producer id' },
  60: { name: 'REASSIGNMENT_IN_PROGRESS' },
  61: { name: 'DELEGATION_TOKEN_AUTH_DISABLED' },
  62: { name: 'DELEGATION_TOKEN_NOT_FOUND' },
  63: { name: 'DELEGATION_TOKEN_OWNER_MISMATCH' },
  64: { name: 'DELEGATION_TOKEN_REQUEST_NOT_ALLOWED' },
  65: { name: 'DELEGATION_TOKEN_AUTHORIZATION_FAILED' },
  66: { name: 'DELEGATION_TOKEN_EXPIRED' },
  67: { name: 'INVALID_PRINCIPAL_TYPE' },
  68: { name: 'NON_EMPTY_GROUP' },
  69: { name: 'GROUP_ID_NOT_FOUND', meaning: 'the group does not exist, or is of another protocol' },
  70: { name: 'FETCH_SESSION_ID_NOT_FOUND', retriable: true },
  71: { name: 'INVALID_FETCH_SESSION_EPOCH', retriable: true },
  72: { name: 'LISTENER_NOT_FOUND', retriable: true, refresh: 'leader' },
  73: { name: 'TOPIC_DELETION_DISABLED' },
  74: {
    name: 'FENCED_LEADER_EPOCH',
    retriable: true,
    refresh: 'leader',
    meaning: 'the leader epoch in the request is older than the partition',
  },
  75: {
    name: 'UNKNOWN_LEADER_EPOCH',
    retriable: true,
    refresh: 'leader',
    meaning: 'the leader epoch in the request is newer than the broker knows',
  },
  76: { name: 'UNSUPPORTED_COMPRESSION_TYPE' },
  77: { name: 'STALE_BROKER_EPOCH' },
  78: {
    name: 'OFFSET_NOT_AVAILABLE',
    retriable: true,
    refresh: 'leader',
    meaning: 'a new leader does not know its high watermark yet',
  },
  79: { name: 'MEMBER_ID_REQUIRED' },
  80: { name: 'PREFERRED_LEADER_NOT_AVAILABLE', retriable: true },
  81: { name: 'GROUP_MAX_SIZE_REACHED' },
  82: { name: 'FENCED_INSTANCE_ID' },
  83: { name: 'ELIGIBLE_LEADERS_NOT_AVAILABLE', retriable: true },
  84: { name: 'ELECTION_NOT_NEEDED' },
  85: { name: 'NO_REASSIGNMENT_IN_PROGRESS' },
  86: { name: 'GROUP_SUBSCRIBED_TO_TOPIC' },
  87: { name: 'INVALID_RECORD', meaning: 'the record or its sequence is invalid' },
  88: { name: 'UNSTABLE_OFFSET_COMMIT', retriable: true },
  89: { name: 'THROTTLING_QUOTA_EXCEEDED', retriable: true, meaning: 'a quota of the controller is used up' },
  90: { name: 'PRODUCER_FENCED', meaning: 'a newer epoch of the transactional id is in force' },
  91: { name: 'RESOURCE_NOT_FOUND' },
  92: { name: 'DUPLICATE_RESOURCE' },
  93: { name: 'UNACCEPTABLE_CREDENTIAL' },
  94: { name: 'INCONSISTENT_VOTER_SET' },
  95: { name: 'INVALID_UPDATE_VERSION' },
  96: { name: 'FEATURE_UPDATE_FAILED' },
  97: { name: 'PRINCIPAL_DESERIALIZATION_FAILURE' },
  98: { name: 'SNAPSHOT_NOT_FOUND' },
  99: { name: 'POSITION_OUT_OF_RANGE' },
  100: {
    name: 'UNKNOWN_TOPIC_ID',
    retriable: true,
    refresh: 'leader',
    meaning: 'no topic has this id: it was deleted or recreated, or the broker has not heard of it yet',
  },
  101: { name: 'DUPLICATE_BROKER_REGISTRATION' },
  102: { name: 'BROKER_ID_NOT_REGISTERED' },
  103: {
    name: 'INCONSISTENT_TOPIC_ID',
    retriable: true,
    refresh: 'leader',
    meaning: 'the topic was recreated under the same name',
  },
  104: { name: 'INCONSISTENT_CLUSTER_ID' },
  105: {
    name: 'TRANSACTIONAL_ID_NOT_FOUND',
    meaning: 'the coordinator does not know the transactional id, or it has expired',
  },
  106: { name: 'FETCH_SESSION_TOPIC_ID_ERROR', retriable: true },
  107: { name: 'INELIGIBLE_REPLICA' },
  108: { name: 'NEW_LEADER_ELECTED' },
  109: { name: 'OFFSET_MOVED_TO_TIERED_STORAGE' },
  110: { name: 'FENCED_MEMBER_EPOCH' },
  111: { name: 'UNRELEASED_INSTANCE_ID' },
  112: { name: 'UNSUPPORTED_ASSIGNOR' },
  113: { name: 'STALE_MEMBER_EPOCH' },
  114: { name: 'MISMATCHED_ENDPOINT_TYPE' },
  115: { name: 'UNSUPPORTED_ENDPOINT_TYPE' },
  116: { name: 'UNKNOWN_CONTROLLER_ID' },
  117: { name: 'UNKNOWN_SUBSCRIPTION_ID' },
  118: { name: 'TELEMETRY_TOO_LARGE' },
  119: { name: 'INVALID_REGISTRATION' },
  120: { name: 'TRANSACTION_ABORTABLE' },
  121: { name: 'INVALID_RECORD_STATE' },
  122: { name: 'SHARE_SESSION_NOT_FOUND' },
  123: { name: 'INVALID_SHARE_SESSION_EPOCH' },
  124: { name: 'FENCED_STATE_EPOCH' },
  125: { name: 'INVALID_VOTER_KEY' },
  126: { name: 'DUPLICATE_VOTER' },
  127: { name: 'VOTER_NOT_FOUND' },
  128: { name: 'INVALID_REGULAR_EXPRESSION' },
  129: { name: 'REBOOTSTRAP_REQUIRED', meaning: 'the broker asks clients to start again from the bootstrap addresses' },
  130: { name: 'STREAMS_INVALID_TOPOLOGY' },
  131: { name: 'STREAMS_INVALID_TOPOLOGY_EPOCH' },
  132: { name: 'STREAMS_TOPOLOGY_FENCED' },
  133: { name: 'SHARE_SESSION_LIMIT_REACHED' },
}

/** For example `NOT_LEADER_OR_FOLLOWER` for 6; `UNKNOWN_CODE_999` for a code this table does not have. */
export function errorName(code: number): string {
  return PROTOCOL_ERRORS[code]?.name ?? `UNKNOWN_CODE_${code}`
}

/** True where the same request may succeed later without anyone doing anything. */
export function isRetriableCode(code: number): boolean {
  return PROTOCOL_ERRORS[code]?.retriable ?? false
}

/** What the code means to Isthmus, as half a sentence; undefined where its name says it all. */
export function errorMeaning(code: number): string | undefined {
  return PROTOCOL_ERRORS[code]?.meaning
}

/** What is to be looked up again before the request is repeated. */
export function staleAfter(code: number): ProtocolError['refresh'] {
  return PROTOCOL_ERRORS[code]?.refresh
}

/** True for the codes by which a broker says that a newer epoch has taken over: 47 and 90. */
export function isFencedCode(code: number): boolean {
  return code === 47 || code === 90
}

/** True for refusals by an authorizer: topic, group, cluster, transactional id, delegation token. */
export function isAuthorizationCode(code: number): boolean {
  return code === 29 || code === 30 || code === 31 || code === 53 || code === 65
}
