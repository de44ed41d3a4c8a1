import { expect, test } from 'vitest'
import { pack } from '../../../src/controller/recorded-configs.ts'

const retention = { 'retention.ms': '60000' }
const compacted = { 'cleanup.policy': 'compact' }
const one = (topic: string, changes: Readonly<Record<string, string>>) => ({ topic, targetTopic: topic, changes })

test('what many topics need is written once, and the order of the reading makes no other document', () => {
  const packed = pack([one('b', retention), one('c', compacted), one('a', retention)])
  expect(packed).toEqual([
    {
      changes: retention,
      topics: [
        ['a', 'a'],
        ['b', 'b'],
      ],
    },
    { changes: compacted, topics: [['c', 'c']] },
  ])
  expect(pack([one('a', retention), one('b', retention), one('c', compacted)])).toEqual(packed)
})
