import { Reader, Writer } from '@platformatic/kafka'
import { expect, test } from 'vitest'
import { isFault } from '../../../../src/core/index.ts'
import { readInt64 } from '../../../../src/kafka/wire/codec.ts'
import { fetchApi } from '../../../../src/kafka/wire/fetch.ts'
import { nameTopics, produceApi } from '../../../../src/kafka/wire/produce.ts'
import { readGoldens } from '../../../support/golden.ts'

const TOPIC_ID = 'fe46b5d6-5f64-4655-94d2-d9b89e355ff9'

test('fetched records are a view on the response frame, not a copy', () => {
  const golden = readGoldens().find(({ api, version }) => api === 'Fetch' && version === 17)
  const frame = Buffer.from(golden?.response ?? '', 'hex')
  const { partitions } = fetchApi.read(Reader.from(frame), 17)
  const records = partitions[0]?.records
  expect(records?.length).toBeGreaterThan(0)
  expect(records?.buffer).toBe(frame.buffer)
})

test('a fetch answer tells diverging epoch, new leader and aborted transactions', () => {
  const { partitions } = fetchApi.read(Reader.from(fetchAnswer()), 17)
  expect(partitions).toEqual([
    {
      topicId: TOPIC_ID,
      partition: 3,
      errorCode: 6,
      highWatermark: 2 ** 40,
      lastStableOffset: 7,
      logStartOffset: 5,
      aborted: [{ producerId: 2n ** 60n, firstOffset: 6 }],
      preferredReadReplica: 2,
      records: Buffer.alloc(0),
      divergingEpoch: { epoch: 4, endOffset: 99 },
      currentLeader: { leaderId: 2, leaderEpoch: 9 },
    },
  ])
})

test('a fetch request holds offsets beyond 2^32 and unknown epochs', () => {
  const writer = Writer.create()
  const partition = { topicId: TOPIC_ID, partition: 1, currentLeaderEpoch: -1, lastFetchedEpoch: -1, maxBytes: 10 }
  fetchApi.write(
    writer,
    {
      maxWaitMs: 500,
      minBytes: 1,
      maxBytes: 100,
      isolation: 'read_committed',
      rack: '',
      partitions: [{ ...partition, fetchOffset: 2 ** 40 + 3 }],
    },
    17,
  )
  expect(writer.buffer.toString('hex')).toContain(`00000001ffffffff0000010000000003ffffffff${'ff'.repeat(8)}0000000a00`)
})

test('a produce request carries the batch itself', () => {
  const batch = Buffer.alloc(100, 7)
  const writer = Writer.create()
  produceApi.write(writer, { timeoutMs: 1, batches: [{ topic: 't', topicId: TOPIC_ID, partition: 0, batch }] }, 13)
  expect(writer.buffers).toContain(batch)
  expect(writer.buffer.toString('hex', 0, 3)).toBe('00ffff')
})

test('a produce request names the transaction that it is part of', () => {
  const writer = Writer.create()
  const batches = [{ topic: 't', topicId: TOPIC_ID, partition: 0, batch: Buffer.alloc(1) }]
  produceApi.write(writer, { timeoutMs: 1, transactionalId: 'ab', batches }, 13)
  expect(writer.buffer.toString('hex', 0, 5)).toBe('036162ffff')
})

test('a produce answer by topic id is given back by name', () => {
  const partition = { partition: 0, errorCode: 0, baseOffset: 1, logAppendTimeMs: -1, logStartOffset: 0 }
  const raw = { topicOrId: TOPIC_ID, ...partition, recordErrors: [], errorMessage: null, currentLeader: undefined }
  const batches = [{ topic: 'orders', topicId: TOPIC_ID, partition: 0, batch: Buffer.alloc(1) }]
  expect(nameTopics({ throttleMs: 0, partitions: [raw] }, batches).partitions[0]?.topic).toBe('orders')
})

test('an offset that a number cannot hold is a fault', () => {
  const reader = Reader.from(Writer.create().appendInt64(2n ** 53n + 1n).buffer)
  expect(() => readInt64(reader, 'base_offset')).toThrow(
    expect.toSatisfy((error) => isFault(error, 'KAFKA_UNSAFE_INTEGER')),
  )
})

function fetchAnswer(): Buffer {
  const writer = Writer.create().appendInt32(0).appendInt16(0).appendInt32(0)
  writer.appendUnsignedVarInt(2).appendUUID(TOPIC_ID).appendUnsignedVarInt(2)
  writer
    .appendInt32(3)
    .appendInt16(6)
    .appendInt64(2n ** 40n)
    .appendInt64(7n)
    .appendInt64(5n)
  writer
    .appendUnsignedVarInt(2)
    .appendInt64(2n ** 60n)
    .appendInt64(6n)
    .appendTaggedFields()
  writer.appendInt32(2).appendBytes(Buffer.alloc(0))
  const diverging = Writer.create().appendInt32(4).appendInt64(99n).appendTaggedFields()
  const leader = Writer.create().appendInt32(2).appendInt32(9).appendTaggedFields()
  const unknown = Buffer.from('abc')
  writer.appendUnsignedVarInt(3)
  writer.appendUnsignedVarInt(0).appendUnsignedVarInt(diverging.length).appendFrom(diverging)
  writer.appendUnsignedVarInt(1).appendUnsignedVarInt(leader.length).appendFrom(leader)
  writer.appendUnsignedVarInt(7).appendUnsignedVarInt(unknown.length).append(unknown)
  return writer.appendTaggedFields().appendTaggedFields().buffer
}
