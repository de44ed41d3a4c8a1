import { expect, test } from 'vitest'
import { describeLag } from '../../../../src/controller/custom-resources/group-lags.ts'

const loss = (records: number, waitingMs?: number) => {
  const seen = { partition: 'orders-0', records, seenMsAgo: 100, recordsPerSecond: 5 }
  return waitingMs === undefined ? seen : { ...seen, waitingMs }
}

test.each([
  ['seconds, of the partition that waits longest', [[loss(3, 200), loss(1, 4_100)], [loss(9, 900)]], '5s'],
  ['no seconds where nothing is missing', [[loss(0, 800), loss(0)]], '0s'],
  ['records where seconds are not known, of the standby with the most', [[loss(3), loss(4)], [loss(5)]], '7 records'],
  ['nothing where a standby is not known', [[loss(3, 200)], undefined], 'unknown'],
  ['nothing where there is no standby', [], 'unknown'],
  ['nothing where there are no partitions', [[]], 'unknown'],
])('a lag is told as %s', (_, standbys, said) => {
  expect(describeLag(standbys)).toBe(said)
})
