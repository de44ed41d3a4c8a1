import { afterEach, describe, expect, it } from 'vitest'
import { linkName } from '../../../src/core/index.ts'
import type { Side } from './copy-trial.ts'
import { contents, eventually, signal, values } from './copy-trial.ts'
import { startTwoRegions } from './two-regions.ts'
import { describeLinks, LEFT, Processes, RIGHT, untilCopied } from './processes.ts'

const MAP_TOPIC = '__isthmus.offset-map'
/** Set on the topic, because the brokers' defaults may differ. */
const POLICY = { 'cleanup.policy': 'delete' }
const KEPT = linkName('kept')
const REMOVED = linkName('removed')

const { source, target, from, to } = await startTwoRegions()

const processes = new Processes(source, target)

afterEach(() => processes.stop())

/** What is set on the topic itself. */
async function ownConfigs(side: Side, topic: string): Promise<Record<string, string | null>> {
  const [described] = await side.cluster.describeTopicConfigs([topic], signal)
  const own = (described?.entries ?? []).filter((entry) => entry.source === 'topic')
  return Object.fromEntries(own.map(({ name, value }) => [name, value]))
}

async function topicsOf(side: Side): Promise<string[]> {
  return (await side.cluster.metadata('all', signal)).topics.map(({ name }) => name)
}

const linkOf = (name: typeof KEPT, topic: string) => {
  return { name, source: LEFT, target: RIGHT, topics: { include: [topic], exclude: [] } }
}

describe('a link that is removed', () => {
  it('leaves ordinary topics, goes on in another link, and takes the offset map along when it was the last', async () => {
    await from.createTopic('orders', { 'retention.ms': '360000000', 'segment.ms': '700000' })
    await from.createTopic('bills')
    await from.produce('bills', values('bill', 3))
    const producer = from.kafka.producer({ transactionalId: 'orders', maxInFlightRequests: 1, idempotent: true })
    await producer.connect()
    for (let round = 0; round < 30; round++) {
      const transaction = await producer.transaction()
      await transaction.send({ topic: 'orders', messages: [{ value: `order ${round}` }] })
      await transaction.commit()
    }
    await producer.disconnect()
    const process = processes.start(linkOf(REMOVED, 'orders'), linkOf(KEPT, 'bills'))
    await untilCopied(process, 'orders', 60)
    await untilCopied(process, 'bills', 3)
    expect(await ownConfigs(to, 'orders')).toMatchObject({ 'retention.ms': '-1' })

    const plan = await process.removeLink(REMOVED, { dryRun: true, deleteTopics: false }, signal)
    expect(plan).toMatchObject({ state: 'planned', topics: [{ topic: 'orders', action: 'restore', state: 'planned' }] })
    expect(await ownConfigs(to, 'orders')).toMatchObject({ 'retention.ms': '-1' })

    const removal = await process.removeLink(REMOVED, { dryRun: false, deleteTopics: false }, signal)
    expect(removal).toMatchObject({ state: 'removed', topics: [{ topic: 'orders', action: 'restore', state: 'done' }] })
    expect(removal.left).toContainEqual({ what: `topic ${MAP_TOPIC}`, why: 'link kept' })
    expect(await ownConfigs(to, 'orders')).toEqual({ ...(await ownConfigs(from, 'orders')), ...POLICY })
    expect(contents(await to.read('orders'))).toEqual(contents(await from.read('orders')))
    expect(process.status().links.map(({ link }) => link)).toEqual([KEPT])

    await from.produce('bills', values('later', 2))
    await untilCopied(process, 'bills', 5)
    const again = await process.removeLink(REMOVED, { dryRun: false, deleteTopics: false }, signal)
    expect(again).toMatchObject({ state: 'removed', topics: [] })
    const last = await process.removeLink(KEPT, { dryRun: false, deleteTopics: true }, signal)
    expect(last).toMatchObject({ state: 'removed', topics: [{ topic: 'bills' }, { topic: MAP_TOPIC }] })
    const isGone = async () => {
      const topics = await topicsOf(to)
      return topics.includes('bills') || topics.includes(MAP_TOPIC) ? undefined : topics
    }
    expect(await eventually('the topics are gone', isGone, describeLinks(process))).toContain('orders')
  }, 120_000)

  it('is finished by a second call where the first was cut off', async () => {
    const topics = ['cut-a', 'cut-b', 'cut-c']
    for (const topic of topics) {
      await from.createTopic(topic)
      await from.produce(topic, values(topic, 4))
    }
    const first = processes.start(linkOf(REMOVED, 'cut-*'))
    for (const topic of topics) await untilCopied(first, topic, 4)
    const cut = new AbortController()
    const isFirstDone = async () => {
      const configs = await Promise.all(topics.map((topic) => ownConfigs(to, topic)))
      return configs.some((one) => one['retention.ms'] === undefined) || undefined
    }
    const removing = first.removeLink(REMOVED, { dryRun: false, deleteTopics: false }, cut.signal)
    await Promise.race([removing.catch(() => undefined), eventually('one is done', isFirstDone, describeLinks(first))])
    cut.abort(new Error('cut off'))
    await removing.catch(() => undefined)
    await processes.stop()

    const second = processes.start(linkOf(REMOVED, 'cut-*'))
    await eventually(
      'it runs',
      () => (second.status().links[0]?.flows.length ? true : undefined),
      describeLinks(second),
    )
    const removal = await second.removeLink(REMOVED, { dryRun: false, deleteTopics: false }, signal)
    expect(removal.state).toBe('removed')
    for (const topic of topics) {
      expect(await ownConfigs(to, topic)).toEqual(POLICY)
      expect(contents(await to.read(topic))).toEqual(contents(await from.read(topic)))
    }
  }, 120_000)
})
