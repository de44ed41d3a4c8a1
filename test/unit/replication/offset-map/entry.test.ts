import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { flowKeyText, hashFlowKey } from '../../../../src/replication/offset-map/index.ts'

/** FNV-1a, 32 bits, as published. */
function fnv1a(bytes: Buffer): number {
  let hash = 0x811c9dc5
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  return hash
}

test('the hash of a flow is FNV-1a of its text', () => {
  expect(hashFlowKey({ source: 'eu', topic: 'orders', targetTopic: 'eu.orders', partition: 17 })).toBe(2_129_559_008)
  const name = fc.stringMatching(/^[a-zA-Z0-9._-]{1,30}$/)
  const key = fc.record({ source: name, topic: name, targetTopic: name, partition: fc.nat() })
  fc.assert(fc.property(key, (flow) => hashFlowKey(flow) === fnv1a(Buffer.from(flowKeyText(flow)))))
})
