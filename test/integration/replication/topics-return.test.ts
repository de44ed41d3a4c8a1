import { describe, expect, it } from 'vitest'
import { contents, eventually, signal, values } from './copy-trial.ts'
import { startTwoRegions } from './two-regions.ts'
import { describeLinks, LEFT, Processes, RIGHT, untilCopied } from './processes.ts'

const { source, target, from, to } = await startTwoRegions()

const processes = new Processes(source, target)

const right = { source: LEFT, target: RIGHT }
const left = { source: RIGHT, target: LEFT }

describe('topics that could come back', () => {
  it('are refused by the opposite link of another process, under any name, and nothing is made of them', async () => {
    await from.createTopic('orders')
    await from.produce('orders', values('order', 10))
    try {
      const forth = processes.start({ ...right, topics: { include: ['*'], exclude: [] }, rename: 'left.{topic}' })
      const back = processes.start({ ...left, topics: { include: ['*'], exclude: [] }, rename: 'right.{topic}' })
      await untilCopied(forth, 'orders', 10)
      const isRefused = () => {
        return back.status().links[0]?.refusedTopics.find(({ topic }) => topic === 'left.orders') ?? undefined
      }
      const refused = await eventually('the copy is refused', isRefused, describeLinks(forth, back), 60_000)
      expect(refused.code).toBe('TOPIC_WOULD_CYCLE')
      expect(refused.message).toContain('left.orders is not copied from right to left')
      expect(refused.message).toContain('a copy of left/orders')

      await from.createTopic('late')
      await from.produce('late', values('late', 3))
      await untilCopied(forth, 'late', 3)
      const isLateRefused = () => (back.status().links[0]?.refusedTopics.length === 2 ? true : undefined)
      await eventually('the late copy is refused', isLateRefused, describeLinks(forth, back), 60_000)
      const names = (await from.cluster.metadata('all', signal)).topics.map(({ name }) => name)
      expect(names.filter((name) => name.startsWith('right.'))).toEqual([])
      expect(contents(await to.read('left.orders'))).toEqual(contents(await from.read('orders')))
    } finally {
      await processes.stop()
    }
  }, 120_000)
})

describe('a link that follows deletions', () => {
  it('deletes the copy after the grace, and copies a topic of the same name from its beginning later', async () => {
    await from.createTopic('short-lived')
    await from.createTopic('kept')
    await from.produce('short-lived', values('first', 5))
    await from.produce('kept', values('kept', 1))
    const topics = { include: ['short-lived', 'kept'], exclude: [] }
    const following = { ...right, topics, deletions: { follow: true, graceMs: 3_000 } }
    try {
      const first = processes.start(following)
      await untilCopied(first, 'short-lived', 5)
      await from.cluster.deleteTopics(['short-lived'], signal)
      const isPending = () => first.status().links[0]?.pendingDeletions[0]
      const pending = await eventually('it is pending', isPending, describeLinks(first))
      expect(pending).toMatchObject({ topic: 'short-lived', targetTopic: 'short-lived' })
      await processes.stop()

      const second = processes.start(following)
      const isGone = async () => {
        const [topic] = (await to.cluster.metadata(['short-lived'], signal)).topics
        return topic?.errorCode === 3 || undefined
      }
      await eventually('the copy is gone', isGone, describeLinks(second))
      await from.createTopic('short-lived')
      await from.produce('short-lived', values('second', 4))
      await untilCopied(second, 'short-lived', 4)
      expect(contents(await to.read('short-lived'))).toEqual(contents(await from.read('short-lived')))
      await untilCopied(second, 'kept', 1)
    } finally {
      await processes.stop()
    }
  }, 120_000)
})
