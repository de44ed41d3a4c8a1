import { impliedLinkName } from '../../../src/config/failover-groups.ts'
import { untilCopied } from '../copying.ts'
import type { IsthmusProcess } from '../isthmus-process.ts'
import { isCompacted, READ_BY, TOPICS } from './apps.ts'
import { GROUP } from './control.ts'
import { countCopiedAgain, countIdentical, judgeLog, judgeReads, type LogVerdict, type StoredLog } from './oracle.ts'
import { judgeOverlap, writePauses } from './reigns.ts'
import type { FailoverStage } from './stage.ts'
import { readStored } from './stored-logs.ts'

export interface StageVerdict {
  readonly active: LogVerdict
  /** Of all standbys together. */
  readonly standbys: LogVerdict
  readonly reads: { readonly read: number; readonly reread: number; readonly skipped: number }
  readonly copiedAgain: number
  readonly identical: { readonly equal: number; readonly total: number }
  readonly overlapMs: number
  readonly overlapWrites: number
  /** Of the plain writer, for each move. */
  readonly pausesMs: readonly number[]
  readonly records: number
  /** Writes that no region has acknowledged: without any, nobody was fenced. */
  readonly turnedAway: number
}

const FLOWS = Object.values(TOPICS).reduce((sum, { partitions }) => sum + partitions, 0)
/** Their offsets stay the same everywhere. */
const PLAIN_TOPICS: readonly string[] = [TOPICS.plain.name, TOPICS.probe.name, TOPICS.fresh.name]

export interface JudgeOptions {
  readonly isthmus: IsthmusProcess
  readonly active: string
  /** Partitions of topics that no application of the stage writes to. @defaultValue 0 */
  readonly moreFlows?: number
}

/** Ends the applications, lets every standby have everything, and judges what is where. */
export async function judgeStage(
  stage: FailoverStage,
  { isthmus, active, moreFlows = 0 }: JudgeOptions,
  signal: AbortSignal,
): Promise<StageVerdict> {
  const writes = await stage.apps.stopWriting()
  const reads = await stage.apps.finishReading()
  const others = stage.regions.all.filter(({ name }) => name !== active)
  for (const { name } of others) {
    await untilCopied(isthmus, { link: impliedLinkName(GROUP, active, name), flowCount: FLOWS + moreFlows }, signal)
  }
  const read = async (name: string, isolation: 'read_committed' | 'read_uncommitted') =>
    readStored(stage.folder, { region: stage.regions.get(name), isolation }, signal)
  const onActive = await read(active, 'read_committed')
  const standbys: LogVerdict = { compared: 0, lost: 0, repeated: 0, reordered: 0, unwritten: 0 }
  const committed: StoredLog[] = [onActive]
  let copiedAgain = countCopiedAgain(await read(active, 'read_uncommitted'))
  for (const { name } of others) {
    const log = await read(name, 'read_committed')
    committed.push(log)
    const verdict = judgeLog(writes, log, isCompacted)
    for (const key of Object.keys(standbys) as (keyof LogVerdict)[]) standbys[key] += verdict[key]
    copiedAgain += countCopiedAgain(await read(name, 'read_uncommitted'))
  }
  const { orders } = stage.apps
  const overlap = judgeOverlap(writes, orders)
  return {
    active: judgeLog(writes, onActive, isCompacted),
    standbys,
    reads: judgeReads({ writes, reads, topics: READ_BY, isCompacted }),
    copiedAgain,
    identical: countIdentical(committed.map(plainOf)),
    overlapMs: Math.round(overlap.longestMs),
    overlapWrites: overlap.writes,
    pausesMs: writePauses(
      writes.filter(({ writer }) => writer === 'plain'),
      orders,
    ),
    records: writes.filter(({ verdict }) => verdict === 'kept').length,
    turnedAway: writes.filter(({ verdict }) => verdict === 'refused' || verdict === 'unclear').length,
  }
}

function plainOf(log: StoredLog): StoredLog {
  const topicOf = (partition: string) => partition.slice(0, partition.lastIndexOf('/'))
  return new Map([...log].filter(([partition]) => PLAIN_TOPICS.includes(topicOf(partition))))
}
