import type { FetchedPartition } from '../../../../src/kafka/index.ts'
import { type FlowMap, segmentsBetween, type AttributedSegment } from '../../../../src/replication/offset-map/index.ts'
import { type DataBatch, readCommitted } from '../../../../src/replication/verification/committed-log.ts'
import { Pace } from '../../../../src/replication/verification/pace.ts'
import { type ModelBatch, type ModelCodec, type ModelRecord, modelEncode } from '../../kafka/records/model.ts'
import { fetched, flowEntry, KEY, makeMap, ManualClock, markerBatch, plainModel } from '../flows/flow-fixtures.ts'

export const signal = new AbortController().signal

/** A record as an application wrote it; the offset says where it is now. */
export interface Written {
  readonly offset: number
  readonly key: string | null
  readonly value: string | null
  readonly timestamp: number
}

/** Some records in a row, a marker, or records of a transaction that was aborted. */
export type Piece =
  | { readonly kind: 'batch'; readonly records: readonly Written[]; readonly codec?: ModelCodec; readonly end?: number }
  | { readonly kind: 'marker'; readonly offset: number }
  | { readonly kind: 'aborted'; readonly offset: number; readonly count: number }

const PRODUCER = 9n

/** A log as a broker serves it, in answers of a few batches each. */
export class LogInMemory {
  start = 0
  readonly #batches: { readonly base: number; readonly end: number; readonly bytes: Buffer }[] = []
  readonly #aborted: FetchedPartition['aborted'][number][] = []
  readonly #perAnswer: number

  constructor(pieces: readonly Piece[], perAnswer = 3) {
    this.#perAnswer = perAnswer
    for (const piece of pieces) this.#add(piece)
  }

  get end(): number {
    return this.#batches.at(-1)?.end ?? 0
  }

  read(from = this.start, to = this.end): AsyncGenerator<DataBatch> {
    const clock = new ManualClock()
    const reader = { read: async (_: unknown, { offset }: { offset: number }) => this.#answer(offset) }
    const context = {
      reader,
      ref: { topic: 'orders', topicId: '', partition: 0 },
      clock,
      pace: new Pace(clock, 1e12),
      logStart: async () => this.start,
    }
    return readCommitted(context, { from, to }, signal)
  }

  #answer(offset: number): FetchedPartition {
    if (offset < this.start) return fetched([], { errorCode: 1 })
    const rest = this.#batches.filter(({ end }) => end > offset).slice(0, this.#perAnswer)
    const bytes = rest.map(({ bytes }) => Buffer.from(bytes))
    return fetched(bytes, { lastStableOffset: this.end, highWatermark: this.end, aborted: this.#abortedIn(rest) })
  }

  #abortedIn(answer: readonly { readonly base: number; readonly end: number }[]) {
    const to = answer.at(-1)?.end ?? 0
    const from = answer[0]?.base ?? 0
    return this.#aborted.filter(({ firstOffset }) => firstOffset < to && this.#markerOf(firstOffset) >= from)
  }

  #markerOf(firstOffset: number): number {
    return this.#batches.find(({ base }) => base > firstOffset)?.base ?? firstOffset
  }

  #add(piece: Piece): void {
    switch (piece.kind) {
      case 'marker':
        this.#push(piece.offset, piece.offset + 1, markerBatch(piece.offset, PRODUCER, 'commit'))
        return
      case 'aborted': {
        const { offset, count } = piece
        const model = plainModel(offset, count, { isTransactional: true, producerId: PRODUCER, producerEpoch: 0 })
        this.#push(offset, offset + count, modelEncode(model))
        this.#push(offset + count, offset + count + 1, markerBatch(offset + count, PRODUCER, 'abort'))
        this.#aborted.push({ producerId: PRODUCER, firstOffset: offset })
        return
      }
      case 'batch':
        this.#addBatch(piece)
    }
  }

  #addBatch({ records, codec = 'none', end }: Extract<Piece, { kind: 'batch' }>): void {
    const [first] = records
    if (first === undefined) return
    const last = (end ?? (records.at(-1)?.offset ?? 0) + 1) - 1
    const model: Partial<ModelBatch> = {
      codec,
      lastOffset: last,
      baseTimestamp: BigInt(first.timestamp),
      records: records.map(modelOf),
    }
    this.#push(first.offset, last + 1, modelEncode(plainModel(first.offset, records.length, model)))
  }

  #push(base: number, end: number, bytes: Buffer): void {
    this.#batches.push({ base, end, bytes })
  }
}

function modelOf({ offset, key, value, timestamp }: Written): ModelRecord {
  const bytes = (text: string | null) => (text === null ? null : Buffer.from(text))
  return {
    offset,
    timestamp: BigInt(timestamp),
    attributes: 0,
    key: bytes(key),
    value: bytes(value),
    headers: [],
  }
}

/** The map of pairs of offsets that belong together. */
export function mapOf(pairs: readonly { readonly source: number; readonly target: number }[], causes = 0): FlowMap {
  const segments: AttributedSegment[] = []
  let end: { source: number; target: number } | undefined
  for (const pair of pairs) {
    const next = { ...pair, causes: end === undefined ? 1 : causes }
    segments.push(...(end === undefined ? [next] : segmentsBetween(end, next)))
    end = { source: pair.source + 1, target: pair.target + 1 }
  }
  const map = makeMap()
  map.apply(flowEntry({ segments: segments.length === 0 ? [{ source: 0, target: 0, causes: 1 }] : segments }), 0)
  const flow = map.flow(KEY)
  if (flow === undefined) throw new Error('the flow has no map')
  return flow
}
