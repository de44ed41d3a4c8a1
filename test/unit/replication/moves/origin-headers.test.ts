import { expect, test } from 'vitest'
import { exportTopicOf, isExportTopic, originOf, withOrigin } from '../../../../src/replication/moves/origin-headers.ts'

const ORIGIN = {
  region: 'west',
  topic: 'orders',
  partition: 3,
  offset: 4_711,
  timestamp: 17,
  epoch: 2,
  return: 'op-west',
}
const record = { offset: 4_711, timestamp: 17, key: null, value: Buffer.from('v'), headers: [] }

test('a record says where it stood, behind what it said before', () => {
  const headers = [[Buffer.from('isthmus.offset'), Buffer.from('3')] as const]
  const late = withOrigin({ ...record, headers }, ORIGIN)
  expect(late).toMatchObject({ timestamp: 17, key: null, value: Buffer.from('v') })
  expect(late.headers?.[0]).toEqual(headers[0])
  expect(originOf({ headers: (late.headers ?? []) as never })).toEqual(ORIGIN)
})

test('a record that does not say all of it is none of those that were salvaged', () => {
  expect(originOf({ headers: [] })).toBeUndefined()
  const half = withOrigin(record, ORIGIN).headers?.slice(0, 4) ?? []
  expect(originOf({ headers: half as never })).toBeUndefined()
})

test('the topics of a long name stay within what Kafka takes, and apart', () => {
  expect(exportTopicOf('orders', 2)).toBe('isthmus.diverged.orders.2')
  const [one, other] = ['a', 'b'].map((end) => exportTopicOf(`${'x'.repeat(240)}${end}`, 12))
  expect(one).toHaveLength(249)
  expect(one).not.toBe(other)
  expect([one, 'isthmus.diverged.orders.112', 'orders.12'].map((name) => isExportTopic(name ?? '', 12))).toEqual([
    true,
    false,
    false,
  ])
})
