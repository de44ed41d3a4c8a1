import { describe, expect, it } from 'vitest'
import { regionName } from '../../../../src/core/index.ts'
import type { CopiedFlow } from '../../../../src/replication/offset-map/index.ts'
import { replicationFaults } from '../../../../src/replication/faults.ts'
import { type CopySightContext, look } from '../../../../src/replication/moves/look-at-copies.ts'
import { neverAborted } from '../flows/flow-fixtures.ts'

const [source, target] = [regionName('left'), regionName('right')]
const copy = { key: { source, topic: 'orders', targetTopic: 'orders', partition: 0 } } as unknown as CopiedFlow
const link = { source, target, topics: { include: ['*'], exclude: [] } }

/** A map that has grown to `grownTo` when it is read again. */
function sightOf(grownTo: number): CopySightContext {
  let readUpTo = 7
  const atlas = {
    flowMap: async () => ({}),
    refresh: async () => {
      readUpTo = grownTo
    },
  }
  const ledger = { readUpTo: () => readUpTo, mapTopic: { topicId: 'm', shards: 4 } }
  return { atlas, ledger, proof: {} } as unknown as CopySightContext
}

const contradicted = async (): Promise<string> => {
  throw replicationFaults.fault('FLOW_DIVERGED', { targetTopic: 'orders', partition: 0, evidence: 'a stranger' })
}

describe('a log that the map does not explain', () => {
  it('has diverged where the map stands still', async () => {
    await expect(look(sightOf(7), link, copy, neverAborted, contradicted)).rejects.toMatchObject({
      code: 'FLOW_DIVERGED',
    })
  })

  it('is looked at again where the map has gone on meanwhile', async () => {
    const seen = await look(sightOf(8), link, copy, neverAborted, contradicted)
    expect(seen).toEqual({ reason: 'its copy goes on while it is looked at' })
  })

  it('is no excuse for any other fault', async () => {
    const silent = async () => {
      throw new Error('no answer')
    }
    await expect(look(sightOf(8), link, copy, neverAborted, silent)).rejects.toThrow('no answer')
  })
})
