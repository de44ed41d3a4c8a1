import { describe, expect, it } from 'vitest'
import { contents, Copier, values } from './copy-trial.ts'
import { startTwoRegions } from './two-regions.ts'

const { source, target, from, to } = await startTwoRegions()

describe('a copy under way', () => {
  it('goes on after each side was killed and started again, with a new leader epoch at the source', async () => {
    const topic = 'restarts'
    await from.createTopic(topic)
    await from.produce(topic, values('first', 100))
    const copier = new Copier(source, target, topic)
    try {
      await copier.untilCopied(100)

      await source.stopBroker(0, { hard: true })
      await source.startBroker(0)
      await from.produce(topic, values('second', 100))
      await copier.untilCopied(200)
      const reasons = copier.events('flow:recovering').map(({ reason }) => reason)
      expect(reasons).toContainEqual(expect.stringContaining('leader epoch'))

      await target.stopBroker(0, { hard: true })
      await from.produce(topic, values('third', 100))
      await target.startBroker(0)
      const flow = await copier.untilCopied(300)

      expect(flow.offsetsIdentical).toBe(true)
      expect(contents(await to.read(topic))).toEqual(contents(await from.read(topic)))
    } finally {
      await copier.stop()
    }
  }, 120_000)
})
