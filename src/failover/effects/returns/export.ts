import { createHash } from 'node:crypto'
import { type CheckedTail, exportTopicOf } from '../../../replication/index.ts'
import { failoverFaults } from '../../faults.ts'
import type { Outcome } from '../../outcome.ts'
import { toJson } from '../outcomes.ts'
import { nameOf } from './divergence-evidence.ts'
import { findTails } from './find-tails.ts'
import { onLogs, type ReturnCall, salvageOf, untilOf } from './return-call.ts'

/** What was written out, for later steps and for people. */
export interface ExportEvidence {
  readonly records: number
  readonly partitions: number
  /** First ones of those on the active region that hold it. */
  readonly topics: readonly string[]
  /** SHA-256 over the digests of the partitions, in the order of their names. */
  readonly digest: string
}

const TOPICS_MAX = 1_000

/** Writes out what only the region has, to topics on the active one, and reads it back. */
export async function exportTails(call: ReturnCall): Promise<Outcome> {
  return await onLogs(call, async (moves) => {
    const untilMs = untilOf(call)
    const known = call.memory.checks.get(call.region)
    const of = `${call.record.id} ${call.record.attempt}`
    if (known?.of === of) return await check(call, known.checks, untilMs)
    const tails = await findTails(call, moves)
    if ('kind' in tails) return tails
    if (!(await moves.salvage.exportTails(salvageOf(call), tails, untilMs, call.signal))) {
      return { kind: 'waiting', reason: `${tails.length} partitions are being written out` }
    }
    const checks = await moves.salvage.openChecks(salvageOf(call), tails, call.signal)
    call.memory.checks.set(call.region, { of, checks })
    return await check(call, checks, untilMs)
  })
}

async function check(call: ReturnCall, checks: readonly CheckedTail[], untilMs: number): Promise<Outcome> {
  const { memory, region, active, record, signal } = call
  for (const [done, one] of checks.entries()) {
    if (await one.advance(untilMs, signal)) continue
    const progress = { done, total: checks.length }
    return { kind: 'waiting', reason: 'what was written out is read back', progress }
  }
  memory.checks.delete(region)
  const differing = checks.find(({ difference }) => difference !== undefined)
  if (differing !== undefined) {
    const { tail, difference: evidence = '' } = differing
    const topic = exportTopicOf(tail.topic, record.epoch)
    throw failoverFaults.fault('RETURN_EXPORT_DIFFERS', { partition: nameOf(tail), region, evidence, topic })
  }
  const records = checks.reduce((sum, one) => sum + one.records, 0)
  const evidence: ExportEvidence = {
    records,
    partitions: checks.length,
    topics: [...new Set(checks.map(({ tail }) => exportTopicOf(tail.topic, record.epoch)))].slice(0, TOPICS_MAX),
    digest: checks
      .reduce((hash, one) => hash.update(`${nameOf(one.tail)} ${one.digest}\n`), createHash('sha256'))
      .digest('hex'),
  }
  const reason = `${records} records of ${checks.length} partitions are written out to ${active}, and read back the same`
  return { kind: 'done', reason, evidence: toJson(evidence) }
}
