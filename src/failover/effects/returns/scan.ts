import { regionName } from '../../../core/index.ts'
import type { ForkedPartition, Moves, PartitionScan } from '../../../replication/index.ts'
import type { Outcome } from '../../outcome.ts'
import { firstOf } from '../outcomes.ts'
import { nameOf, packDivergence, planReseed } from './divergence-evidence.ts'
import { onLogs, type ReturnCall, returnedOf, untilOf } from './return-call.ts'
import type { ScanUnderWay } from './return-memory.ts'
import { endedIn, explainEnded, settleLost } from './settle-lost.ts'

/**
 * Compares every partition with the active region. First nobody may write there any more: copies into the region end,
 * taken over so that no link of an earlier reign adds to them, and transactions that its clients have left open are ended.
 */
export async function scan(call: ReturnCall): Promise<Outcome> {
  return await onLogs(call, async (moves) => {
    const underWay = findUnderWay(call) ?? (await begin(call, moves))
    if ('kind' in underWay) return underWay
    const { tails } = underWay
    const untilMs = untilOf(call)
    const unread = await advance(call, tails, untilMs)
    if (unread !== undefined) return unread
    underWay.siblings ??= await openSiblings(call, moves, underWay)
    return (await advance(call, underWay.siblings, untilMs)) ?? conclude(call, underWay)
  })
}

/** Ends what an earlier link may still write; undefined once there is nothing left. */
async function release({ rooms, document, region, record, signal }: ReturnCall, moves: Moves) {
  const sources = new Set((await moves.returned.openCopies(region, rooms.topics, signal)).map(({ key }) => key.source))
  for (const name of Object.keys(document.regions)) {
    if (name === region) continue
    const link = rooms.linkOf(regionName(name), region)
    await rooms.replicator.stopLink(link.name, `${region} is compared with ${document.active}`, signal)
    if (!sources.has(link.source)) continue
    const how = { isPromotion: false, unproved: 'end', markers: 'where-needed', by: record.id } as const
    const { waiting } = await moves.close(link, how, signal)
    const [first] = waiting
    if (first === undefined) continue
    const reason = `${waiting.length} copies of ${region}, such as ${first.key.targetTopic}: ${first.reason}`
    return { kind: 'waiting', reason } as const
  }
  return undefined
}

function attemptOf({ record }: ReturnCall): string {
  return `${record.id} ${record.attempt}`
}

/** Of this attempt: behind the fence nobody has opened anything since it began. */
function findUnderWay(call: ReturnCall): ScanUnderWay | undefined {
  const known = call.memory.scans.get(call.region)
  return known?.of === attemptOf(call) ? known : undefined
}

async function begin(call: ReturnCall, moves: Moves): Promise<ScanUnderWay | Outcome> {
  const { memory, region, signal } = call
  const held = (await release(call, moves)) ?? (await settleLost(call, moves))
  if (held !== undefined) return held
  const forking = await moves.returned.forks(returnedOf(call), signal)
  if (forking.kind === 'waiting') return forking
  const forked = forking.partitions
  const tails = await moves.returned.openScans(returnedOf(call), { forked, isDestroyed: false }, signal)
  const begun = { of: attemptOf(call), forked, tails, siblings: undefined }
  memory.scans.set(region, begun)
  return begun
}

/** A partition that nothing ties to the active region takes its whole topic along. */
async function openSiblings(
  call: ReturnCall,
  moves: Moves,
  { forked, tails }: ScanUnderWay,
): Promise<readonly PartitionScan[]> {
  const diverged = new Set(
    tails
      .map((one) => one.divergence)
      .filter(({ records }) => records > 0)
      .map(nameOf),
  )
  const whole = planReseed(forked, diverged).filter(({ isWhole }) => isWhole)
  const siblings = whole.flatMap(({ partitions }) => partitions).filter((one) => !diverged.has(nameOf(one)))
  return await moves.returned.openScans(returnedOf(call), { forked: siblings, isDestroyed: true }, call.signal)
}

const SCANS_AT_ONCE = 4

/** Undefined once all of them are done. */
async function advance(
  { rooms, signal }: ReturnCall,
  scans: readonly PartitionScan[],
  untilMs: number,
): Promise<Outcome | undefined> {
  const queue = scans.values()
  let left = scans.length
  const worker = async () => {
    for (const one of queue) {
      if (!(await one.advance(untilMs, signal))) return
      left--
      if (rooms.clock.monotonicMs() >= untilMs) return
    }
  }
  await Promise.all(Array.from({ length: SCANS_AT_ONCE }, worker))
  if (left === 0) return undefined
  const progress = { done: scans.length - left, total: scans.length }
  return { kind: 'waiting', reason: `${left} partitions are still read`, progress }
}

function conclude(call: ReturnCall, { forked, tails, siblings = [] }: ScanUnderWay): Outcome {
  const { memory, region, active } = call
  memory.scans.delete(region)
  const ended = endedIn(call)
  const found = [...tails, ...siblings].map((one) => one.divergence)
  const { evidence, totals } = packDivergence(found, forked, ended)
  const { records, partitions, onlyHere } = totals
  const untied = forked.filter(isUntied).map(nameOf)
  const warning = `no copy ties these to ${active}, so that all they hold counts as diverged: ${firstOf(untied)}`
  return {
    kind: 'done',
    reason: `${region} holds ${records} records in ${partitions} partitions that ${active} lacks${ended.length === 0 ? '' : `; ${explainEnded(ended)}`}`,
    evidence,
    findings: { divergence: { records, partitions, onlyHere }, ...(untied.length > 0 && { warning }) },
  }
}

function isUntied({ tie, end, logStart }: ForkedPartition): boolean {
  return tie === undefined && end > logStart
}
