import type { Clock } from '../core/index.ts'
import {
  type ClusterMetadata,
  decodeRecords,
  encodeBatch,
  errorName,
  isRetriableCode,
  type NewTopic,
  type ProbeChannel,
  readBatches,
} from '../kafka/index.ts'
import { regionFaults } from './faults.ts'
import { beginReading } from './quorum-look.ts'
import { decodeReport, type HeardReport } from './report.ts'
import type { ClockFinding } from './sample.ts'

/**
 * One record written to each leader of the topic `__isthmus.health` and read back: proof that the region takes writes,
 * how long they take, and what the time there is. The record's value is a report for the other vantage points, and what
 * is read in front of it are theirs.
 *
 * The broker stamps the records itself, so the age of a report is a difference of two readings of one clock.
 */
export const HEALTH_TOPIC = '__isthmus.health'

const LEADERS_MAX = 50
/** More than this in front of one's own canary is left unread: they are older than anything that counts. */
const READ_BACK_MAX = 500
const FETCHES_MAX = 20
const FETCH_BYTES = 256 * 1024
const FETCH_WAIT_MS = 500
const NOBODY = { producerId: -1n, producerEpoch: -1, baseSequence: -1 }
const OFFSET_OUT_OF_RANGE = 1

/** A partition for each broker, so that as a rule each leads one; small, because only the last minutes count. */
export function healthTopic(brokers: number): NewTopic {
  const replicationFactor = Math.min(3, brokers)
  return {
    topic: HEALTH_TOPIC,
    partitions: Math.min(brokers, LEADERS_MAX),
    replicationFactor,
    configs: {
      'cleanup.policy': 'delete',
      'retention.ms': '600000',
      'segment.ms': '600000',
      'segment.bytes': String(4 * 1024 * 1024),
      'min.insync.replicas': replicationFactor >= 3 ? '2' : '1',
      'message.timestamp.type': 'LogAppendTime',
    },
  }
}

export interface CanaryPlace {
  readonly topicId: string
  readonly partition: number
}

/** What became of one canary. `refused`: the broker cannot take it; `unusable`: it will not, which is about us only. */
export type CanaryOutcome =
  | {
      readonly kind: 'read'
      readonly tookMs: number
      readonly clock: ClockFinding | undefined
      readonly heard: readonly HeardReport[]
      /** Where the next one begins to read. */
      readonly nextOffset: number
    }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'unusable'; readonly reason: string }

export interface CanaryFlight {
  readonly channel: ProbeChannel
  readonly place: CanaryPlace
  readonly value: Buffer
  /** Undefined the first time. */
  readonly fromOffset: number | undefined
  readonly clock: Clock
  readonly timeoutMs: number
}

/** Throws what the connection throws. */
export async function flyCanary(flight: CanaryFlight): Promise<CanaryOutcome> {
  const { channel, place, value, clock, timeoutMs } = flight
  const startedMs = clock.monotonicMs()
  const reading = beginReading(clock)
  const batch = encodeBatch({ ...NOBODY, codec: 'none', records: [{ timestamp: clock.nowMs(), key: null, value }] })
  const answer = await channel.produce({
    // The broker is to say why before this side gives up.
    timeoutMs: Math.floor(timeoutMs * 0.8),
    batches: [{ topic: HEALTH_TOPIC, ...place, batch }],
  })
  const written = answer.partitions[0]
  if (written === undefined || written.errorCode !== 0) return refusal(written?.errorCode ?? -1, place)
  const { baseOffset, logAppendTimeMs } = written
  const isStamped = logAppendTimeMs >= 0
  const clockReading = isStamped ? reading.read(logAppendTimeMs) : undefined
  const oldest = Math.max(0, baseOffset - READ_BACK_MAX)
  const from = Math.min(baseOffset, Math.max(oldest, flight.fromOffset ?? 0))
  const reports = await readBack(flight, { from, through: baseOffset })
  if (typeof reports === 'number') return refusal(reports, place)
  const heard = reports.map(({ report, appendedMs }) => ({ report, ageMs: Math.max(0, logAppendTimeMs - appendedMs) }))
  const tookMs = clock.monotonicMs() - startedMs
  return { kind: 'read', tookMs, clock: clockReading, heard: isStamped ? heard : [], nextOffset: baseOffset + 1 }
}

interface StampedReport {
  readonly report: HeardReport['report']
  readonly appendedMs: number
}

/** Reads until one's own record has been seen; a number is the code that ended it. */
async function readBack(
  { channel, place }: CanaryFlight,
  { from, through }: { readonly from: number; readonly through: number },
): Promise<StampedReport[] | number> {
  const reports: StampedReport[] = []
  let offset = from
  for (let fetch = 0; fetch < FETCHES_MAX; fetch++) {
    const answer = await channel.fetch(fetchFrom(place, offset))
    const fetched = answer.partitions[0]
    const code = answer.errorCode || (fetched?.errorCode ?? -1)
    if (code === OFFSET_OUT_OF_RANGE && offset < through) {
      // Retention was faster.
      offset = through
      continue
    }
    if (fetched === undefined || code !== 0) return code
    for (const header of readBatches(fetched.records)) {
      for (const record of decodeRecords(fetched.records, header)) {
        if (record.offset < offset) continue
        offset = record.offset + 1
        const report = decodeReport(record.value)
        if (report !== undefined) reports.push({ report, appendedMs: record.timestamp })
      }
    }
    if (offset > through) return reports
  }
  throw regionFaults.fault('REGION_CANARY_UNREAD', { topic: HEALTH_TOPIC, offset: through })
}

function fetchFrom({ topicId, partition }: CanaryPlace, fetchOffset: number) {
  const unknownEpochs = { currentLeaderEpoch: -1, lastFetchedEpoch: -1 }
  return {
    maxWaitMs: FETCH_WAIT_MS,
    minBytes: 1,
    maxBytes: FETCH_BYTES,
    isolation: 'read_uncommitted' as const,
    rack: '',
    partitions: [{ topicId, partition, fetchOffset, maxBytes: FETCH_BYTES, ...unknownEpochs }],
  }
}

function refusal(code: number, { partition }: CanaryPlace): CanaryOutcome {
  const reason = `${HEALTH_TOPIC}-${partition} was refused with ${errorName(code)} (${code})`
  return { kind: isRetriableCode(code) ? 'refused' : 'unusable', reason }
}

/** Who leads which canary, by the newest epoch that any broker knows; leader -1 where there is none. */
export function canaryLeaders(answers: readonly ClusterMetadata[]): Map<number, CanaryPlace & { leaderId: number }> {
  const newest = new Map<number, CanaryPlace & { leaderId: number; leaderEpoch: number }>()
  for (const { topics } of answers) {
    for (const { name, topicId, partitions } of topics) {
      if (name !== HEALTH_TOPIC) continue
      for (const { partition, leaderId, leaderEpoch } of partitions) {
        if (leaderEpoch < (newest.get(partition)?.leaderEpoch ?? Number.NEGATIVE_INFINITY)) continue
        newest.set(partition, { topicId, partition, leaderId, leaderEpoch })
      }
    }
  }
  return newest
}
