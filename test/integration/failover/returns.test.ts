import { afterEach, describe, expect, it } from 'vitest'
import { eventually, signal, values } from '../replication/copy-trial.ts'
import { Mover } from '../replication/moves/moving.ts'
import { startTwoRegions } from '../replication/two-regions.ts'
import { ReturnTrial } from './returning.ts'

const { source: a, target: b, from: inA, to: inB } = await startTwoRegions()

let trial: ReturnTrial | undefined
afterEach(async () => {
  await trial?.stop()
  trial = undefined
})

const PROMOTION = { isPromotion: true, unproved: 'end', markers: 'always', by: 'a test' } as const

async function makeTopic(topic: string, partitions: number, configs: Readonly<Record<string, string>> = {}) {
  await inA.cluster.createTopics([{ topic, partitions, replicationFactor: 1, configs }], signal)
  await eventually(
    `${topic} has leaders`,
    async () => {
      const { topics } = await inA.cluster.metadata([topic], signal)
      return topics[0]?.partitions.length === partitions && topics[0].partitions.every(({ leaderId }) => leaderId >= 0)
        ? true
        : undefined
    },
    () => '',
  )
}

async function send(side: typeof inA, topic: string, partition: number, texts: readonly string[]): Promise<void> {
  const producer = side.kafka.producer({ retry: { retries: 8 } })
  await producer.connect()
  await producer.send({ topic, messages: texts.map((value) => ({ partition, key: `key of ${value}`, value })) })
  await producer.disconnect()
}

/** Everything in region a goes to b; then a writes on by itself and dies, b takes its place and writes, and a is back. */
async function loseRegion(topics: readonly string[], tails: () => Promise<void>, afterwards: () => Promise<void>) {
  const mover = new Mover({ a, b }, topics)
  await mover.copy('a', 'b')
  await mover.untilCopied('a', 'b')
  await mover.stopCopy('a', 'b')
  await tails()
  await a.stopBroker(0, { hard: true })
  const { closed, waiting } = await mover.replicator.moves.close(mover.link('a', 'b'), PROMOTION, signal)
  expect([closed.length > 0, waiting]).toEqual([true, []])
  await mover.stop()
  await afterwards()
  await a.startBroker(0)
  trial = new ReturnTrial({ a, b }, { topics, lost: 'a', active: 'b' })
  return trial
}

const shown = (records: readonly { readonly key: string | null; readonly value: string | null }[]) =>
  records.map(({ key, value }) => `${key} ${value}`)

async function expectEqual(topic: string, partitions: number, offsets: 'identical' | 'shifted'): Promise<void> {
  for (let partition = 0; partition < partitions; partition++) {
    const [there, here] = [await inB.read(topic, partition), await inA.read(topic, partition)]
    if (offsets === 'identical') expect(here).toEqual(there)
    else expect(shown(here)).toEqual(shown(there))
  }
}

describe('the return of a region that was lost', () => {
  it('follows again without copying anything where nothing has diverged', async () => {
    await makeTopic('same', 2)
    for (const partition of [0, 1]) await send(inA, 'same', partition, values(`before ${partition}`, 20))
    const running = await loseRegion(
      ['same'],
      async () => undefined,
      () => send(inB, 'same', 0, values('on b', 5)),
    )
    expect(await running.run()).toBeUndefined()
    expect(running.phases).toEqual(['scanning', 'rejoining', 'standby'])
    expect(running.role).toBe('standby')
    await expectEqual('same', 2, 'shifted')
    const flows = running.replicator.status().links[0]?.flows ?? []
    expect(flows.map(({ counters }) => counters.recordsCopied).sort((one, other) => one - other)).toEqual([0, 5])
    const fencing = running.evidenceOf('fencing') as { readonly window: { readonly provedAt: string } }
    expect(fencing.window.provedAt).toMatch(/^20/)
  }, 90_000)
})
