/** Carries records from logs into others, each exactly once however often it is begun anew. */
import type { Clock } from '../../core/index.ts'
import { type Codec, codecOf, type DecodedRecord, lastOffset, type NewRecord } from '../../kafka/index.ts'
import type { PartitionRef } from '../flows/raw-reader.ts'
import { committedRecords, type LogSight } from './read-on.ts'
import { positionRecord, type SalvagePosition, type SalvagePositions } from './salvage-positions.ts'
import { type LateRecords, sizeOf, type TransactionalWriter } from './transactional-writer.ts'

export interface PumpSource {
  /** Of its position. */
  readonly key: string
  readonly sight: LogSight
  readonly range: { readonly from: number; readonly to: number }
  /** Where a record is to go and what it is there; undefined where it is none of those that are carried. */
  place(record: DecodedRecord): { readonly ref: PartitionRef; readonly record: NewRecord } | undefined
}

export interface Pump {
  readonly writer: TransactionalWriter
  readonly positions: SalvagePositions
  readonly clock: Clock
}

const SLICE_BYTES = 1024 * 1024
const SLICE_PARTITIONS = 200

/** What goes in one transaction. */
class Slice {
  readonly positions = new Map<string, SalvagePosition>()
  readonly #late = new Map<string, { readonly ref: PartitionRef; readonly records: NewRecord[]; codec: Codec }>()
  #bytes = 0

  get isFull(): boolean {
    return this.#bytes >= SLICE_BYTES || this.#late.size >= SLICE_PARTITIONS
  }

  get isEmpty(): boolean {
    return this.#late.size === 0
  }

  add(ref: PartitionRef, record: NewRecord, codec: Codec): void {
    const key = `${ref.topic}-${ref.partition}`
    const known = this.#late.get(key)
    if (known === undefined) this.#late.set(key, { ref, records: [record], codec })
    else known.records.push(record)
    this.#bytes += sizeOf(record)
  }

  late(): LateRecords[] {
    return [...this.#late.values()]
  }
}

/** True once every source is read; false when the time has come before. */
export async function pumpRecords(
  pump: Pump,
  sources: readonly PumpSource[],
  untilMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  let slice = new Slice()
  for (const source of sources) {
    const { next, records: before } = pump.positions.known.get(source.key) ?? { next: source.range.from, records: 0 }
    const range = { from: Math.max(next, source.range.from), to: source.range.to }
    let written = before
    for await (const { header, records } of committedRecords(source.sight, range, signal)) {
      for (const record of records) {
        const placed = source.place(record)
        if (placed === undefined) continue
        slice.add(placed.ref, placed.record, codecOf(header))
        written++
      }
      slice.positions.set(source.key, { next: lastOffset(header) + 1, records: written })
      if (!slice.isFull) continue
      await write(pump, slice, signal)
      slice = new Slice()
      if (pump.clock.monotonicMs() >= untilMs) return false
    }
  }
  await write(pump, slice, signal)
  return true
}

async function write({ writer, positions, clock }: Pump, slice: Slice, signal: AbortSignal): Promise<void> {
  if (slice.isEmpty) return
  const nowMs = clock.nowMs()
  const records = [...slice.positions].map(([key, position]) => positionRecord(key, position, nowMs))
  await writer.commit([...slice.late(), { ref: positions.ref, records, codec: 'none' }], signal)
  for (const [key, position] of slice.positions) positions.known.set(key, position)
}
