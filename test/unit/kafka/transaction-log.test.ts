import { expect, it } from 'vitest'
import { coordinatorPartition, decodeCoordinatorEntry } from '../../../src/kafka/transaction-log.ts'

const hex = (text: string) => Buffer.from(text, 'hex')
const KEY = hex('0000000474782d39')
const T = [3, 2, 1, 0].map((partition) => ({ topic: 't', partition }))
/** Written by a coordinator of Kafka 4.3.1. */
const ONGOING =
  '00010000000000000003000000004e2001020274050000000300000002000000010000000000000001a1ff387538000001a1ff38753802' +
  '0008000000000000000302020002'
const COMMITTING =
  '00010000000000000003000100004e2002020274050000000300000002000000010000000000000001a1ff3875bd000001a1ff38753802' +
  '0008000000000000000302020002'
const OVER = '00010000000000000006000000004e200000000001a1ff3872acffffffffffffffff0100080000000000000006'

it.each([
  [ONGOING, { status: 'ongoing', producerEpoch: 0, producerId: 3n, partitions: T }],
  [COMMITTING, { status: 'prepare-commit', producerEpoch: 1, producerId: 3n, partitions: T }],
  [OVER, { status: 'other', producerEpoch: 0, producerId: 6n, partitions: [] }],
])('an entry of a coordinator is read as it was written: %#', (value, entry) => {
  expect(decodeCoordinatorEntry(KEY, hex(value))).toEqual({ transactionalId: 'tx-9', ...entry })
})

it('an entry of the first version is read', () => {
  const fields = ['0000', '0000000000000003', '0001', '00004e20', '03', '00000001', '000174', '00000001', '00000002']
  const entry = decodeCoordinatorEntry(KEY, hex(`${fields.join('')}${'00'.repeat(16)}`))
  expect(entry).toMatchObject({ status: 'prepare-abort', producerEpoch: 1, partitions: [{ topic: 't', partition: 2 }] })
})

it('what is no entry of a known version is left out', () => {
  expect(decodeCoordinatorEntry(hex('0001'), hex(OVER))).toBeUndefined()
  expect(decodeCoordinatorEntry(KEY, hex('0002'))).toBeUndefined()
  expect(decodeCoordinatorEntry(KEY, null)).toBeUndefined()
})

it('an id belongs to the partition that the hash of Java has for it', () => {
  // "hello".hashCode() is 99162322; that of the second one is the smallest integer, which has no absolute value.
  expect(coordinatorPartition('hello', 50)).toBe(22)
  expect(coordinatorPartition('polygenelubricants', 50)).toBe(0)
})
