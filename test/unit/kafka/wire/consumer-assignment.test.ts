import { expect, test } from 'vitest'
import { readConsumerAssignment } from '../../../../src/kafka/wire/consumer-assignment.ts'

/** Version 1; `orders` with partitions 0 and 2, `mail` with none; no user data. As the Java client writes it. */
const ASSIGNMENT = '00010000000200066f726465727300000002000000000000000200046d61696c00000000ffffffff'

test('the partitions of a consumer are read off the bytes that its group agrees on', () => {
  expect(readConsumerAssignment(Buffer.from(ASSIGNMENT, 'hex'))).toEqual([
    { topic: 'orders', partition: 0 },
    { topic: 'orders', partition: 2 },
  ])
})

test('what cannot be read is no partition, and takes no time', () => {
  const whole = Buffer.from(ASSIGNMENT, 'hex')
  for (let length = 0; length < whole.length - 10; length++) {
    expect(readConsumerAssignment(whole.subarray(0, length))).toEqual([])
  }
  // A name of negative length would lead back to the beginning, two billion times.
  expect(readConsumerAssignment(Buffer.from('00017fffffffffff0000000000000000', 'hex'))).toEqual([])
})
