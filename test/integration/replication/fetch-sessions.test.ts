import { expect, it } from 'vitest'
import type { Cluster, FetchRequest, FetchResponse } from '../../../src/kafka/index.ts'
import { contents, Copier, eventually, signal, values } from './copy-trial.ts'
import { startTwoRegions } from './two-regions.ts'

// Without a slot: for the copy the other way round.
const brokerConfig = { 'max.incremental.fetch.session.cache.slots': '0' }
const { source, target, from, to } = await startTwoRegions({ to: { brokerConfig } })

interface Exchange {
  readonly request: FetchRequest
  readonly response: FetchResponse
}

/** The exchanges of the fetch loop, which alone asks for committed records. */
function overheard(exchanges: Exchange[]): (cluster: Cluster) => Cluster {
  return (cluster) => ({
    ...cluster,
    async openChannel(...args) {
      const channel = await cluster.openChannel(...args)
      const fetch = async (request: FetchRequest) => {
        const response = await channel.fetch(request)
        if (request.isolation === 'read_committed') exchanges.push({ request, response })
        return response
      }
      return {
        nodeId: channel.nodeId,
        get isOpen() {
          return channel.isOpen
        },
        onClose: (listener) => channel.onClose(listener),
        produce: (request) => channel.produce(request),
        close: () => channel.close(),
        fetch,
      }
    },
  })
}

const beginnings = (exchanges: readonly Exchange[]) => exchanges.filter(({ request }) => request.session?.epoch === 0)

async function untilIdle(exchanges: readonly Exchange[]): Promise<Exchange> {
  const look = () => {
    const last = exchanges.at(-1)
    return last?.request.partitions.length === 0 && last.response.partitions.length === 0 ? last : undefined
  }
  return eventually('a round without news', look, () => JSON.stringify(exchanges.at(-1)))
}

it('a session takes flows in, leaves them out, and is begun anew after its broker was killed', async () => {
  const exchanges: Exchange[] = []
  await from.createTopic('session-a')
  await from.produce('session-a', values('first', 10))
  const copier = new Copier(source, target, 'session-*', { sourceThrough: overheard(exchanges) })
  try {
    await copier.untilCopied(10)
    await untilIdle(exchanges)
    expect(copier.flow('session-a')).toMatchObject({ state: 'running', sourceEnd: 10, lagRecords: 0 })

    await from.createTopic('session-b')
    await from.produce('session-b', values('second', 10))
    await copier.untilCopied(10, 'session-b')
    await from.cluster.createPartitions('session-b', 3, signal)
    await eventually(
      'the new partitions are fetched',
      () => (new Set(exchanges.flatMap(({ request }) => request.partitions).map(keyOf)).size === 4 ? true : undefined),
      () => copier.describe(),
    )
    const idle = await untilIdle(exchanges)
    expect(idle.response.sessionId).toBeGreaterThan(0)
    expect(beginnings(exchanges)).toHaveLength(1)

    await from.cluster.deleteTopics(['session-b'], signal)
    await eventually(
      'the deleted topic is forgotten',
      () => (exchanges.flatMap(({ request }) => request.session?.forgotten ?? []).length >= 3 ? true : undefined),
      () => copier.describe(),
    )

    await source.stopBroker(0, { hard: true })
    await source.startBroker(0)
    await from.produce('session-a', values('fourth', 10))
    await copier.untilCopied(20, 'session-a')
    expect(beginnings(exchanges).length).toBeGreaterThan(1)
    expect(contents(await to.read('session-a'))).toEqual(contents(await from.read('session-a')))
  } finally {
    await copier.stop()
  }
}, 180_000)

it('a broker without a slot for a session is asked for everything each time', async () => {
  const exchanges: Exchange[] = []
  await to.createTopic('sessionless')
  await to.produce('sessionless', values('first', 10))
  const copier = new Copier(target, source, 'sessionless', { sourceThrough: overheard(exchanges) })
  try {
    await copier.untilCopied(10)
    await to.produce('sessionless', values('second', 10))
    await copier.untilCopied(20)
    expect(exchanges.map(({ response }) => response.sessionId)).toEqual(exchanges.map(() => 0))
    expect(contents(await from.read('sessionless'))).toEqual(contents(await to.read('sessionless')))
  } finally {
    await copier.stop()
  }
})

function keyOf({ topicId, partition }: { readonly topicId: string; readonly partition: number }): string {
  return `${topicId}/${partition}`
}
