/**
 * A small world in which one partition is copied, as the pump does it: owners take over, write ahead, send, crash, hand
 * over, meet markers between their batches, lose the target's tail, wake up after they were fenced and delete what is
 * covered. It holds both logs in full, so that the truth is always at hand.
 */
import * as fc from 'fast-check'
import {
  type FlowMap,
  type MapEntry,
  MapMemory,
  type MapMemoryOptions,
  type Producer,
  type Segment,
  segmentsBetween,
  ShardMap,
} from '../../../../src/replication/offset-map/index.ts'
import { FLOW, flowEntry, MapLog, neverAborted } from './entries.ts'
import type { CopiedRecord } from './oracle.ts'

export type Step =
  | { readonly do: 'produce'; readonly isRecord: readonly boolean[] }
  | { readonly do: 'take over'; readonly markers: number; readonly hasNewId: boolean; readonly lostTail: number }
  | { readonly do: 'hand over' }
  | { readonly do: 'plan'; readonly offsets: number }
  | { readonly do: 'send'; readonly records: number }
  | { readonly do: 'meet markers'; readonly markers: number; readonly isRecorded: boolean }
  | { readonly do: 'wake zombie'; readonly who: number; readonly source: number; readonly target: number }
  | { readonly do: 'clean'; readonly source: number; readonly target: number; readonly deleted: number }
  | { readonly do: 'compact'; readonly every: number }

export interface HistoryOptions {
  /** Where the flow begins. */
  readonly start: Segment
  /** Whether the pump, after a resume, takes its new place as the end of the run, and not the last record's. */
  readonly takesPlaceAsEnd: boolean
  /** What the owners' maps may hold. */
  readonly memory: MapMemoryOptions
  readonly steps: readonly Step[]
}

const few = fc.nat({ max: 3 })
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('produce'),
      isRecord: fc.array(fc.boolean(), { maxLength: 12, size: 'max' }),
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('plan'), offsets: fc.integer({ min: 1, max: 12 }) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('send'), records: fc.integer({ min: 1, max: 12 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('take over'),
      markers: fc.integer({ min: 1, max: 3 }),
      hasNewId: fc.boolean(),
      lostTail: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat({ max: 8 }) }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('hand over') }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('meet markers'), markers: few, isRecorded: fc.boolean() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('wake zombie'),
      who: fc.nat(),
      source: fc.nat({ max: 60 }),
      target: fc.nat({ max: 60 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('clean'),
      source: fc.nat({ max: 20 }),
      target: fc.nat({ max: 20 }),
      deleted: fc.oneof(fc.constant(1000), few),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('compact'), every: fc.integer({ min: 1, max: 3 }) }) },
)

export const anyMemory: fc.Arbitrary<MapMemoryOptions> = fc.record({
  limitBytes: fc.constantFrom(0, 100, 1_000_000),
  chunkSegments: fc.integer({ min: 1, max: 20 }),
})

export const history: fc.Arbitrary<HistoryOptions> = fc.record({
  start: fc.record({ source: fc.nat({ max: 5 }), target: fc.nat({ max: 5 }) }),
  takesPlaceAsEnd: fc.boolean(),
  memory: anyMemory,
  steps: fc.array(step, { maxLength: 50, size: 'max' }),
})

/** What a target partition tells about a record. */
interface SentRecord {
  readonly source: number
  readonly producer: Producer
  readonly sequence: number
}

export class CopyHistory {
  /** The map's partition as deletions and compactions have left it. */
  mapLog = new MapLog()
  /** All that was ever written to it. */
  readonly everWritten = new MapLog()
  /** For each source offset, whether a record is there. */
  readonly #source: boolean[] = []
  /** For each target offset the record there, or undefined for a marker. */
  readonly #target: (SentRecord | undefined)[] = []
  readonly #start: Segment
  readonly #takesPlaceAsEnd: boolean
  readonly #memory: MapMemoryOptions
  readonly #former: Producer[] = []
  #logStarts: Segment
  #producer: Producer = { producerId: 1n, producerEpoch: 0 }
  #map: ShardMap
  #epochStart = 0
  #sequence = 0
  /** Just behind the last record sent. */
  #sentEnd: Segment
  /** Just behind the last record planned. */
  #plannedEnd: Segment
  #sourceNext = 0
  #queue: number[] = []

  constructor({ start, takesPlaceAsEnd, memory }: HistoryOptions) {
    this.#start = start
    this.#logStarts = start
    this.#takesPlaceAsEnd = takesPlaceAsEnd
    this.#memory = memory
    this.#source = Array.from({ length: start.source }, () => false)
    this.#target = Array.from({ length: start.target }, () => undefined)
    this.#map = this.#openMap()
    this.#begin()
    this.#epochStart = start.target
    this.#sentEnd = start
    this.#plannedEnd = start
    this.#resume(start)
  }

  static async run(options: HistoryOptions): Promise<CopyHistory> {
    const world = new CopyHistory(options)
    for (const step of options.steps) await world.#take(step)
    return world
  }

  get records(): (CopiedRecord & SentRecord)[] {
    return this.#target.flatMap((record, target) => (record === undefined ? [] : [{ ...record, target }]))
  }

  /** Source offsets of the records that should be on the target, as far as the copy has come. */
  get expectedSources(): number[] {
    const all = this.#source.flatMap((isRecord, offset) => (isRecord ? [offset] : []))
    return all.slice(0, this.records.length)
  }

  /** What can be asked about: from the log starts to behind the last record. */
  get range(): { start: Segment; end: Segment } {
    const last = this.records.at(-1)
    const end = last ? { source: last.source + 1, target: last.target + 1 } : this.#start
    return { start: this.#logStarts, end }
  }

  async #take(step: Step): Promise<void> {
    switch (step.do) {
      case 'produce':
        this.#source.push(...step.isRecord)
        return
      case 'take over':
        this.#target.splice(Math.max(this.#logStarts.target, this.#target.length - step.lostTail))
        this.#target.push(...Array.from({ length: step.markers }, () => undefined))
        return await this.#takeOver(step.hasNewId)
      case 'hand over':
        this.#write({ kind: 'hand-over', ...this.#producer, atMs: 2 })
        return await this.#takeOver(false)
      case 'plan':
        return this.#plan(step.offsets)
      case 'send':
        return this.#send(step.records)
      case 'meet markers':
        return this.#meetMarkers(step)
      case 'wake zombie':
        return this.#wakeZombie(step)
      case 'clean':
        return await this.#clean(step)
      case 'compact':
        this.mapLog = this.mapLog.compacted((offset) => offset % step.every === 0)
    }
  }

  async #takeOver(hasNewId: boolean): Promise<void> {
    const { producerId, producerEpoch } = this.#producer
    this.#former.push(this.#producer)
    this.#producer = hasNewId
      ? { producerId: producerId + 1n, producerEpoch: 0 }
      : { producerId, producerEpoch: producerEpoch + 1 }
    this.#map = this.#openMap()
    this.#begin()
    let dataEnd = this.#target.length
    while (dataEnd > this.#logStarts.target && this.#target[dataEnd - 1] === undefined) dataEnd -= 1
    this.#epochStart = this.#target.length
    this.#sequence = 0
    this.#resume(await this.#flow().findEnd(dataEnd, neverAborted))
  }

  #begin(): void {
    this.#write({ kind: 'owner', ...this.#producer, transactionalId: 'shard-0', processId: 'test', atMs: 1 })
  }

  /** Goes on behind the last record, wherever the target's end is now. */
  #resume(end: Segment): void {
    const place = { source: end.source, target: this.#target.length }
    this.#queue = []
    this.#sentEnd = end
    this.#plannedEnd = this.#takesPlaceAsEnd ? place : end
    this.#sourceNext = end.source
    this.#writeSegments([place])
  }

  /** Markers of an earlier fence, written once more: offsets move on in the middle of an epoch. */
  #meetMarkers({ markers, isRecorded }: { markers: number; isRecorded: boolean }): void {
    this.#target.push(...Array.from({ length: markers }, () => undefined))
    this.#epochStart += markers
    if (isRecorded) {
      this.#resume(this.#sentEnd)
      return
    }
    this.#queue = []
    this.#plannedEnd = this.#sentEnd
    this.#sourceNext = this.#sentEnd.source
  }

  #plan(offsets: number): void {
    const planned: Segment[] = []
    const until = Math.min(this.#source.length, this.#sourceNext + offsets)
    for (let source = this.#sourceNext; source < until; source += 1) {
      if (this.#source[source] !== true) continue
      const next = { source, target: this.#target.length + this.#queue.length }
      planned.push(...segmentsBetween(this.#plannedEnd, next))
      this.#plannedEnd = { source: next.source + 1, target: next.target + 1 }
      this.#queue.push(source)
    }
    this.#sourceNext = Math.max(this.#sourceNext, until)
    if (planned.length > 0) this.#writeSegments(planned)
  }

  #send(records: number): void {
    for (const source of this.#queue.splice(0, records)) {
      this.#sentEnd = { source: source + 1, target: this.#target.length + 1 }
      this.#target.push({ source, producer: this.#producer, sequence: this.#sequence })
      this.#sequence += 1
    }
  }

  /** A fenced owner writes what it believes, under keys it has not used: it only ever repeats what it has not sent. */
  #wakeZombie({ who, source, target }: { who: number; source: number; target: number }): void {
    const producer = this.#former[who % Math.max(1, this.#former.length)]
    if (producer === undefined) return
    const entry = flowEntry({ segments: [{ source, target }] }, producer)
    if (!this.mapLog.has(entry)) this.#write(entry)
    this.#write({ kind: 'hand-over', ...producer, atMs: 3 })
  }

  async #clean({ source, target, deleted }: { source: number; target: number; deleted: number }): Promise<void> {
    const { end } = this.range
    this.#logStarts = {
      source: Math.max(this.#logStarts.source, Math.min(this.#logStarts.source + source, end.source)),
      target: Math.max(this.#logStarts.target, Math.min(this.#logStarts.target + target, end.target)),
    }
    const flow = this.#flow()
    const floor = flow.floorAt(this.#logStarts)
    if (floor !== undefined) this.#write({ kind: 'floor', flow: FLOW, ...this.#producer, ...floor, atMs: 4 })
    let left = deleted
    for await (const keys of flow.deletableEntries(neverAborted)) {
      // An owner may crash on the way: the rest is not deleted.
      for (const key of keys.slice(0, left)) this.#write({ kind: 'tombstone', key })
      left -= keys.length
      if (left <= 0) return
    }
  }

  #writeSegments(segments: readonly Segment[]): void {
    this.#write(flowEntry({ segments, epochStart: this.#epochStart }, this.#producer))
  }

  #write(entry: MapEntry): void {
    this.everWritten.append(entry)
    this.#map.apply(entry, this.mapLog.append(entry))
  }

  #openMap(): ShardMap {
    const memory = new MapMemory(this.#memory)
    const map = new ShardMap({ loader: MapLog.loader(() => this.mapLog), memory })
    for (const { entry, offset } of this.mapLog.entries()) map.apply(entry, offset)
    return map
  }

  #flow(): FlowMap {
    const flow = this.#map.flow(FLOW)
    if (flow === undefined) throw new Error('the flow has lost its map')
    return flow
  }
}
