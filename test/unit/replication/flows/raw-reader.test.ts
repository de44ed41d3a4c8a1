import { expect, test } from 'vitest'
import type { BrokerChannel, Cluster } from '../../../../src/kafka/index.ts'
import { targetRef } from '../../../../src/replication/flows/places.ts'
import { RawReader } from '../../../../src/replication/flows/raw-reader.ts'
import { fetched, ManualClock, neverAborted, plainBatch, random, SPEC } from './flow-fixtures.ts'

const UNKNOWN_TOPIC_ID = 100

/** Reads one batch from a broker that answers with these codes, in order, and then with a batch. */
async function read(codes: number[]): Promise<number> {
  const clock = new ManualClock()
  const channel: Partial<BrokerChannel> = {
    onClose: () => undefined,
    close: async () => undefined,
    fetch: async () => {
      const errorCode = codes.shift() ?? 0
      const records = errorCode === 0 ? plainBatch(0, 1) : Buffer.alloc(0)
      const { topicId } = targetRef(SPEC)
      return { errorCode: 0, throttleMs: 0, sessionId: 0, partitions: [{ ...fetched(records), topicId, errorCode }] }
    },
  }
  const cluster: Partial<Cluster> = {
    name: 'us',
    leaderOf: () => ({ leaderId: 1, leaderEpoch: 1 }),
    metadata: () => Promise.reject(new Error('not now')),
    openChannel: async () => channel as BrokerChannel,
  }
  const reader = new RawReader(cluster as Cluster, { clock, random })
  const answer = reader.read(targetRef(SPEC), { offset: 0, maxBytes: 1 }, neverAborted)
  answer.catch(() => undefined)
  await clock.pass(30_000)
  return (await answer).errorCode
}

test('what is no answer about the log is tried again', async () => {
  expect(await read([UNKNOWN_TOPIC_ID, 6, UNKNOWN_TOPIC_ID])).toBe(0)
})

test('an offset out of range is for the caller to judge', async () => {
  expect(await read([1])).toBe(1)
})

test('no refusal passes for an empty log', async () => {
  await expect(read([29])).rejects.toMatchObject({ code: 'PARTITION_REFUSED' })
  await expect(read([-1])).rejects.toMatchObject({ code: 'PARTITION_REFUSED' })
  const never = Array.from({ length: 1_000 }, () => UNKNOWN_TOPIC_ID)
  await expect(read(never)).rejects.toMatchObject({ code: 'TARGET_NOT_READY' })
})
