import { describe, expect, it } from 'vitest'
import type { PartitionProducers } from '../../../../src/kafka/index.ts'
import { type DescribedTransaction, planSettling } from '../../../../src/replication/moves/plan-settling.ts'

const ORDERS = { topic: 'orders', partition: 0 }
const BILLS = { topic: 'bills', partition: 3 }

function transaction(
  transactionalId: string,
  state: string,
  partitions = [ORDERS],
  producerId = 7n,
): DescribedTransaction {
  return { transactionalId, state, partitions, producerId, producerEpoch: 1, startTimeMs: 0, timeoutMs: 60_000 }
}

function producing(producerId: bigint, currentTxnStartOffset: number): PartitionProducers {
  const producer = { producerId, producerEpoch: 1, lastSequence: 0, lastTimestamp: 0, coordinatorEpoch: 0 }
  return { ...ORDERS, errorCode: 0, producers: [{ ...producer, currentTxnStartOffset }] }
}

const plan = (transactions: readonly DescribedTransaction[], producers: readonly PartitionProducers[] = []) => {
  const listed = transactions.map(({ transactionalId, producerId, state }) => ({ transactionalId, producerId, state }))
  return planSettling({ partitions: [ORDERS], producers, transactions, listed })
}

describe('transactions on partitions that are to be cut', () => {
  it('are ended where they are ongoing, also before they have written anything there', () => {
    expect(plan([transaction('app', 'Ongoing')])).toEqual({
      end: [{ transactionalId: 'app', producerId: 7n, alsoAborted: [] }],
      wait: [],
      unknown: [],
    })
  })

  it('are waited for where their coordinator has begun to end them', () => {
    const states = ['PrepareCommit', 'PrepareAbort', 'PrepareEpochFence']
    const { end, wait } = plan(states.map((state) => transaction(state, state)))
    expect([end, wait.map(({ state }) => state)]).toEqual([[], states])
  })

  it('are left alone where they are about other partitions', () => {
    expect(plan([transaction('app', 'Ongoing', [BILLS])])).toEqual({ end: [], wait: [], unknown: [] })
  })

  it('name the partitions elsewhere that are aborted with them', () => {
    const { end } = plan([transaction('app', 'Ongoing', [BILLS, ORDERS])])
    expect(end).toMatchObject([{ alsoAborted: [BILLS] }])
  })

  it('of our own are waited for: they end by themselves', () => {
    const { end, wait } = plan([transaction('__isthmus.shard-3', 'Ongoing')])
    expect([end, wait.map((one) => one.transactionalId)]).toEqual([[], ['__isthmus.shard-3']])
  })

  it('are unknown where a producer has one open that no coordinator tells of', () => {
    const told = plan([transaction('app', 'Ongoing')], [producing(7n, 12), producing(8n, -1)])
    expect(told.unknown).toEqual([])
    const untold = plan([], [producing(7n, 12)])
    expect(untold.unknown).toMatchObject([{ ...ORDERS, producerId: 7n, startOffset: 12, told: 'nothing' }])
  })

  it('are unknown where their coordinator counts only other partitions to the one that is open', () => {
    const { unknown } = plan([transaction('app', 'Ongoing', [BILLS])], [producing(7n, 12)])
    expect(unknown).toMatchObject([{ transactionalId: 'app', told: 'busy' }])
    const committing = plan([transaction('app', 'PrepareCommit', [BILLS])], [producing(7n, 12)])
    expect(committing.unknown).toMatchObject([{ told: 'busy' }])
  })

  it('are unknown where their coordinator takes them for ended, unless another broker says that one is open', () => {
    const ended = transaction('app', 'CompleteAbort', [])
    expect(plan([ended], [producing(7n, 12)]).unknown).toMatchObject([{ transactionalId: 'app', told: 'over' }])
    for (const state of ['CompleteCommit', 'Empty', 'Dead']) {
      const unclear = transaction('app', state, [])
      expect(plan([unclear], [producing(7n, 12)]).unknown).toMatchObject([{ told: 'unclear' }])
    }
    const listed = [{ transactionalId: 'app', producerId: 7n, state: 'PrepareCommit' }]
    const evidence = { partitions: [ORDERS], producers: [producing(7n, 12)], transactions: [ended], listed }
    expect(planSettling(evidence).unknown).toMatchObject([{ told: 'busy' }])
  })
})
