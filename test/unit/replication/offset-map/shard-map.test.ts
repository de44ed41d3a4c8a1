import { describe, expect, test } from 'vitest'
import {
  type IncidentEntry,
  type IncidentFacts,
  keyOf,
  type MapEntry,
  MapMemory,
  type Producer,
  ShardMap,
} from '../../../../src/replication/offset-map/index.ts'
import { FLOW, flowEntry, MapLog, readShardMap, segments } from './entries.ts'

const writer = (producerId: bigint, producerEpoch: number): Producer => ({ producerId, producerEpoch })
const owner = (producer: Producer): MapEntry => ({
  kind: 'owner',
  ...producer,
  transactionalId: 'isthmus-shard-0',
  processId: 'worker-1',
  atMs: 0,
})
const handOver = (producer: Producer): MapEntry => ({ kind: 'hand-over', ...producer, atMs: 0 })

function read(...entries: MapEntry[]) {
  const loader = { load: () => Promise.reject(new Error('nothing should be loaded')) }
  const map = new ShardMap({ loader, memory: new MapMemory({ limitBytes: 1_000_000 }) })
  const outcomes = entries.map((entry, offset) => map.apply(entry, offset))
  return { map, outcomes }
}

describe('the newest writer', () => {
  test('makes entries of older epochs count no more', () => {
    const { map, outcomes } = read(
      flowEntry({ segments: segments([0, 0]) }, writer(7n, 1)),
      owner(writer(7n, 2)),
      flowEntry({ segments: segments([5, 9]) }, writer(7n, 1)),
    )
    expect(outcomes).toEqual(['applied', 'applied', 'ignored'])
    expect(map.ignoredEntries).toBe(1)
    expect(map.writer).toEqual(writer(7n, 2))
    expect(map.flow(FLOW)?.lastSegment).toMatchObject({ source: 0, target: 0 })
  })

  test('may have a new producer id, and then the old one never comes back, whatever its epoch', () => {
    const { outcomes } = read(
      owner(writer(7n, 30)),
      owner(writer(9n, 0)),
      flowEntry({ segments: segments([5, 9]) }, writer(7n, 31)),
      handOver(writer(7n, 30)),
      flowEntry({ segments: segments([5, 9]) }, writer(9n, 0)),
    )
    expect(outcomes).toEqual(['applied', 'applied', 'ignored', 'ignored', 'applied'])
  })

  test('may show itself by any entry', () => {
    const { map, outcomes } = read(
      owner(writer(7n, 1)),
      flowEntry({ segments: segments([0, 0]) }, writer(7n, 2)),
      owner(writer(7n, 1)),
    )
    expect(outcomes.at(-1)).toBe('ignored')
    expect(map.writer).toEqual(writer(7n, 2))
    expect(map.owner).toMatchObject(writer(7n, 1))
  })

  test('and all before it are known by their ids', () => {
    const { map } = read(owner(writer(7n, 1)), owner(writer(9n, 0)))
    expect([7n, 8n, 9n].map((id) => map.hasSeenProducer(id))).toEqual([true, false, true])
  })
})

describe('a hand-over', () => {
  test('counts for a successor with the same id and exactly the next epoch', () => {
    const { map } = read(owner(writer(7n, 5)), handOver(writer(7n, 5)))
    expect(map.isHandedOverTo(writer(7n, 6))).toBe(true)
    expect(map.isHandedOverTo(writer(7n, 7))).toBe(false)
    expect(map.isHandedOverTo(writer(7n, 5))).toBe(false)
    expect(map.isHandedOverTo(writer(8n, 6))).toBe(false)
  })

  test.each([
    ['an owner entry of its successor', owner(writer(7n, 6))],
    ['a flow entry of its successor', flowEntry({ segments: segments([0, 0]) }, writer(7n, 6))],
    ['an entry of a writer that went on after it', flowEntry({ segments: segments([0, 0]) }, writer(7n, 5))],
  ])('is cancelled by %s', (_what, entry) => {
    const { map } = read(handOver(writer(7n, 5)), entry)
    expect(map.handOver).toBeUndefined()
    expect(map.isHandedOverTo(writer(7n, 6))).toBe(false)
  })

  test('is not cancelled by a writer that was fenced before it', () => {
    const { map } = read(owner(writer(7n, 5)), handOver(writer(7n, 5)), owner(writer(7n, 4)))
    expect(map.isHandedOverTo(writer(7n, 6))).toBe(true)
  })
})

describe('recorded producers', () => {
  const first = writer(7n, 1)
  const second = writer(7n, 2)
  const { map } = read(
    flowEntry({ segments: segments([0, 0]), epochStart: 0 }, first),
    flowEntry({ segments: segments([11, 10]), epochStart: 0 }, first),
    flowEntry({ segments: segments([20, 21]), epochStart: 2 }, first),
    flowEntry({ segments: segments([30, 40]), epochStart: 40 }, second),
  )
  const flow = map.flow(FLOW)

  test('have several starts in one epoch where a marker appeared in its middle', () => {
    expect(flow?.recordedProducers).toEqual([
      { ...first, epochStart: 0, fromTarget: 0 },
      { ...first, epochStart: 2, fromTarget: 21 },
      { ...second, epochStart: 40, fromTarget: 40 },
    ])
    expect([5, 20, 21, 39].map((target) => flow?.epochStartOf(first, target))).toEqual([0, 0, 2, 2])
  })

  test('are not in force for offsets behind their successor', () => {
    expect(flow?.epochStartOf(first, 40)).toBeUndefined()
    expect(flow?.epochStartOf(second, 40)).toBe(40)
    expect(flow?.epochStartOf(second, 39)).toBeUndefined()
  })
})

describe('a deletion', () => {
  const entry = flowEntry({ segments: segments([0, 0]) })
  const newest = flowEntry({ segments: segments([11, 10]) })

  test('of the newest entry removes the flow', () => {
    const key = { ...writer(7n, 1), kind: 'flow', flow: FLOW, first: { source: 11, target: 10 } } as const
    expect([...read(entry, newest, { kind: 'tombstone', key }).map.flows()]).toEqual([])
  })

  test('of an older one changes nothing by itself', () => {
    const key = { ...writer(7n, 1), kind: 'flow', flow: FLOW, first: { source: 0, target: 0 } } as const
    const { map } = read(entry, newest, { kind: 'tombstone', key })
    expect(map.flow(FLOW)?.toTarget(3)).toEqual({ offset: 3, note: 'exact' })
  })
})

describe('an incident', () => {
  const open: IncidentFacts = {
    code: 'FLOW_RETENTION_GAP',
    link: 'eu-to-us',
    sourceTopicId: '',
    targetTopicId: '',
    source: { from: 5, to: 9 },
    target: null,
    reason: 'lost',
    action: 'went-on',
    atMs: 0,
    folded: 0,
    acknowledged: null,
  }
  const acknowledged = { ...open, acknowledged: { atMs: 1, by: 'ada', note: '' } }
  const incident = (facts: IncidentFacts, producer: Producer, id = 'a'): IncidentEntry => {
    return { kind: 'incident', flow: FLOW, id, facts, ...producer }
  }
  const deletion = (entry: MapEntry): MapEntry => ({ kind: 'tombstone', key: keyOf(entry) })
  const found = incident(open, writer(7n, 1))

  test('is what its newest entry says, and the entry of an older writer may be deleted then', () => {
    const { map } = read(found, incident(acknowledged, writer(7n, 2)))
    expect(map.incidents.find('a')?.facts.acknowledged?.by).toBe('ada')
    expect(map.incidents.replaced()).toEqual([keyOf(found)])
    map.apply(deletion(found), 9)
    expect(map.incidents.replaced()).toEqual([])
    expect(map.incidents.of(FLOW)).toHaveLength(1)
  })

  test('is not changed by a writer that was fenced', () => {
    const { map } = read(found, owner(writer(7n, 2)), incident(acknowledged, writer(7n, 1)))
    expect(map.incidents.find('a')?.facts.acknowledged).toBeNull()
  })

  test('is gone when its newest entry is deleted', () => {
    expect(read(found, incident(open, writer(7n, 1), 'b'), deletion(found)).map.incidents.of(FLOW)).toMatchObject([
      { id: 'b' },
    ])
  })

  test('is no flow', () => {
    expect([...read(found).map.flows()]).toEqual([])
  })
})

test('a floor keeps out what a half-done compaction brings back', () => {
  const log = new MapLog()
  const never = log.append(flowEntry({ segments: segments([0, 0]) }, writer(7n, 0)))
  const corner = log.append(flowEntry({ segments: segments([0, 1], [2, 1]) }, writer(7n, 1)))
  const first = { source: 3, target: 2 }
  const mapOffset = log.append(flowEntry({ segments: [first] }, writer(7n, 2)))
  log.append({ kind: 'floor', flow: FLOW, ...writer(7n, 2), mapOffset, first, atMs: 0 })
  for (const [epoch, target] of [0, 1].entries()) {
    const key = { kind: 'flow', flow: FLOW, ...writer(7n, epoch), first: { source: 0, target } } as const
    log.append({ kind: 'tombstone', key })
  }
  // The next owner found a marker where the floor's first record would have been.
  log.append(flowEntry({ segments: segments([3, 3]) }, writer(7n, 3)))
  const halfDone = log.compacted((offset) => offset === corner)
  expect(halfDone.records.map(({ offset }) => offset)).toContain(never)
  expect(readShardMap(halfDone).flow(FLOW)?.toSource(2)).toMatchObject({ offset: 3 })
})

test('entries are taken in the order of the log', () => {
  const { map } = read(owner(writer(7n, 1)))
  expect(() => map.apply(owner(writer(7n, 2)), 0)).toThrow('impossible')
})
