import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { linkName } from '../../../src/core/index.ts'
import type { Replicator } from '../../../src/replication/index.ts'
import { contents, eventually, signal, values } from './copy-trial.ts'
import { describeLinks, LEFT, Processes, RIGHT, untilCopied } from './processes.ts'
import { startTwoRegions } from './two-regions.ts'

const LINK = linkName('orders')
const OTHER = linkName('bills')
const PAUSE = { by: 'ada', reason: 'work on the target', since: '2026-11-21T12:00:00.000Z' }
/** Longer than a process takes to hear of a pause, and to copy where it does not. */
const A_WHILE_MS = 4_000

const { source, target, from, to } = await startTwoRegions()
const processes = new Processes(source, target)

afterEach(() => processes.stop())

const linkOf = (name: typeof LINK, ...include: string[]) => {
  return { name, source: LEFT, target: RIGHT, topics: { include, exclude: [] } }
}

async function untilState(process: Replicator, state: string): Promise<void> {
  const look = () => process.status().links.find(({ link, state: is }) => link === LINK && is === state)
  await eventually(`the link is ${state}`, look, describeLinks(process))
}

describe('a link that is paused', () => {
  it('copies nothing, also after a restart, until it is resumed, and then everything once', async () => {
    for (const topic of ['orders', 'bills']) await from.createTopic(topic)
    await from.produce('orders', values('before', 5))
    const links = [linkOf(LINK, 'orders*'), linkOf(OTHER, 'bills')]
    const first = processes.start(...links)
    await untilCopied(first, 'orders', 5)

    await first.pauses.set(RIGHT, LINK, PAUSE, signal)
    await untilState(first, 'paused')
    await from.createTopic('orders-2')
    for (const topic of ['orders', 'orders-2', 'bills']) await from.produce(topic, values(`while paused, ${topic}`, 7))
    await untilCopied(first, 'bills', 7)
    await sleep(A_WHILE_MS)
    expect(await to.read('orders')).toHaveLength(5)
    await processes.stop()

    const second = processes.start(...links)
    await untilState(second, 'paused')
    await from.produce('bills', values('after the restart', 1))
    await untilCopied(second, 'bills', 8)
    await sleep(A_WHILE_MS)
    expect(second.status().links[0]).toMatchObject({ reason: `paused by ada since ${PAUSE.since}: ${PAUSE.reason}` })
    expect(second.status().links[0]?.flows).toEqual([])
    expect(await to.read('orders')).toHaveLength(5)
    expect((await to.cluster.metadata('all', signal)).topics.map(({ name }) => name)).not.toContain('orders-2')

    await second.pauses.set(RIGHT, LINK, undefined, signal)
    await untilCopied(second, 'orders', 12)
    await untilCopied(second, 'orders-2', 7)
    for (const topic of ['orders', 'orders-2']) {
      expect(contents(await to.read(topic))).toEqual(contents(await from.read(topic)))
    }
  }, 110_000)

  it('stands still in every process that shares its work, and skips no topic that is made meanwhile', async () => {
    await from.createTopic('late')
    await from.produce('late', values('unwanted', 3))
    const link = { ...linkOf(LINK, 'late*'), start: 'latest' } as const
    const members = [processes.startMember('one', link), processes.startMember('two', link)] as const
    const copied = () => members.flatMap((one) => one.status().links[0]?.flows ?? [])
    await eventually(
      'it runs',
      () => (copied().some(({ state }) => state === 'running') ? true : undefined),
      describeLinks(...members),
    )
    await from.produce('late', values('wanted', 2))
    const read = async () => ((await to.read('late')).length === 2 ? true : undefined)
    await eventually('it is copied', read, describeLinks(...members))

    await members[0].pauses.set(RIGHT, LINK, PAUSE, signal)
    for (const one of members) await untilState(one, 'paused')
    await from.createTopic('late-2')
    await from.produce('late', values('while paused', 4))
    await from.produce('late-2', values('new', 6))
    await sleep(A_WHILE_MS)
    expect(await to.read('late')).toHaveLength(2)

    await members[1].pauses.set(RIGHT, LINK, undefined, signal)
    const all = async () => {
      const topics = (await to.cluster.metadata('all', signal)).topics.map(({ name }) => name)
      if (!topics.includes('late-2')) return undefined
      const lengths = [(await to.read('late')).length, (await to.read('late-2')).length]
      return lengths.join() === '6,6' ? true : undefined
    }
    await eventually('all is copied', all, describeLinks(...members))
    expect(contents(await to.read('late-2'))).toEqual(contents(await from.read('late-2')))
  }, 110_000)
})
