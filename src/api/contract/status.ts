import { Type } from 'typebox'
import { AutomaticBody } from './automatic.ts'
import { atMs, count, nullableInteger, nullableNumber, nullableText, object, orNull, text } from './schema-kit.ts'

export const FaultBody = object(
  {
    code: text('Stable code, such as `FLOW_DIVERGED`.'),
    message: text('What happened.'),
    remedy: text('What to do.'),
    sinceMs: atMs('When it was first seen.'),
  },
  'Why a flow stands still, or what it cannot get past.',
)

export const HeldBackBody = object(
  {
    state: Type.Enum(['open', 'ending', 'hanging', 'unknown'], {
      description:
        '`open`: a long transaction that its coordinator ends at its timeout at the latest. `ending`: its markers are ' +
        'under way. `hanging`: nothing will end it but an operator. `unknown`: nothing can be said yet.',
    }),
    reason: text('A sentence for the operator.'),
    producerId: Type.Unsafe<string | null>({
      type: ['string', 'null'],
      description: 'Producer of the transaction; a string, because it may exceed 2^53. Null while unknown.',
    }),
    transactionalId: Type.Unsafe<string | null>({
      type: ['string', 'null'],
      description: 'Its transactional id; null while unknown.',
    }),
    openSinceMs: nullableInteger('When it began, or was last written to where that is not known.'),
    sinceMs: atMs('When the last stable offset was first seen to stand.'),
  },
  'What holds back the last stable offset of the source for longer than `heldBackSeconds`.',
)

export const FlowState = Type.Enum(['starting', 'running', 'recovering', 'stopped', 'elsewhere'])

export const FlowBody = object(
  {
    topic: text('Name at the source.'),
    targetTopic: text('Name at the target.'),
    partition: count('Partition, the same on both sides.'),
    state: FlowState,
    reason: text('A sentence for the operator.'),
    sourceNext: nullableInteger('Every source offset below it is on the target or accounted for.'),
    targetNext: nullableInteger('Every target offset below it is acknowledged.'),
    sourceStart: nullableInteger('First offset the source still serves.'),
    sourceEnd: nullableInteger('End of what committed readers can see at the source, as last observed.'),
    heldBackRecords: nullableInteger('Offsets behind `sourceEnd` that an open transaction holds back from readers.'),
    heldBack: Type.Optional(HeldBackBody),
    lagRecords: nullableInteger('Offsets still to copy, an upper bound of records. Null while unknown.'),
    lagSeconds: nullableNumber('Age of the oldest record that is not on the target yet. Null while unknown.'),
    observedAtMs: nullableInteger('When `sourceEnd` was last observed, milliseconds since 1970.'),
    offsetsIdentical: Type.Boolean({ description: 'True while every source offset equals its target offset.' }),
    recordsCopied: count('Since the process started.'),
    bytesCopied: count('Since the process started.'),
    recordsLost: count('Source offsets that were gone before they could be copied.'),
    recordsFiltered: count("Records left out by the link's filter."),
    recordsQuarantined: count('Records that the target refused and that are in its quarantine topic.'),
    recordsSkipped: count('Records that the target refused and that were left out.'),
    batchesPassed: count('Record batches that went through unopened.'),
    batchesRepacked: Type.Record(Type.String(), Type.Integer({ minimum: 0 }), {
      description: `Record batches that were opened and packed again, by reason.`,
    }),
    fault: Type.Optional(FaultBody),
  },
  'One topic partition over a link.',
)
export type FlowBody = Type.Static<typeof FlowBody>

export const LinkState = Type.Enum(['starting', 'running', 'degraded', 'paused', 'stopped'])

export const LinkBody = object(
  {
    link: text('Name of the link.'),
    source: text('Region that is copied from.'),
    target: text('Region that is copied to.'),
    state: LinkState,
    reason: text('A sentence for the operator.'),
    flows: object(
      {
        starting: count('Flows that have not begun.'),
        running: count('Flows that copy.'),
        recovering: count('Flows that go on by themselves after a trouble.'),
        stopped: count('Flows that need an operator.'),
        elsewhere: count('Flows that another replicator copies.'),
      },
      'Flows by state.',
    ),
    lagRecords: nullableInteger('Sum over the flows whose lag is known; null where none is.'),
    lagSeconds: nullableNumber('The most of any flow whose lag is known; null where none is.'),
    heldBackRecords: count('Offsets that open transactions hold back at the source, over all flows.'),
    heldBackFlows: count('Flows held back so for longer than `heldBackSeconds`.'),
    hangingFlows: count('Flows that a hanging transaction holds back: they need an operator.'),
    lagAgeSeconds: nullableNumber(
      'Seconds since the end of the source was last observed: the most of any flow of this process. Null where one of them never was, or there is none.',
    ),
    lagUnknownFlows: count('Flows of this process whose lag is not known: the sums above leave them out.'),
    refusedTopics: count('Selected topics that are not copied.'),
    pendingDeletions: count('Copies that will be deleted, because their source topic is gone.'),
    groups: count('Consumer groups whose positions are looked after.'),
    positionsAgeSeconds: nullableNumber(
      'Seconds since the positions of every group were last known to be in step: the most of any group. Null where one ' +
        'never was, or there is none.',
    ),
    rereadRecords: nullableInteger(
      'Records that all groups together would read again if they moved now. Null while unknown.',
    ),
    rereadingGroups: Type.Array(Type.String(), {
      description:
        'The first 20 groups that would read records again if they moved now, or of which that is not known.',
    }),
    recordsCopied: count('Since the process started.'),
    bytesCopied: count('Since the process started.'),
    recordsLost: count('Source offsets that were gone before they could be copied.'),
  },
  'A directed copy.',
)
export type LinkBody = Type.Static<typeof LinkBody>

export const MemberBody = object(
  {
    target: text('Name of the region that is copied to.'),
    name: text('Its name in the group.'),
    isThisProcess: Type.Boolean({ description: 'True for the process that answers.' }),
    shards: Type.Array(Type.Integer(), { description: 'Shards of the target that the group gives to it.' }),
    differs: Type.Union([Type.String(), Type.Null()], {
      description:
        'How its links differ from those of the replicators that have the shards: it gets none until the last of them ' +
        'has stopped. Null where they do not.',
    }),
  },
  'A replicator that shares the work on a target.',
)
export type MemberBody = Type.Static<typeof MemberBody>

const FailoverGroupSummary = object(
  {
    group: text('Name of the failover group.'),
    active: text('The region that is active.'),
    epoch: count('Number of its reign.'),
    since: text('When that began, ISO 8601.'),
    regions: Type.Array(
      object(
        {
          region: text('Name of the region.'),
          role: Type.Enum(['active', 'standby', 'lost', 'returning', 'reseeding']),
          waiting: Type.Unsafe<string | null>({
            type: ['string', 'null'],
            description: 'What a person has to do about its return; null where nothing.',
          }),
          unfenced: Type.Unsafe<string | null>({
            type: ['string', 'null'],
            description:
              'Why nothing proves that applications cannot write to the standby; null where it is fenced, where it is no standby, and in a process that does not look at fences.',
          }),
          members: nullableInteger(
            'Members of its consumer groups there, where it is not active; null where that is not known, and in a ' +
              'process that does not lead.',
          ),
        },
        'A region of the group.',
      ),
    ),
    operation: Type.Unsafe<string | null>({
      type: ['string', 'null'],
      description: 'The move that runs, such as `switchover to us-east: draining`; null where none does.',
    }),
    operationId: nullableText('Its id, which `isthmus operation` takes; null where none runs.'),
    needsOperator: Type.Boolean({ description: 'Whether the move or the return of a region waits for a person.' }),
    isPaused: Type.Boolean({ description: 'Whether new moves are refused.' }),
    openIncidents: count('Incidents of its links that nobody has acknowledged, in whichever process.'),
    automatic: Type.Optional(AutomaticBody),
    lastDrill: orNull(
      object(
        {
          id: text('Id of the drill.'),
          level: text('Its level.'),
          outcome: text('How it ended.'),
          at: text('When it ended, ISO 8601.'),
        },
        'The drill that ended last.',
      ),
      'Null where none has ended.',
    ),
  },
  'A failover group, as this process has read it last.',
)

const GateBody = object(
  {
    region: text('The region that the agent stands in.'),
    position: Type.Enum(['open', 'closed', 'unknown'], {
      description: '`unknown` until the agent has opened or closed it, and while a program does so.',
    }),
    isSettled: Type.Boolean({
      description: 'Whether it has a position, or is to be as it is; `/readyz` waits for it.',
    }),
    reason: text('A sentence for the operator: why, and what keeps it from that.'),
    sinceMs: atMs('Since when it has this position.'),
  },
  'The listeners for clients that an agent opens and closes.',
)

const ConfigBody = object(
  {
    file: text('Path of the file.'),
    appliedAtMs: atMs('When what counts now was read: at the start, or at the last change that was put into force.'),
    restartKeys: Type.Array(Type.String(), {
      description: 'Keys that have changed in the file and count only after a restart.',
    }),
    refused: Type.Unsafe<string | null>({
      type: ['string', 'null'],
      description: 'Why the file as it stands is not used; null where it is.',
    }),
    held: Type.Unsafe<string | null>({
      type: ['string', 'null'],
      description: 'What a change waits for, such as the end of a move; null where none does.',
    }),
  },
  'The configuration file, which is read again when it changes.',
)
export type ConfigBody = Type.Static<typeof ConfigBody>

const CopyBody = object(
  {
    link: text('Name of the link.'),
    processes: count('How many processes tell of flows of their own.'),
    flows: count('Its flows, as the one that knows of most has it.'),
    toldFlows: count(
      'Flows that the processes have together. Only where it is equal to `flows` are the sums those of the link.',
    ),
    lagUnknownFlows: count('Of those, the ones whose lag is not known: the sums leave them out.'),
    lagRecords: nullableInteger('Sum over all of them; null where nobody tells of any.'),
    lagSeconds: nullableNumber('The most of any; null where nobody tells of any.'),
    lagAgeSeconds: nullableNumber(
      'Seconds since the end of the source was last seen: the most of any; null where one never was.',
    ),
    openIncidents: count('Incidents of it that nobody has acknowledged.'),
  },
  'A link as all processes together tell of it, by the reports of their vantage points.',
)
export type CopyBody = Type.Static<typeof CopyBody>

export const StatusBody = object(
  {
    atMs: atMs('When this was true.'),
    version: text('Version of Isthmus.'),
    summary: text('One sentence for the operator.'),
    regions: Type.Array(
      object(
        {
          region: text('Name of the region.'),
          sourceOf: Type.Array(Type.String(), { description: 'Links that copy from it.' }),
          targetOf: Type.Array(Type.String(), { description: 'Links that copy to it.' }),
        },
        'A Kafka cluster and its links.',
      ),
    ),
    failoverGroups: Type.Array(FailoverGroupSummary),
    gate: Type.Optional(GateBody),
    config: Type.Optional(ConfigBody),
    links: Type.Array(LinkBody),
    copies: Type.Array(CopyBody, {
      description: 'Links as all processes together tell of them, also where this one copies nothing.',
    }),
    openIncidents: count('Incidents that nobody has acknowledged, of all links of this process; see `/incidents`.'),
    anonymous: Type.Enum(['none', 'viewer', 'operator', 'admin'], {
      description: 'What callers without credentials may do here.',
    }),
    members: Type.Array(MemberBody, {
      description: 'Replicators that share the work, this one included; none where nothing is shared or nobody joined.',
    }),
  },
  'What this process knows right now.',
)
export type StatusBody = Type.Static<typeof StatusBody>
export type FailoverGroupSummary = Type.Static<typeof FailoverGroupSummary>

export const LinksBody = object({ links: Type.Array(LinkBody) }, 'Every link of this process.')
export type LinksBody = Type.Static<typeof LinksBody>

export const FlowsBody = object(
  {
    link: text('Name of the link.'),
    total: count('Flows that match, over all pages.'),
    next: Type.Unsafe<string | null>({
      type: ['string', 'null'],
      description: 'Give it as `after` for the next page; null on the last.',
    }),
    flows: Type.Array(FlowBody),
  },
  'A page of flows, in the order of topic and partition.',
)
export type FlowsBody = Type.Static<typeof FlowsBody>

export const TopicsBody = object(
  {
    link: text('Name of the link.'),
    refused: Type.Array(
      object(
        {
          topic: text('Name at the source.'),
          targetTopic: text('Name at the target.'),
          code: text('Stable code, such as `TOPIC_WOULD_CYCLE`.'),
          message: text('Why it is not copied.'),
          remedy: text('What to do.'),
        },
        'A selected topic that is not copied.',
      ),
    ),
    pendingDeletions: Type.Array(
      object(
        {
          topic: text('Name at the source, where it is gone.'),
          targetTopic: text('The copy.'),
          sinceMs: atMs('When the source topic was first found gone.'),
          leftSeconds: count('Until the copy is deleted, as of the last look.'),
        },
        'A copy that will be deleted.',
      ),
    ),
  },
  'Topics of a link that are not simply copied.',
)
export type TopicsBody = Type.Static<typeof TopicsBody>

export const FlowsQuery = object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100, description: 'Flows a page.' })),
    after: Type.Optional(Type.String({ maxLength: 300, description: '`next` of the page before.' })),
    topic: Type.Optional(Type.String({ maxLength: 249, description: 'Only this topic, by its name at the source.' })),
    state: Type.Optional(FlowState),
  },
  'Which flows.',
)
export type FlowsQuery = Type.Static<typeof FlowsQuery>
