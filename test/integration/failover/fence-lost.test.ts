import { afterAll, expect, it } from 'vitest'
import { regionName, systemClock as clock } from '../../../src/core/index.ts'
import type { GroupRooms } from '../../../src/failover/effects/group-rooms.ts'
import { fenceLost } from '../../../src/failover/effects/returns/fence-lost.ts'
import type { ReturnCall } from '../../../src/failover/effects/returns/return-call.ts'
import { makeReturnMemory } from '../../../src/failover/effects/returns/return-memory.ts'
import { encodeBatch } from '../../../src/kafka/index.ts'
import { eventually } from '../replication/copy-trial.ts'
import { addAcls, endOf, entry, makeTopics, ORDERS, soon, startSecured } from '../security/secured-region.ts'

const secured = await startSecured()
afterAll(() => secured[Symbol.asyncDispose](), 60_000)

it('a region that comes back is fenced as soon as it answers, and the window is told', async () => {
  const { admin, app, region } = secured
  await makeTopics(admin, ['orders.placed'])
  await addAcls(admin, [entry('User:app', { operation: 'all' })])
  const { fences } = secured.fences()
  const memory = makeReturnMemory()
  const rooms = { group: 'orders', actor: 'one', scope: ORDERS, clock, fences: new Map([['eu', fences]]) }
  const lease = { name: 'a', holder: 'one', token: 1 }
  const call = () => {
    const record = { id: 'op-eu', phase: 'fencing', attempt: 1, epoch: 2, evidence: {} } as const
    const given = { record, region: regionName('eu'), rooms: rooms as unknown as GroupRooms, memory }
    return { ...given, permit: () => lease, signal: soon() } as unknown as ReturnCall
  }
  await region.stopBroker(0, { hard: true })
  expect(await fenceLost(call())).toMatchObject({ kind: 'unknown' })
  const back = region.startBroker(0)
  const done = await eventually(
    'it is fenced',
    async () => {
      const outcome = await fenceLost(call())
      return outcome.kind === 'done' ? outcome : undefined
    },
    () => JSON.stringify([...memory.windows]),
  )
  await back
  const { window } = done.evidence as { window: { openMsAtMost: number; lastSilentAt: string; provedAt: string } }
  expect(window.openMsAtMost).toBe(Date.parse(window.provedAt) - Date.parse(window.lastSilentAt))
  expect(window.openMsAtMost).toBeGreaterThan(0)
  const end = await endOf(admin, 'orders.placed')
  const [leader] = (await app.metadata(['orders.placed'], soon())).brokers
  const channel = await app.openChannel(leader?.nodeId ?? 0, soon())
  const topicId = (await app.metadata(['orders.placed'], soon())).topics[0]?.topicId ?? ''

  const identity = { producerId: -1n, producerEpoch: -1, baseSequence: -1 }
  const batch = encodeBatch({ ...identity, codec: 'none', records: [{ timestamp: 1, key: null, value: null }] })
  const batches = [{ topic: 'orders.placed', topicId, partition: 0, batch }]
  expect((await channel.produce({ timeoutMs: 5_000, batches })).partitions[0]?.errorCode).toBe(29)
  await channel.close()
  expect(await endOf(admin, 'orders.placed')).toBe(end)
}, 120_000)
