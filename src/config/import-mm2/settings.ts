import type { DifferenceKind } from './plan.ts'

/**
 * What becomes of each setting of MirrorMaker 2 that the import does not turn into a key of its own, as data; the first
 * row that matches counts. A name that no row matches is told as not known.
 */
export interface SettingRule {
  readonly name: RegExp
  /** Only of such a value; of any otherwise. */
  readonly value?: RegExp
  readonly kind: DifferenceKind
  readonly isthmus: string
  readonly todo?: string
}

export const SETTING_RULES: readonly SettingRule[] = [
  {
    name: /^emit\.checkpoints\.|^checkpoints\.topic|^offset-syncs\.topic|^offset\.lag\.max$|^offset-syncs\.client/,
    kind: 'differs',
    isthmus:
      'positions are translated by an exact map in __isthmus.offset-map of the target; nothing is written to the source',
    todo: 'clients that read checkpoints (RemoteClusterUtils) take positions from the target, or from `isthmus offsets translate`',
  },
  {
    name: /^emit\.heartbeats\.|^heartbeats\.topic|^heartbeats\.replication/,
    kind: 'differs',
    isthmus: 'there are no heartbeat topics; the age and the lag of each flow are metrics and in `isthmus status`',
    todo: 'move alerts on heartbeats to isthmus_flow_lag_seconds and isthmus_flow_observation_age_seconds',
  },
  {
    name: /^sync\.topic\.acls\.enabled$/,
    value: /^\s*true\s*$/i,
    kind: 'decide',
    isthmus: 'ACLs are not copied: a copied grant opens a standby, and MirrorMaker 2 leaves out every right to write',
    todo: 'declare who may do what in each region with `security` policies; `isthmus doctor` names rights that differ',
  },
  { name: /^sync\.topic\.acls\./, kind: 'same', isthmus: 'ACLs are not copied' },
  {
    name: /^sync\.topic\.configs\.enabled$/,
    value: /^\s*false\s*$/i,
    kind: 'differs',
    isthmus: 'configs of copies follow the source, but for retention: a copy expires nothing by itself',
  },
  {
    name: /^sync\.topic\.configs\./,
    kind: 'same',
    isthmus: 'configs follow the source, with every look at the topics',
  },
  {
    name: /^(?:config\.properties\.(?:exclude|blacklist)|config\.property\.filter\.class|use\.(?:incremental|defaults))/,
    kind: 'decide',
    isthmus: 'which configs follow is fixed: those that change what records mean do, those of a broker’s own do not',
    todo: 'compare the configs of one topic on both sides after the first look',
  },
  {
    name: /^refresh\.(?:topics|groups)\.enabled$/,
    value: /^\s*false\s*$/i,
    kind: 'differs',
    isthmus: 'new topics, partitions and groups are always found',
    todo: 'name the topics one by one where new ones must not be copied',
  },
  {
    name: /^refresh\.|^sync\.group\.offsets\.interval/,
    kind: 'differs',
    isthmus:
      'topics are looked at every few seconds and positions every second: replication.topicSyncSeconds, positionSyncSeconds',
  },
  {
    name: /^(?:transforms|predicates)(?:\.|$)/,
    kind: 'decide',
    isthmus: 'no code of yours runs on records; a link has `transform`, which filters, sets headers and recompresses',
    todo: 'write what the transformations do as `transform`, or keep this flow with MirrorMaker 2',
  },
  {
    name: /^(?:key|value|header)\.converter/,
    kind: 'same',
    isthmus: 'keys, values and headers pass as the bytes that they are',
  },
  {
    name: /^(?:topic|group)\.filter\.class$|^forwarding\.admin\.class$/,
    kind: 'decide',
    isthmus: 'no class of yours is loaded',
    todo: 'write what the class selects into topics and consumerGroups, and make topics as Isthmus does, by the Admin API',
  },
  {
    name: /exactly\.once/,
    kind: 'differs',
    isthmus:
      'copying is always exactly once, without transactions: markers that MirrorMaker 2 has written stay where they are',
  },
  {
    name: /^replication\.factor$/,
    kind: 'differs',
    isthmus:
      'one factor holds for all targets: replication.replicationFactor; by default it is that of the target brokers',
  },
  {
    name: /^(?:source\.cluster\.|target\.cluster\.)?(?:(?:source|target)\.)?(?:producer|consumer|admin)\./,
    kind: 'differs',
    isthmus:
      'its clients are tuned by themselves; what links may take is `traffic`, what they hold is replication.bufferMb',
  },
  {
    name: /^(?:tasks\.max|connector\.|errors\.|name$|task\.|topic\.creation\.|max\.request|consumer\.poll\.timeout)/,
    kind: 'differs',
    isthmus: 'there are no tasks: several processes share the work of a target by themselves',
  },
  {
    name: /^(?:(?:config|offset|status)\.storage\.|group\.id$|listeners$|rest\.|admin\.listeners|dedicated\.mode|worker\.|plugin\.|scheduled\.rebalance|offset\.flush|heartbeat\.interval|session\.timeout|rebalance\.timeout|inter\.worker|client\.id|metric|internal\.)/,
    kind: 'differs',
    isthmus:
      'there are no Connect workers: the state of a copy stands in the target, the API is `api`, metrics are on /metrics',
    todo: 'the topics mm2-configs, mm2-offsets and mm2-status of the target may be deleted once MirrorMaker 2 is gone',
  },
  {
    name: /^config\.providers/,
    kind: 'decide',
    isthmus: 'secrets are read from files and environment variables alone',
    todo: 'have whatever the provider asks put its secrets into files',
  },
  {
    name: /^(?:ssl|sasl|security)\./,
    kind: 'differs',
    isthmus: 'TLS 1.2 and 1.3 with the ciphers of Node; a login is renewed with each connection',
  },
  {
    name: /^(?:retry|retries|reconnect|request|connections|metadata|default|socket|receive|send|api)[._]/,
    kind: 'differs',
    isthmus: 'waits and retries are its own, each with a bound',
  },
]

/** What the import itself turns into keys. */
export const TAKEN: ReadonlySet<string> = new Set([
  'enabled',
  'clusters',
  'bootstrap.servers',
  'topics',
  'topics.exclude',
  'topics.blacklist',
  'groups',
  'groups.exclude',
  'groups.blacklist',
  'replication.policy.class',
  'replication.policy.separator',
  'replication.policy.internal.topic.separator.enabled',
  'sync.group.offsets.enabled',
  'security.protocol',
  'sasl.mechanism',
  'sasl.jaas.config',
  'sasl.username',
  'sasl.password.secret',
  'ssl.truststore.location',
  'ssl.truststore.type',
  'ssl.truststore.password',
  'ssl.truststore.certificates',
  'ssl.truststore.secret',
  'ssl.keystore.location',
  'ssl.keystore.type',
  'ssl.keystore.password',
  'ssl.keystore.key',
  'ssl.keystore.certificate.chain',
  'ssl.keystore.secret',
  'ssl.key.password',
  'ssl.endpoint.identification.algorithm',
])
