import {
  type AttributedSegment,
  type ChunkLoader,
  decodeEntry,
  type EncodedEntry,
  encodeEntry,
  type FlowEntry,
  type FlowKey,
  flowKeyText,
  MapMemory,
  type MapEntry,
  type Producer,
  type Segment,
  ShardMap,
} from '../../../../src/replication/offset-map/index.ts'

export const FLOW: FlowKey = { source: 'eu-west', topic: 'orders', targetTopic: 'orders', partition: 3 }

export const neverAborted = new AbortController().signal

/** `[[0, 0], [8, 7]]` as segments. */
export function segments(...pairs: [source: number, target: number][]): Segment[] {
  return pairs.map(([source, target]) => ({ source, target }))
}

export function flowEntry(
  content: Partial<Omit<FlowEntry, 'segments'>> & { readonly segments: readonly Segment[] },
  producer: Producer = { producerId: 7n, producerEpoch: 1 },
): FlowEntry {
  return {
    kind: 'flow',
    flow: FLOW,
    epochStart: 0,
    sourceTopicId: '00000000-0000-4000-8000-000000000001',
    targetTopicId: '00000000-0000-4000-8000-000000000002',
    sourceClusterId: 'source-cluster',
    sourceLeaderEpoch: 4,
    atMs: 1_700_000_000_000,
    ...producer,
    ...content,
    segments: content.segments.map((segment): AttributedSegment => ({ causes: 0, ...segment })),
  }
}

/** The map topic's partition: every entry passes through the codec both ways. */
export class MapLog {
  records: (EncodedEntry & { offset: number })[] = []
  #nextOffset = 0

  append(entry: MapEntry): number {
    const offset = this.#nextOffset
    this.records.push({ ...encodeEntry(entry), offset })
    // Markers and records of others take offsets too.
    this.#nextOffset += 1 + (offset % 3)
    return offset
  }

  entries(): { entry: MapEntry; offset: number }[] {
    return this.records.map(({ key, value, offset }) => ({
      entry: decodeEntry(key, value, { topic: 'map', partition: 0, offset }),
      offset,
    }))
  }

  /** What a compaction leaves, which drops whatever it may drop and is asked to. */
  compacted(isDropped: (offset: number) => boolean = () => true): MapLog {
    const log = new MapLog()
    log.#nextOffset = this.#nextOffset
    const newest = new Map(this.records.map(({ key, offset }) => [key.toString(), offset]))
    const kept = new Set<string>()
    for (const record of this.records) {
      const key = record.key.toString()
      const isSuperseded = newest.get(key) !== record.offset
      const isIdleTombstone = record.value === null && !kept.has(key)
      if ((isSuperseded || isIdleTombstone) && isDropped(record.offset)) continue
      kept.add(key)
      log.records.push(record)
    }
    return log
  }

  without(...kinds: MapEntry['kind'][]): MapLog {
    const log = new MapLog()
    const left = new Set(this.entries().flatMap(({ entry, offset }) => (kinds.includes(entry.kind) ? [] : [offset])))
    log.records = this.records.filter(({ offset }) => left.has(offset))
    return log
  }

  has(entry: MapEntry): boolean {
    const { key } = encodeEntry(entry)
    return this.records.some((record) => record.key.equals(key))
  }

  /** Reads back through whatever log `current` answers with at that time. */
  static loader(current: () => MapLog): ChunkLoader {
    return {
      async load({ flow, fromMapOffset, toMapOffset }, signal) {
        signal.throwIfAborted()
        return current()
          .entries()
          .filter(({ offset }) => offset >= fromMapOffset && offset <= toMapOffset)
          .map(({ entry }) => entry)
          .filter((entry) => entry.kind === 'flow' && flowKeyText(entry.flow) === flowKeyText(flow)) as FlowEntry[]
      },
    }
  }
}

export function readShardMap(log: MapLog, memory = new MapMemory({ limitBytes: 1_000_000 })): ShardMap {
  const map = new ShardMap({ loader: MapLog.loader(() => log), memory })
  for (const { entry, offset } of log.entries()) map.apply(entry, offset)
  return map
}

export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = []
  for await (const item of items) all.push(item)
  return all
}
