import type { Clock } from '../../core/index.ts'
import type { Cluster } from '../../kafka/index.ts'
import { replicationFaults } from '../faults.ts'
import type { FlowSpec } from '../flows/flow.ts'
import { highWatermark, logStart, stableEnd } from '../flows/log-ends.ts'
import type { PartitionRef, RawReader } from '../flows/raw-reader.ts'
import { type AttributedSegment, SEGMENT_CAUSES } from '../offset-map/index.ts'
import { findCompacted } from '../topics/compacted.ts'
import { type OffsetRange, readCommitted } from '../verification/committed-log.ts'
import { Pace } from '../verification/pace.ts'
import { findRow } from './find-beginning.ts'
import { type MatchEnd, matchRecords, MatchRefusal, type Step } from './match-records.ts'
import { firstSteps, stepsOf } from './steps.ts'

export interface MatchFlowContext {
  readonly source: Cluster
  readonly target: Cluster
  readonly sourceReader: RawReader
  readonly targetReader: RawReader
  readonly clock: Clock
  /** The link copies from the very beginning: where neither log has lost its own, both begin with the same record. */
  readonly copiesFromStart: boolean
}

export interface Match extends MatchEnd {
  /** The first one is marked as `matched`. */
  readonly segments: readonly AttributedSegment[]
  /** End of the target's log. */
  readonly targetEnd: number
}

/** About 100 bytes each while they are held; beyond it a copy is cheaper made anew. */
const SEGMENTS_MAX = 2_000_000
/** Records that have to be the same in a row for a beginning to be found by them. */
const ROW = 64
const BYTES_PER_SECOND = 1e9

/**
 * Matches the whole log of a target partition with its source. The target has to be behind a fence, so that nobody
 * appends to it meanwhile. Faults: FLOW_MATCH_REFUSED, TARGET_NOT_READY.
 */
export async function matchFlow(spec: FlowSpec, context: MatchFlowContext, signal: AbortSignal): Promise<Match> {
  const logs = await openLogs(spec, context, signal)
  const segments: AttributedSegment[] = []
  try {
    const begin = await findBeginning(logs, context.copiesFromStart)
    const end = await matchRecords(
      {
        source: logs.source.steps(begin.source),
        target: logs.target.steps(begin.target),
        isCompacted: logs.isCompacted,
      },
      (segment) => {
        if (segments.length === SEGMENTS_MAX) {
          throw new MatchRefusal(`the map would have more than ${SEGMENTS_MAX} segments`, at(segment))
        }
        const causes = segments.length === 0 ? segment.causes | SEGMENT_CAUSES.matched : segment.causes
        segments.push({ ...segment, causes })
      },
    )
    return { ...end, segments, targetEnd: logs.target.range.to }
  } catch (error) {
    if (!(error instanceof MatchRefusal)) throw error
    const { topic, targetTopic, partition } = spec.key
    const { sourceOffset = 'none', targetOffset = 'none', message: why } = error
    const facts = { topic, targetTopic, partition, why, sourceOffset, targetOffset }
    throw replicationFaults.fault('FLOW_MATCH_REFUSED', facts)
  }
}

interface Log {
  readonly range: OffsetRange
  steps(from: number): AsyncIterable<Step>
}

interface Logs {
  readonly source: Log
  readonly target: Log
  readonly isCompacted: boolean
}

async function openLogs(spec: FlowSpec, context: MatchFlowContext, signal: AbortSignal): Promise<Logs> {
  const { source, target, sourceReader, targetReader, clock } = context
  const { topic, targetTopic, partition } = spec.key
  const pace = new Pace(clock, BYTES_PER_SECOND)
  const open = async (cluster: Cluster, reader: RawReader, ref: PartitionRef): Promise<Log> => {
    const range = { from: await logStart(cluster, ref, signal), to: await stableEnd(cluster, ref, signal) }
    const log = { reader, ref, clock, pace, logStart: () => logStart(cluster, ref, signal) }
    const steps = (from: number) => {
      const part = { from, to: range.to }
      return stepsOf(readCommitted(log, part, signal), part)
    }
    return { range, steps }
  }
  const targetRef = { topic: targetTopic, topicId: spec.targetTopicId, partition }
  const logs = {
    source: await open(source, sourceReader, { topic, topicId: spec.sourceTopicId, partition }),
    target: await open(target, targetReader, targetRef),
  }
  if (logs.target.range.to < (await highWatermark(target, targetRef, signal))) {
    const reason = 'somebody else has an open transaction there'
    const facts = { what: `${targetTopic}-${partition}`, target: target.name, reason }
    throw replicationFaults.fault('TARGET_NOT_READY', facts)
  }
  const isCompacted = await Promise.all([
    findCompacted(source, [topic], signal),
    findCompacted(target, [targetTopic], signal),
  ])
  return { ...logs, isCompacted: isCompacted.some(({ size }) => size > 0) }
}

/** Two records that belong together, from which on both logs are complete. */
async function findBeginning({ source, target, isCompacted }: Logs, copiesFromStart: boolean) {
  const begin = { source: source.range.from, target: target.range.from }
  if (copiesFromStart && begin.source === 0 && begin.target === 0) return begin
  const length = isCompacted ? 1 : ROW
  const targetRow = await firstSteps(target.steps(begin.target), length)
  const first = { sourceOffset: undefined, targetOffset: targetRow[0]?.offset }
  if (targetRow.length === 0) throw new MatchRefusal('the target holds no record', first)
  const inSource = await findRow(targetRow, source.steps(begin.source), { mayBeCutOff: false })
  if (inSource.length > 1) {
    throw new MatchRefusal(`its first records are at the source ${inSource.length} times`, first)
  }
  if (inSource[0] !== undefined) return { ...begin, source: inSource[0] }
  // The source has deleted what the target begins with.
  const sourceRow = await firstSteps(source.steps(begin.source), length)
  const inTarget =
    sourceRow.length === 0 ? [] : await findRow(sourceRow, target.steps(begin.target), { mayBeCutOff: true })
  if (inTarget.length === 1 && inTarget[0] !== undefined) return { ...begin, target: inTarget[0] }
  const found = inTarget.length === 0 ? 'are not' : `are ${inTarget.length} times`
  const sourceOffset = sourceRow[0]?.offset
  throw new MatchRefusal(`its first records are not at the source, and the source's first ${found} in it`, {
    ...first,
    sourceOffset,
  })
}

function at({ source, target }: AttributedSegment) {
  return { sourceOffset: source, targetOffset: target }
}
