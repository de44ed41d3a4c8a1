import { setTimeout as sleep } from 'node:timers/promises'
import type { FlowBody } from '../../src/api/contract/index.ts'
import { eventually, type IsthmusProcess } from './isthmus-process.ts'
import { countRecords } from './record-log.ts'
import type { TrialFolder } from './trial-folder.ts'

const COPY_LIMIT_MS = 240_000
/** What was written last may not have been seen yet when its flow showed no lag. */
const SETTLE_MS = 1_500
const COMPACTION_LIMIT_MS = 180_000

/** Topic configs with which a source compacts within seconds. */
export const FAST_COMPACTION =
  'cleanup.policy=compact;segment.bytes=1048576;min.cleanable.dirty.ratio=0.01;delete.retention.ms=86400000'

/** Compaction is over when two looks in a row find the same records, fewer than were written. */
export async function untilCompacted(
  folder: TrialFolder,
  options: { readonly bootstrap: readonly string[]; readonly topic: string },
  signal: AbortSignal,
): Promise<void> {
  let last = -1
  const look = async () => {
    const reading = { bootstrap: options.bootstrap, topics: [options.topic], isolation: 'read_committed' as const }
    const log = await folder.read('compaction', reading, signal)
    const held = countRecords(log)
    const hasHoles = [...log.values()].some((records) => (records.at(-1)?.offset ?? 0) + 1 > records.length)
    const isOver = hasHoles && held === last
    last = held
    return isOver ? true : undefined
  }
  await eventually('the source compacts', look, { limitMs: COMPACTION_LIMIT_MS, everyMs: 2_000, signal })
}

/** Waits until every flow of a link stands at its source's end, twice with a pause between. */
export async function untilCopied(
  isthmus: IsthmusProcess,
  options: { readonly link: string; readonly flowCount: number },
  signal: AbortSignal,
): Promise<FlowBody[]> {
  const look = async () => {
    if (!isthmus.isRunning) throw new Error(`the replicator ended: ${isthmus.log.slice(-5).join('\n')}`)
    const flows = await isthmus.flows(options.link).catch(() => [])
    return flows.length === options.flowCount && flows.every(({ lagRecords }) => lagRecords === 0) ? flows : undefined
  }
  await eventually('everything is copied', look, { limitMs: COPY_LIMIT_MS, signal })
  await sleep(SETTLE_MS, undefined, { signal })
  return eventually('everything is copied', look, { limitMs: COPY_LIMIT_MS, signal })
}

/** Until every flow runs and has copied beyond a source offset; answers where the last of them is. */
export async function untilCopying(
  isthmus: IsthmusProcess,
  options: { readonly link: string; readonly flowCount: number; readonly beyond: number },
  signal: AbortSignal,
): Promise<number> {
  const look = async () => {
    if (!isthmus.isRunning) throw new Error(`the replicator ended: ${isthmus.log.slice(-5).join('\n')}`)
    const flows = await isthmus.flows(options.link).catch(() => [])
    if (flows.length < options.flowCount || flows.some(({ state }) => state !== 'running')) return undefined
    const least = Math.min(...flows.map(({ sourceNext }) => sourceNext ?? 0))
    return least > options.beyond ? least : undefined
  }
  return eventually('every flow copies', look, { limitMs: COPY_LIMIT_MS, everyMs: 100, signal })
}
