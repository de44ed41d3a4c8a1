import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decodeEntry,
  encodeEntry,
  type FlowEntry,
  INCIDENT_ACTIONS,
  type IncidentEntry,
  type MapEntry,
  keyOf,
} from '../../../../src/replication/offset-map/index.ts'
import { flowEntry, segments } from './entries.ts'

const PLACE = { topic: '__isthmus.offset-map', partition: 12, offset: 345 }

const offset = fc.integer({ min: 0, max: 2 ** 50 })
const step = fc.oneof(fc.nat({ max: 200 }), fc.nat({ max: 2 ** 40 }))
const name = fc.stringMatching(/^[a-zA-Z0-9._-]{1,40}$/)
const flow = fc.record({
  source: fc.stringMatching(/^[a-z0-9-]{1,20}$/),
  topic: name,
  targetTopic: name,
  partition: fc.nat({ max: 100_000 }),
})
const producer = { producerId: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }), producerEpoch: fc.nat({ max: 32_767 }) }
const point = fc.record({ source: offset, target: offset })
const anySegments = fc
  .tuple(point, fc.array(fc.tuple(fc.integer({ min: 1, max: 2 ** 40 }), step), { maxLength: 50 }))
  .chain(([first, steps]) => {
    let at = first
    const all = [
      first,
      ...steps.map(([source, target]) => (at = { source: at.source + source, target: at.target + target })),
    ]
    return fc.tuple(...all.map((segment) => fc.nat({ max: 1023 }).map((causes) => ({ ...segment, causes }))))
  })

const anyFlowEntry: fc.Arbitrary<FlowEntry> = fc.record({
  kind: fc.constant('flow'),
  flow,
  ...producer,
  epochStart: fc.integer({ min: -(2 ** 32), max: 2 ** 50 }),
  sourceTopicId: fc.uuid(),
  targetTopicId: fc.uuid(),
  sourceClusterId: fc.string({ maxLength: 60 }),
  sourceLeaderEpoch: fc.integer({ min: -1, max: 2 ** 31 - 1 }),
  atMs: offset,
  segments: anySegments,
})

const anyRange = fc.option(fc.record({ from: offset, to: fc.option(offset) }))
const anyIncident: fc.Arbitrary<IncidentEntry> = fc.record({
  kind: fc.constant('incident'),
  flow,
  ...producer,
  id: fc.stringMatching(/^[0-9a-f]{16}$/),
  facts: fc.record({
    code: fc.string({ minLength: 1 }),
    link: fc.string(),
    sourceTopicId: fc.uuid(),
    targetTopicId: fc.uuid(),
    source: anyRange,
    target: anyRange,
    reason: fc.string(),
    action: fc.constantFrom(...INCIDENT_ACTIONS),
    atMs: offset,
    folded: fc.nat(),
    acknowledged: fc.option(fc.record({ atMs: offset, by: fc.string(), note: fc.string() })),
  }),
})

const anyEntry: fc.Arbitrary<MapEntry> = fc.oneof(
  anyFlowEntry,
  anyFlowEntry.map((entry): MapEntry => ({ kind: 'tombstone', key: keyOf(entry) })),
  fc.record({ kind: fc.constant('floor'), flow, ...producer, mapOffset: offset, first: point, atMs: offset }),
  fc.record({ kind: fc.constant('hand-over'), ...producer, atMs: offset }),
  anyIncident,
  anyIncident.map((entry): MapEntry => ({ kind: 'tombstone', key: keyOf(entry) })),
  fc.record({
    kind: fc.constant('owner'),
    ...producer,
    transactionalId: fc.string(),
    processId: fc.string(),
    atMs: offset,
  }),
)

function encodedFlow() {
  const { key, value } = encodeEntry(flowEntry({ segments: segments([0, 0], [11, 10], [22, 20]) }))
  if (value === null) throw new Error('a flow entry has a value')
  return { key, value }
}

describe('the codec', () => {
  test('gives back every entry as it was', () => {
    fc.assert(
      fc.property(anyEntry, (entry) => {
        const { key, value } = encodeEntry(entry)
        expect(decodeEntry(key, value, PLACE)).toEqual(entry)
      }),
    )
  })

  test('writes keys that a person can read', () => {
    expect(encodedFlow().key.toString()).toBe('flow/eu-west/orders/orders/3/7.1/0.0')
  })

  test('gives every first segment, flow and writer a key of its own', () => {
    const keys = [
      flowEntry({ segments: segments([0, 0]) }),
      flowEntry({ segments: segments([0, 1]) }),
      flowEntry({ segments: segments([1, 0]) }),
      flowEntry({ segments: segments([0, 0]) }, { producerId: 7n, producerEpoch: 2 }),
      flowEntry({ segments: segments([0, 0]) }, { producerId: 8n, producerEpoch: 1 }),
      flowEntry({ segments: segments([0, 0]), flow: { source: 'a', topic: 'b', targetTopic: 'c', partition: 0 } }),
    ].map((entry) => encodeEntry(entry).key.toString())
    expect(new Set(keys).size).toBe(keys.length)
  })

  test('takes three bytes for each transaction of a transactional source', () => {
    const transactions = Array.from({ length: 1000 }, (_, index): [number, number] => [index * 11, index * 10])
    const of = (count: number) => encodeEntry(flowEntry({ segments: segments(...transactions.slice(0, count)) })).value
    expect((of(1000)?.length ?? 0) - (of(500)?.length ?? 0)).toBe(1500)
  })

  test('refuses every kind of record in a format of a later version, and names its place', () => {
    fc.assert(
      fc.property(anyEntry, fc.integer({ min: 2, max: 255 }), (entry, version) => {
        const { key, value } = encodeEntry(entry)
        fc.pre(value !== null)
        const later = Buffer.concat([Buffer.of(version), value?.subarray(1) ?? Buffer.alloc(0)])
        expect(() => decodeEntry(key, later, PLACE)).toThrow(
          expect.objectContaining({
            code: 'MAP_FORMAT_UNKNOWN',
            facts: expect.objectContaining({ ...PLACE, why: `version ${version}` }),
          }),
        )
      }),
    )
  })

  test('does not guess what a record without a key is', () => {
    expect(() => decodeEntry(null, encodedFlow().value, PLACE)).toThrow(
      expect.objectContaining({ code: 'MAP_FORMAT_UNKNOWN' }),
    )
  })

  test('does not take the records of a kind it does not know for deletions', () => {
    expect(() => decodeEntry(Buffer.from('ceiling/1.0'), null, PLACE)).toThrow(
      expect.objectContaining({ code: 'MAP_FORMAT_UNKNOWN' }),
    )
  })

  test('finds every record that was cut short', () => {
    fc.assert(
      fc.property(anyEntry, fc.nat(), (entry, cut) => {
        const { key, value } = encodeEntry(entry)
        fc.pre(value !== null)
        const short = value?.subarray(0, cut % (value?.length ?? 1)) ?? null
        expect(() => decodeEntry(key, short, PLACE)).toThrow(
          expect.objectContaining({ code: 'MAP_ENTRY_DAMAGED', facts: expect.objectContaining(PLACE) }),
        )
      }),
    )
  })

  test.each([
    ['no producer', 'flow/eu-west/orders/orders/3/0.0'],
    ['a partition that is no number', 'flow/eu-west/orders/orders/x/7.1/0.0'],
    ['an offset that is too large', 'flow/eu-west/orders/orders/3/7.1/9007199254740993.0'],
    ['an empty topic', 'flow/eu-west//orders/3/7.1/0.0'],
    ['too many parts', 'owner/7.1/2'],
  ])('refuses a key with %s', (_what, key) => {
    expect(() => decodeEntry(Buffer.from(key), encodedFlow().value, PLACE)).toThrow(
      expect.objectContaining({ code: 'MAP_ENTRY_DAMAGED' }),
    )
  })

  test.each([
    ['bytes behind its end', (value: Buffer) => Buffer.concat([value, Buffer.of(0)])],
    ['version 0', (value: Buffer) => Buffer.concat([Buffer.of(0), value.subarray(1)])],
    ['a number without end', () => Buffer.concat([Buffer.of(1), Buffer.alloc(40, 0xff)])],
    ['a number of empty digits without end', () => Buffer.concat([Buffer.of(1), Buffer.alloc(40, 0x80)])],
  ])('refuses a value with %s', (_what, damage) => {
    const { key, value } = encodedFlow()
    expect(() => decodeEntry(key, damage(value), PLACE)).toThrow(expect.objectContaining({ code: 'MAP_ENTRY_DAMAGED' }))
  })

  test('refuses to write segments that do not ascend', () => {
    expect(() => encodeEntry(flowEntry({ segments: segments([5, 5], [5, 6]) }))).toThrow('impossible')
    expect(() => encodeEntry(flowEntry({ segments: [] }))).toThrow('impossible')
  })
})
