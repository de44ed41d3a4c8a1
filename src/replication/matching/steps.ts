import { createHash } from 'node:crypto'
import { nextRecord, openRecords, timestampOf } from '../../kafka/index.ts'
import type { DataBatch, OffsetRange } from '../verification/committed-log.ts'
import type { Step } from './match-records.ts'

/** The records of a log as the matching wants them. */
export async function* stepsOf(batches: AsyncIterable<DataBatch>, range: OffsetRange): AsyncGenerator<Step> {
  let control = 0
  let aborted = 0
  for await (const { buffer, header, from, before } of batches) {
    control += before.control
    aborted += before.aborted
    const records = openRecords(buffer, header)
    while (nextRecord(records)) {
      const offset = header.baseOffset + records.offsetDelta
      if (offset < Math.max(from, range.from) || offset >= range.to) continue
      const digest = createHash('sha256')
        .update(String(timestampOf(records)))
        .update(records.bytes.subarray(records.bodyAt, records.end))
        .digest('base64')
      yield { offset, digest, control, aborted }
      control = aborted = 0
    }
  }
}

/** The first ones, at most so many. */
export async function firstSteps(steps: AsyncIterable<Step>, count: number): Promise<Step[]> {
  const first: Step[] = []
  for await (const step of steps) {
    first.push(step)
    if (first.length === count) break
  }
  return first
}
