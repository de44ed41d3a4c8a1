import { beforeEach, expect, it } from 'vitest'
import { createEvents, linkName } from '../../../../src/core/index.ts'
import type { Cluster, TransactionDescription, TransactionListing } from '../../../../src/kafka/index.ts'
import type { ReplicationEvents } from '../../../../src/replication/events.ts'
import type { Flow } from '../../../../src/replication/flows/flow.ts'
import { TransactionWatch } from '../../../../src/replication/transactions/transaction-watch.ts'
import { ManualClock, neverAborted, SPEC } from '../flows/flow-fixtures.ts'

const partition = { topic: 'orders', partition: 0 }
const OPEN: TransactionDescription = {
  producerId: 7n,
  producerEpoch: 1,
  state: 'Ongoing',
  partitions: [partition],
  startTimeMs: 900,
  timeoutMs: 60_000,
}

let clock: ManualClock
let sight: { start: number; stableEnd: number; highWatermark: number; atMs: number }
let transaction: TransactionDescription
let asked: number
let told: ReplicationEvents['flow:held-back'][]
let released: number
let watch: TransactionWatch
let flow: Flow

beforeEach(() => {
  clock = new ManualClock()
  sight = { start: 0, stableEnd: 40, highWatermark: 50, atMs: 0 }
  transaction = OPEN
  asked = 0
  told = []
  released = 0
  flow = {
    spec: SPEC,
    get sight() {
      return sight
    },
  } as unknown as Flow
  const events = createEvents<ReplicationEvents>()
  events.on('flow:held-back', (event) => told.push(event))
  events.on('flow:released', () => released++)
  const source = {
    describeProducers: async () => {
      asked++
      const producer = { lastSequence: 1, lastTimestamp: 5, coordinatorEpoch: 0, currentTxnStartOffset: 40 }
      return [{ ...partition, errorCode: 0, producers: [{ ...producer, producerId: 7n, producerEpoch: 1 }] }]
    },
    listTransactions: async (): Promise<TransactionListing[]> => [
      { transactionalId: 'billing', producerId: 7n, state: transaction.state },
    ],
    describeTransaction: async () => transaction,
    metadata: async () => ({ brokers: [{ nodeId: 1, host: 'eu-1', port: 9092, rack: null }] }),
    describeBrokerConfigs: async () => [],
  } as unknown as Cluster
  watch = new TransactionWatch({
    link: linkName('eu-to-us'),
    source,
    flows: () => [flow],
    afterMs: 60_000,
    clock,
    events,
  })
})

async function look(): Promise<void> {
  await watch.act(watch.decide(await watch.observe(neverAborted)))
}

it('asks nothing before the last stable offset has stood for long enough, and not while it moves', async () => {
  await look()
  await clock.pass(59_000)
  await look()
  sight = { ...sight, stableEnd: 45 }
  await clock.pass(59_000)
  await look()
  expect(asked).toBe(0)
  expect(watch.heldBack(flow)).toBeUndefined()
})

it('tells of a long transaction once, without a fault, and when it is over', async () => {
  await look()
  await clock.pass(61_000)
  await look()
  await look()
  expect(watch.heldBack(flow)).toMatchObject({ state: 'open', transactionalId: 'billing', fault: null })
  expect(told).toMatchObject([{ state: 'open', stableOffset: 40, producerId: 7n, code: null }])
  sight = { ...sight, stableEnd: 50 }
  await look()
  expect(watch.heldBack(flow)).toBeUndefined()
  expect(released).toBe(1)
})

it('calls a transaction hanging when two looks in a row say so, with the command that ends it', async () => {
  transaction = { ...OPEN, state: 'CompleteCommit', partitions: [] }
  await look()
  await clock.pass(61_000)
  await look()
  expect(watch.heldBack(flow)).toMatchObject({ state: 'unknown', fault: null })
  expect(told).toEqual([])
  await look()
  expect(watch.heldBack(flow)?.fault?.code).toBe('SOURCE_TRANSACTION_HANGING')
  expect(told).toMatchObject([{ state: 'hanging', code: 'SOURCE_TRANSACTION_HANGING' }])
  expect(told[0]?.remedy).toContain(
    'kafka-transactions.sh --bootstrap-server eu-1:9092 abort --topic orders --partition 0 --start-offset 40',
  )
})
