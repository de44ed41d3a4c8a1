import { describe, expect, it } from 'vitest'
import type { BrokerChannel, Cluster } from '../../../../src/kafka/index.ts'
import { permitted } from '../../../../src/replication/moves/permitted.ts'
import { neverAborted } from '../flows/flow-fixtures.ts'

/** Every call is told, and answered with nothing. */
function scripted(told: string[]): Cluster {
  const channel: Partial<BrokerChannel> = {
    fetch: async () => told.push('fetch') as never,
    produce: async () => told.push('produce') as never,
  }
  const answers: Record<string, unknown> = { openChannel: async () => channel }
  const names = ['initProducerId', 'addPartitionsToTxn', 'endTxn', 'writeTxnMarkers', 'commitGroupOffsets']
  const more = ['deleteGroupOffsets', 'createTopics', 'createPartitions', 'deleteTopics', 'deleteTopicById']
  const last = ['alterTopicConfigs', 'deleteRecords', 'listOffsets', 'metadata', 'describeTransaction']
  for (const name of [...names, ...more, ...last]) answers[name] = async () => told.push(name)
  return answers as never
}

const READING = new Set(['listOffsets', 'metadata', 'describeTransaction'])

describe('a cluster that may be changed only with a permit', () => {
  it('is read without one, and changed by no call once it is refused', async () => {
    const told: string[] = []
    const cluster = permitted(scripted(told), () => {
      throw new Error('the lease is gone')
    }) as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>
    for (const name of Object.keys(scripted([])).filter((one) => one !== 'openChannel')) {
      const call = cluster[name]?.()
      if (READING.has(name)) await call
      else await expect(call, name).rejects.toThrow('the lease is gone')
    }
    expect(told).toEqual([...READING])
  })

  it('asks for each batch that is sent', async () => {
    const told: string[] = []
    let asked = 0
    const cluster = permitted(scripted(told), () => asked++)
    const channel = await cluster.openChannel(0, neverAborted)
    await channel.fetch({} as never)
    await channel.produce({} as never)
    await channel.produce({} as never)
    expect([asked, told]).toEqual([2, ['fetch', 'produce', 'produce']])
  })
})
