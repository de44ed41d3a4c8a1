import { afterAll, beforeAll, expect, it } from 'vitest'
import { type LocalRegion, startRegion } from '../../../src/local/index.ts'
import { contents, Copier, eventually, Side, signal, values } from './copy-trial.ts'

const MAP_TOPIC = '__isthmus.offset-map'

let source: LocalRegion
let target: LocalRegion
let from: Side
let to: Side

beforeAll(async () => {
  ;[source, target] = await Promise.all([startRegion({ name: 'whole' }), startRegion({ name: 'wide', brokers: 3 })])
  from = new Side(source)
  to = new Side(target)
}, 120_000)

afterAll(async () => {
  await from.close()
  await to.close()
  await Promise.all([source.stop(), target.stop()])
})

async function inSync(topic: string): Promise<number> {
  const { topics } = await to.cluster.metadata([topic], signal)
  return topics[0]?.partitions[0]?.isr.length ?? 0
}

it('takes a shard over although one of its partitions can take no marker, and that one when it can again', async () => {
  // One shard for both.
  await to.createTopic(MAP_TOPIC, { 'cleanup.policy': 'compact', 'min.insync.replicas': '2' })
  for (const topic of ['one-fit', 'one-sick']) {
    await from.createTopic(topic)
    await from.produce(topic, values('before', 20))
  }
  const first = new Copier(source, target, 'one-*')
  await first.untilCopied(20, 'one-fit')
  await first.untilCopied(20, 'one-sick')
  await first.crash()
  await to.cluster.alterTopicConfigs('one-sick', { 'min.insync.replicas': '3' }, signal)
  await target.stopBroker(2, { hard: true })
  await eventually(
    'too few in sync',
    async () => ((await inSync('one-sick')) < 3 ? true : undefined),
    () => '',
  )
  for (const topic of ['one-fit', 'one-sick']) await from.produce(topic, values('after', 20))

  const next = new Copier(source, target, 'one-*')
  await next.untilCopied(40, 'one-fit')
  const held = next.flow('one-sick')
  expect(held?.state).toBe('recovering')
  expect(held?.reason).toContain("it can't be fenced yet: 2 in-sync replicas, it needs 3")
  expect(next.events('shard:trouble').some(({ reason }) => reason.includes('one-sick-0'))).toBe(true)

  await target.startBroker(2)
  await next.untilCopied(40, 'one-sick')
  await next.stop()
  for (const topic of ['one-fit', 'one-sick']) {
    expect(contents(await to.read(topic))).toEqual(contents(await from.read(topic)))
  }
  expect(next.events('shard:handed-over')).toHaveLength(1)
})
