import { failoverFaults } from '../../faults.ts'
import type { Outcome } from '../../outcome.ts'
import type { ExportEvidence } from './export.ts'
import { onLogs, type ReturnCall, salvageOf, untilOf } from './return-call.ts'

/** Appends what was written out to the topics of the active region, behind what is there by now. */
export async function replay(call: ReturnCall): Promise<Outcome> {
  const exported = (await call.evidenceOf('exporting')) as unknown as ExportEvidence | undefined
  const total = exported?.records ?? 0
  return await onLogs(call, async (moves) => {
    const { isDone, records } = await moves.salvage.replay(salvageOf(call), untilOf(call), call.signal)
    const progress = { done: records, total }
    if (!isDone) return { kind: 'waiting', reason: `${records} of ${total} records are appended`, progress }
    // Nothing of it may be missing where the next step destroys where it came from.
    if (records !== total) {
      const evidence = `${records} records were appended, ${total} had been written out`
      const [topic = ''] = exported?.topics ?? []
      const { region } = call
      throw failoverFaults.fault('RETURN_EXPORT_DIFFERS', { partition: 'all that diverged', region, evidence, topic })
    }
    return { kind: 'done', reason: `${records} records are appended to ${call.active}`, evidence: { records } }
  })
}
