import { describeError, isFault } from '../../core/index.ts'
import type { PartitionProducers, TopicMetadata } from '../../kafka/index.ts'
import { securityFaults } from '../faults.ts'
import {
  concludeLift,
  type FenceClaim,
  type FenceContext,
  markLifted,
  newRecord,
  tellApplied,
  tellLifted,
} from './acl-fence.ts'
import { firstPartition } from './prove-fence.ts'
import { explainSilence, tryCanary } from './canary.ts'
import { fenceKeyOf, type FenceRecord, STANDING } from './fence-record.ts'
import type { AppliedFence, FenceStep, LiftedFence } from './fence-step.ts'
import { type BrokerProof, type FenceProof } from './judge-fence.ts'
import { callBounded, isUndecided } from './region-access.ts'

/**
 * The last resort, for a source that is being left: `max.message.bytes=0`. It refuses everybody, Isthmus and the markers
 * that end transactions included: a broker drops the marker of a commit that it has already confirmed, and the
 * transaction hangs until its coordinator moves. So never on a standby, and never while a transactional producer has
 * written to one of the topics lately. What the topics had before is on record before the first of them is changed.
 */
const CONFIG = 'max.message.bytes'
const FENCING_VALUE = '0'
const CALLS_AT_ONCE = 20
const NAMES_PER_REQUEST = 500

export async function applyTopicConfig(
  context: FenceContext,
  { claim, topics }: { readonly claim: FenceClaim; readonly topics: readonly TopicMetadata[] },
  signal: AbortSignal,
): Promise<FenceStep<AppliedFence>> {
  const { book, clock } = context
  const startedMs = clock.monotonicMs()
  if (claim.operation === STANDING) return refuse(context, claim, 'it is a standby, and copies would be refused too')
  const obstacle = await findTransactional(context, topics, signal)
  if (obstacle !== undefined) return refuse(context, claim, obstacle)
  const { records } = await book.list(signal)
  const key = fenceKeyOf({ ...claim, means: 'topic-config' })
  const before = records.find((record) => fenceKeyOf(record) === key && record.lifted === null)
  const now = await readOverrides(context, topics, signal)
  const record = before ?? newRecord(context, claim, 'topic-config')
  const going = { ...record, configsBefore: { ...Object.fromEntries(now), ...record.configsBefore } }
  const open = [...now].filter(([, value]) => value !== FENCING_VALUE).map(([topic]) => topic)
  // On record before the first call: who ends in the middle of one cannot tell what becomes of it.
  const noted = { ...going, mayLandLate: going.mayLandLate || open.length > 0 }
  let isRecorded = await book.put(noted, signal)
  const failure = await setAll(context, new Map(open.map((topic) => [topic, FENCING_VALUE])), signal)
  if (failure !== undefined) return failure
  if (noted.mayLandLate !== going.mayLandLate) isRecorded = await book.put(going, signal)
  // A transaction that began meanwhile can never end here: better no fence than this one.
  const begun = await findTransactional(context, topics, signal)
  if (begun !== undefined) {
    const undone = await liftTopicConfig(context, going, claim.by, signal)
    return undone.kind === 'done' ? refuse(context, claim, begun) : undone
  }
  const tookMs = Math.round(clock.monotonicMs() - startedMs)
  if (open.length > 0) tellApplied(context, going, { added: open.length, tookMs, isRecorded })
  const added = open.length
  const entries = topics.length
  return {
    kind: 'done',
    evidence: { means: 'topic-config', mode: undefined, entries, added, brokers: [], isRecorded, tookMs },
  }
}

/** Puts back what the topics had, where they still have the value of the fence. */
export async function liftTopicConfig(
  context: FenceContext,
  record: FenceRecord,
  by: string,
  signal: AbortSignal,
): Promise<FenceStep<LiftedFence>> {
  const { book, cluster } = context
  const going = markLifted(context, record, by)
  await book.put(going, signal)
  const names = Object.keys(record.configsBefore)
  const { topics } = await callBounded(context, 'Metadata', signal, (signal) => cluster.metadata(names, signal))
  const present = topics.filter(({ errorCode }) => errorCode === 0)
  const now = await readOverrides(context, present, signal)
  const values = Object.entries(record.configsBefore).filter(([topic]) => now.get(topic) === FENCING_VALUE)
  const failure = await setAll(context, new Map(values), signal)
  if (failure !== undefined) return failure
  const removed = values.length
  const isQuiet = await concludeLift(context, going, { isSettled: false, isCalm: removed === 0 }, signal)
  if (record.lifted === null) tellLifted(context, record, { by, removed, kept: 0 })
  return { kind: 'done', evidence: { found: 1, removed, kept: 0, isQuiet } }
}

/** Asks the leader of each topic's first partition to store a damaged record; Isthmus itself is refused by size, too. */
export async function proveTopicConfig(
  context: FenceContext,
  topics: readonly TopicMetadata[],
  signal: AbortSignal,
): Promise<FenceProof> {
  const byLeader = Map.groupBy(topics, ({ partitions }) => partitions[0]?.leaderId ?? -1)
  const brokers = await Promise.all(
    [...byLeader].map(([nodeId, led]) => askLeader(context, { nodeId, topics: led }, signal)),
  )
  const worst = (['open', 'unknown'] as const).find((verdict) => brokers.some((it) => it.verdict === verdict))
  const telling = brokers.find(({ verdict }) => verdict === worst)
  return {
    verdict: worst ?? 'fenced',
    strength: worst === undefined ? 'refused' : 'described',
    reason: telling === undefined ? 'every leader refuses records by their size' : telling.reason,
    brokers,
    topicsTried: topics.length,
    obstacles: [],
    atMs: context.clock.nowMs(),
  }
}

async function askLeader(
  context: FenceContext,
  { nodeId, topics }: { readonly nodeId: number; readonly topics: readonly TopicMetadata[] },
  signal: AbortSignal,
): Promise<BrokerProof> {
  const silent = (reason: string): BrokerProof => ({
    nodeId,
    verdict: 'unknown',
    missing: 0,
    canary: 'unanswered',
    reason,
  })
  if (nodeId < 0) return silent(`${topics[0]?.name}-0 has no leader`)
  try {
    const tried = topics.map(firstPartition)
    const answers = await tryCanary(context, { cluster: context.cluster, nodeId, topics: tried }, signal)
    const open = answers.find(({ state }) => state !== 'too-large')
    if (open === undefined)
      return { nodeId, verdict: 'fenced', missing: 0, canary: 'refused', reason: 'refused by size' }
    const reason = `broker ${nodeId} answers code ${open.code} for ${open.topic}`
    // 6: another broker leads it by now.
    if (open.state !== 'accepted' || open.code === 6) return silent(reason)
    return { nodeId, verdict: 'open', missing: 1, canary: 'accepted', reason }
  } catch (error) {
    signal.throwIfAborted()
    return silent(`broker ${nodeId} ${explainSilence(error)}`)
  }
}

function refuse({ region }: FenceContext, { group }: FenceClaim, reason: string): FenceStep<never> {
  return { kind: 'failed', fault: securityFaults.fault('FENCE_TOPIC_CONFIG_REFUSED', { region, group, reason }) }
}

/** A partition that knows a transactional producer, or could not be asked, as a sentence. */
async function findTransactional(
  context: FenceContext,
  topics: readonly TopicMetadata[],
  signal: AbortSignal,
): Promise<string | undefined> {
  const partitions = topics.flatMap(({ name, partitions }) =>
    partitions.map(({ partition }) => ({ topic: name, partition })),
  )
  const described = await callBounded(context, 'DescribeProducers', signal, (signal) =>
    context.cluster.describeProducers(partitions, signal),
  )
  const found = described.find((it) => it.errorCode !== 0 || hasTransactional(it))
  if (found === undefined) return undefined
  const place = `${found.topic}-${found.partition}`
  if (found.errorCode !== 0) return `the producers of ${place} cannot be listed (code ${found.errorCode})`
  return `a transactional producer has written to ${place}`
}

/** Markers name their coordinator, so a producer that ended a transaction here is known by its coordinator epoch. */
function hasTransactional({ producers }: PartitionProducers): boolean {
  return producers.some((it) => it.currentTxnStartOffset >= 0 || it.coordinatorEpoch >= 0)
}

/** The overrides of the topics: null for none. */
async function readOverrides(
  context: FenceContext,
  topics: readonly TopicMetadata[],
  signal: AbortSignal,
): Promise<Map<string, string | null>> {
  const names = topics.map(({ name }) => name)
  const overrides = new Map<string, string | null>()
  for (let at = 0; at < names.length; at += NAMES_PER_REQUEST) {
    const described = await callBounded(context, 'DescribeConfigs', signal, (signal) =>
      context.cluster.describeTopicConfigs(names.slice(at, at + NAMES_PER_REQUEST), signal),
    )
    for (const { topic, entries } of described) {
      const entry = entries.find(({ name, source }) => name === CONFIG && source === 'topic')
      overrides.set(topic, entry?.value ?? null)
    }
  }
  return overrides
}

async function setAll(
  context: FenceContext,
  values: ReadonlyMap<string, string | null>,
  signal: AbortSignal,
): Promise<FenceStep<never> | undefined> {
  const pending = [...values]
  try {
    for (let at = 0; at < pending.length; at += CALLS_AT_ONCE) {
      await Promise.all(
        pending
          .slice(at, at + CALLS_AT_ONCE)
          .map(([topic, value]) =>
            callBounded(context, 'IncrementalAlterConfigs', signal, (signal) =>
              context.cluster.alterTopicConfigs(topic, { [CONFIG]: value }, signal),
            ),
          ),
      )
    }
    return undefined
  } catch (error) {
    signal.throwIfAborted()
    if (isUndecided(error)) return { kind: 'unknown', reason: describeError(error) }
    if (isFault(error)) return { kind: 'failed', fault: error }
    throw error
  }
}
