import { afterAll, afterEach, expect, it } from 'vitest'
import { startRegion } from '../../../src/local/index.ts'
import { eventually, Side, signal, values } from '../replication/copy-trial.ts'
import { Mover } from '../replication/moves/moving.ts'
import { ReturnTrial } from './returning.ts'

const regions = await Promise.all(['a', 'b', 'c'].map((name) => startRegion({ name, heapMb: 256 })))
const [a, b, c] = regions as [(typeof regions)[0], (typeof regions)[0], (typeof regions)[0]]
const [inA, inB, inC] = [new Side(a), new Side(b), new Side(c)]
afterAll(async () => {
  await Promise.all([inA, inB, inC].map((side) => side.close()))
  await Promise.all(regions.map((region) => region.stop()))
}, 60_000)

let trial: ReturnTrial | undefined
afterEach(async () => {
  await trial?.stop()
  trial = undefined
})

const PROMOTION = { isPromotion: true, unproved: 'end', markers: 'always', by: 'a test' } as const

it('a standby that is ahead of the active region is compared where both parted, and copied again', async () => {
  const topics = ['ahead', 'level']
  for (const topic of topics) {
    await inA.createTopic(topic)
    await inA.produce(topic, values('on all', 10))
  }
  const mover = new Mover({ a, b, c }, topics)
  for (const target of ['b', 'c']) await mover.copy('a', target)
  for (const target of ['b', 'c']) await mover.untilCopied('a', target)
  await mover.stopCopy('a', 'b')
  await inA.produce('ahead', values('only on c', 5))
  await mover.untilCopied('a', 'c')
  // Its replicator is cut off: nobody has ended this copy when the region is lost.
  await mover.stop()
  await a.stopBroker(0, { hard: true })
  const promoter = new Mover({ b }, topics)
  await promoter.replicator.moves.close(promoter.link('a', 'b'), PROMOTION, signal)
  await promoter.stop()
  await inB.produce('ahead', values('on b', 4))

  trial = new ReturnTrial({ b, c }, { topics, lost: 'c', active: 'b', others: ['a'] })
  const running = trial
  // The map of the lost region is not needed: those of the other two say where they part.
  expect((await running.run())?.divergence).toEqual({ records: 5, partitions: 1, onlyHere: 0 })
  const { topics: rows } = running.evidenceOf('scanning') as never as { topics: { rows: number[][] }[] }
  expect(rows[0]?.rows[0]?.slice(0, 4)).toEqual([0, 10, 15, 5])
  running.choose({ kind: 'replay' })
  expect(await running.run({ deaths: true })).toBeUndefined()
  const texts = async (side: Side, topic: string) => (await side.readCommitted(topic)).map(({ value }) => value)
  const all = [...values('on all', 10), ...values('on b', 4), ...values('only on c', 5)]
  await eventually(
    'c follows b',
    async () => ((await texts(inC, 'ahead')).length === all.length ? true : undefined),
    () => running.describe(),
  )
  expect([await texts(inB, 'ahead'), await texts(inC, 'ahead')]).toEqual([all, all])
  expect(await texts(inC, 'level')).toEqual(values('on all', 10))
  const flows = running.replicator.status().links[0]?.flows ?? []
  expect(flows.find(({ topic }) => topic === 'level')?.counters.recordsCopied).toBe(0)
}, 120_000)
