/**
 * The offset maps of one shard: what its partition of the map topic says, read in the order of the log.
 *
 * Always: an entry counts only if no newer writer has appeared before it. Newer is a higher epoch of the same producer
 * id, or a producer id that was never seen before (the transactional id expired and the broker gave out a new one);
 * a producer id that was superseded never comes back. Entries that do not count change nothing and are counted.
 */
import { invariant } from '../../core/index.ts'
import type { ChunkLoader } from './chunks.ts'
import {
  type EntryKey,
  type FlowEntry,
  type FlowKey,
  flowKeyText,
  type HandOverEntry,
  isSameProducer,
  type MapEntry,
  type OwnerEntry,
  type Producer,
  type TombstoneEntry,
} from './entry.ts'
import type { Written } from './chunk.ts'
import { FlowMap } from './flow-map.ts'
import { IncidentBook } from './incident-book.ts'
import type { MapMemory } from './map-memory.ts'
import { SEGMENT_CAUSES } from './segments.ts'

export interface ShardMapOptions {
  readonly loader: ChunkLoader
  /** May be shared by all shards of a process. */
  readonly memory: MapMemory
}

export class ShardMap {
  /** What was lost, or is not what it was. */
  readonly incidents = new IncidentBook()
  readonly #options: ShardMapOptions
  readonly #flows = new Map<string, FlowMap>()
  /** Flows of whose entries some may be gone, each with the evidence, until their maps have been matched anew. */
  readonly #damaged = new Map<string, string>()
  readonly #producerIds = new Set<bigint>()
  #writer: Producer | undefined
  #owner: OwnerEntry | undefined
  #handOver: HandOverEntry | undefined
  #ignoredEntries = 0
  #foreignRecords = 0
  #lastMapOffset = -1

  constructor(options: ShardMapOptions) {
    this.#options = options
  }

  /** Takes the next entry of the log in; `ignored` where a newer writer had appeared before it. */
  apply(entry: MapEntry, mapOffset: number): 'applied' | 'ignored' {
    invariant(mapOffset > this.#lastMapOffset, `map offset ${mapOffset} comes after ${this.#lastMapOffset}`)
    this.#lastMapOffset = mapOffset
    if (entry.kind === 'tombstone') {
      this.#forget(entry)
      return 'applied'
    }
    if (!this.#isCurrent(entry)) {
      this.#ignoredEntries += 1
      return 'ignored'
    }
    const writer = this.#note(entry)
    this.#producerIds.add(entry.producerId)
    this.#handOver = entry.kind === 'hand-over' ? entry : undefined
    if (entry.kind === 'owner') this.#owner = entry
    if (entry.kind === 'flow') this.#appendTo(entry, { writer, mapOffset })
    if (entry.kind === 'incident') this.incidents.apply(entry)
    if (entry.kind === 'floor') this.flow(entry.flow)?.raiseFloor(entry)
    return 'applied'
  }

  /**
   * Takes note of a record that no owner has written. Under compaction it displaces what had its key: where that may
   * have been an entry of a flow, nothing that is held of the flow counts any more.
   */
  noteForeign(key: EntryKey | undefined, mapOffset: number): void {
    invariant(mapOffset > this.#lastMapOffset, `map offset ${mapOffset} comes after ${this.#lastMapOffset}`)
    this.#lastMapOffset = mapOffset
    this.#foreignRecords++
    if (key?.kind !== 'flow' && key?.kind !== 'floor') return
    const text = flowKeyText(key.flow)
    this.#flows.delete(text)
    this.#damaged.set(text, `its entry at map offset ${mapOffset} was written over by somebody else`)
  }

  /** Records that no owner has written. */
  get foreignRecords(): number {
    return this.#foreignRecords
  }

  /** Why nothing is known of a flow that was copied; undefined where nothing was lost. */
  damageOf(key: FlowKey): string | undefined {
    return this.#damaged.get(flowKeyText(key))
  }

  flows(): IterableIterator<FlowMap> {
    return this.#flows.values()
  }

  flow(key: FlowKey): FlowMap | undefined {
    return this.#flows.get(flowKeyText(key))
  }

  /** The newest writer seen. A takeover that was given another producer id has fenced nobody. */
  get writer(): Producer | undefined {
    return this.#writer
  }

  /** The newest owner entry. */
  get owner(): OwnerEntry | undefined {
    return this.#owner
  }

  /** The hand-over that nothing has followed yet. */
  get handOver(): HandOverEntry | undefined {
    return this.#handOver
  }

  /** Entries that came after one of a newer writer. */
  get ignoredEntries(): number {
    return this.#ignoredEntries
  }

  /** Whether the shard was handed over to exactly this successor, so that it needs no fence. */
  isHandedOverTo(successor: Producer): boolean {
    const from = this.#handOver
    return from?.producerId === successor.producerId && from.producerEpoch + 1 === successor.producerEpoch
  }

  /** Whether this producer id has ever owned the shard: its markers may stand in the target partitions. */
  hasSeenProducer(producerId: bigint): boolean {
    return this.#producerIds.has(producerId)
  }

  #isCurrent({ producerId, producerEpoch }: Producer): boolean {
    if (this.#writer?.producerId === producerId) return producerEpoch >= this.#writer.producerEpoch
    return !this.#producerIds.has(producerId)
  }

  /** One object for all that an epoch has written. */
  #note({ producerId, producerEpoch }: Producer): Producer {
    const known = this.#writer
    if (known !== undefined && isSameProducer(known, { producerId, producerEpoch })) return known
    return (this.#writer = { producerId, producerEpoch })
  }

  #appendTo(entry: FlowEntry, written: Written): void {
    const text = flowKeyText(entry.flow)
    const isWhole = ((entry.segments[0]?.causes ?? 0) & SEGMENT_CAUSES.matched) !== 0
    if (isWhole) this.#damaged.delete(text)
    if (this.#damaged.has(text)) return
    let flow = this.#flows.get(text)
    if (flow === undefined) this.#flows.set(text, (flow = new FlowMap({ flow: entry.flow, ...this.#options })))
    flow.append(entry, written)
  }

  #forget({ key }: TombstoneEntry): void {
    if (key.kind === 'incident') this.incidents.forget(key)
    if (key.kind === 'flow' && this.flow(key.flow)?.isNewest(key)) this.#flows.delete(flowKeyText(key.flow))
  }
}
