import { expect, test } from 'vitest'
import type { FailoverGroupBody } from '../../../src/api/contract/index.ts'
import { Follower, type FollowerOptions } from '../../../src/demo/follow.ts'
import { HurryingClock } from '../../support/hurrying-clock.ts'

type Client = ReturnType<FollowerOptions['clientOf']>

/** A client that is told apart by its region. */
const clients = new Map<Client, string>()

/** The group as a controller tells of it, one look after the other; the last answer goes on. */
async function follow(answers: readonly (FailoverGroupBody | undefined)[], failures = 0) {
  const told: string[] = []
  const stopping = new AbortController()
  let looks = 0
  let failed = 0
  const follower = new Follower({
    readGroup: async () => {
      if (looks > answers.length + failures) stopping.abort()
      return answers[Math.min(looks++, answers.length - 1)]
    },
    workload: {
      start: async (kafka: Client) => {
        if (failed++ < failures) throw new Error('the region is not there')
        told.push(`start ${clients.get(kafka)}`)
      },
      stop: async () => void told.push('stop'),
    },
    clientOf: (region) => {
      const client = {} as Client
      clients.set(client, region)
      return client
    },
    home: 'eu-west',
    clock: new HurryingClock(),
    say: (line) => told.push(line),
    onLanding: async ({ from, to, epoch }) => void told.push(`${from} -> ${to} in epoch ${epoch}`),
  })
  await follower.run(stopping.signal)
  return { told, follower }
}

test('nothing happens while the region is active, or nobody answers', async () => {
  const { told, follower } = await follow([undefined, groupOf('eu-west'), undefined])
  expect(told).toEqual([])
  expect(follower.isSettled).toBe(true)
})

test('the workload leaves with the commit and starts when the new region takes writes', async () => {
  const { told, follower } = await follow([
    groupOf('eu-west', 'draining'),
    groupOf('us-east', 'promoting'),
    groupOf('us-east', 'opening'),
    groupOf('us-east', 'rerouting'),
    groupOf('us-east'),
  ])
  const moved = 'The sensor fleet and its analytics run in us-east now.'
  expect(told).toEqual(['stop', 'eu-west -> us-east in epoch 2', 'start us-east', moved])
  expect(follower).toMatchObject({ region: 'us-east', isSettled: true })
})

test('a start that fails is told once and tried again, without another stop', async () => {
  const { told } = await follow([groupOf('us-east')], 2)
  expect(told.filter((line) => line === 'stop')).toHaveLength(1)
  expect(told.filter((line) => line.includes('the region is not there'))).toHaveLength(1)
  expect(told).toContain('start us-east')
})

function groupOf(active: string, phase?: string): FailoverGroupBody {
  const operation = phase === undefined ? null : { phase }
  return { active, epoch: 2, operation } as unknown as FailoverGroupBody
}
