import { afterEach, describe, expect, it } from 'vitest'
import { systemClock as clock } from '../../../src/core/index.ts'
import { makeHangingMemory } from '../../../src/replication/moves/hanging.ts'
import { readEnds } from '../../../src/replication/moves/ends.ts'
import { settleTransactions } from '../../../src/replication/moves/settle.ts'
import { makeHangingTransaction } from '../../support/hanging-transaction.ts'
import { eventually, signal, values } from '../replication/copy-trial.ts'
import { Mover } from '../replication/moves/moving.ts'
import { startTwoRegions } from '../replication/two-regions.ts'
import { ReturnTrial } from './returning.ts'

/** Coordinators of the first one forget a transactional id within seconds. */
const EXPIRY_MS = 15_000
const brokerConfig = {
  'transaction.partition.verification.enable': 'false',
  'transactional.id.expiration.ms': String(EXPIRY_MS),
  'transaction.remove.expired.transaction.cleanup.interval.ms': '1000',
}
const { source: a, target: b, from: inA, to: inB } = await startTwoRegions({ from: { brokerConfig } })

let trial: ReturnTrial | undefined
afterEach(async () => {
  await trial?.stop()
  trial = undefined
})

async function makeTopic(topic: string): Promise<void> {
  await inA.cluster.createTopics([{ topic, partitions: 1, replicationFactor: 1, configs: {} }], signal)
  await eventually(
    `${topic} has a leader`,
    async () =>
      ((await inA.cluster.metadata([topic], signal)).topics[0]?.partitions[0]?.leaderId ?? -1) >= 0 || undefined,
    () => '',
  )
}

async function send(side: typeof inA, topic: string, texts: readonly string[]): Promise<void> {
  const producer = side.kafka.producer({ retry: { retries: 8 } })
  await producer.connect()
  await producer.send({ topic, messages: texts.map((value) => ({ partition: 0, value })) })
  await producer.disconnect()
}

describe('a transaction that nobody will end', () => {
  it.each([
    ['aborted', 'abort', true],
    ['committed', 'commit', false],
  ] as const)(
    'whose producer has %s the one before is ended by a marker only where nothing is at stake',
    async (topic, outcome, isEnded) => {
      await makeTopic(topic)
      const at = { topic, partition: 0 }
      const made = await makeHangingTransaction(a.bootstrap[0] ?? '', { ...at, transactionalId: topic, outcome })
      const request = { cluster: inA.cluster, partitions: [at], clock, withinMs: 3_500 }
      const { producerId, startOffset } = made
      const left = await settleTransactions(request, signal)
      expect(left).toMatchObject({ kind: 'waiting', isHeld: true, hanging: [{ producerId, startOffset }] })

      const memory = makeHangingMemory()
      const settling = await settleTransactions({ ...request, memory }, signal)
      expect(settling).toMatchObject({ kind: isEnded ? 'settled' : 'waiting', ended: [] })
      expect([...memory.ended.values()]).toMatchObject(isEnded ? [{ ...at, producerId, startOffset }] : [])
      const [ends] = await readEnds(inA.cluster, [at], signal)
      expect(ends?.stableEnd === ends?.logEnd).toBe(isEnded)
      expect((await inA.readCommitted(topic)).map(({ value }) => value)).toEqual(isEnded ? [] : ['record 0'])
    },
    60_000,
  )

  it('does not hold up the return of a region whose coordinators have forgotten it', async () => {
    await makeTopic('hung')
    await send(inA, 'hung', values('before', 5))
    const mover = new Mover({ a, b }, ['hung'])
    await mover.copy('a', 'b')
    await mover.untilCopied('a', 'b')
    await mover.stopCopy('a', 'b')
    const made = await makeHangingTransaction(a.bootstrap[0] ?? '', {
      topic: 'hung',
      partition: 0,
      transactionalId: 'lost',
    })
    await send(inA, 'hung', values('behind', 2))
    await a.stopBroker(0, { hard: true })
    const how = { isPromotion: true, unproved: 'end', markers: 'always', by: 'a test' } as const
    await mover.replicator.moves.close(mover.link('a', 'b'), how, signal)
    await mover.stop()
    await a.startBroker(0)
    await eventually(
      'the coordinator has forgotten it',
      // One that is still being loaded is asked again by the client; a list would just be silent about it.
      async () => (await inA.cluster.describeTransaction('lost', signal)) === undefined || undefined,
      () => '',
      4 * EXPIRY_MS,
    )
    trial = new ReturnTrial({ a, b }, { topics: ['hung'], lost: 'a', active: 'b' })
    expect((await trial.run())?.divergence).toEqual({ records: 3, partitions: 1, onlyHere: 0 })
    const told = `producer ${made.producerId} on hung-0 from offset ${made.startOffset}`
    expect(trial.waits.at(-1)).toContain(told)
    expect(trial.evidenceOf('scanning')).toMatchObject({
      endedTotal: 1,
      ended: [
        {
          by: 'marker',
          outcome: 'aborted',
          transactionalId: null,
          producerId: String(made.producerId),
          topic: 'hung',
          partition: 0,
          startOffset: made.startOffset,
        },
      ],
    })
    trial.choose({ kind: 'replay' })
    expect(await trial.run()).toBeUndefined()
    const all = [...values('before', 5), 'record 0', ...values('behind', 2)]
    for (const side of [inA, inB]) expect((await side.readCommitted('hung')).map(({ value }) => value)).toEqual(all)
  }, 120_000)
})
