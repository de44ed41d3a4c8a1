import { describe, expect, it } from 'vitest'
import { systemClock as clock, systemRandom as random } from '../../../../src/core/index.ts'
import type { Cluster, ClusterMetadata } from '../../../../src/kafka/index.ts'
import { CopyLedger } from '../../../../src/replication/shards/copy-ledger.ts'

/** A region whose answers the test gives, one by one. */
function stage() {
  const asked: PromiseWithResolvers<ClusterMetadata>[] = []
  const stub: Partial<Cluster> = {
    name: 'eu',
    metadata: () => {
      const answer = Promise.withResolvers<ClusterMetadata>()
      asked.push(answer)
      return answer.promise
    },
  }
  const answer = (clusterId: string): ClusterMetadata => ({ clusterId, controllerId: 1, brokers: [], topics: [] })
  return { ledger: new CopyLedger(stub as Cluster, { clock, random }), asked, answer }
}

const { signal } = new AbortController()
const settled = () => new Promise((resolve) => setImmediate(resolve))

describe('a refresh of the ledger', () => {
  it('does not share a look that began before it, and shares the next one with whoever waits', async () => {
    const { ledger, asked, answer } = stage()
    const first = ledger.refresh(signal)
    await settled()
    const others = [ledger.refresh(signal), ledger.refresh(signal)]
    asked[0]?.resolve(answer('before'))
    await first
    await settled()
    expect([asked.length, ledger.clusterId]).toEqual([2, 'before'])
    asked[1]?.resolve(answer('after'))
    await Promise.all(others)
    expect([asked.length, ledger.clusterId]).toEqual([2, 'after'])
  })

  it('does not end with the patience of another caller', async () => {
    const { ledger, asked, answer } = stage()
    const hasty = new AbortController()
    const given = ledger.refresh(hasty.signal)
    await settled()
    hasty.abort(new Error('no time'))
    await expect(given).rejects.toThrow('no time')
    asked[0]?.reject(new Error('no answer'))
    const patient = ledger.refresh(signal)
    await settled()
    asked[1]?.resolve(answer('after'))
    await patient
    expect(ledger.clusterId).toBe('after')
  })
})
