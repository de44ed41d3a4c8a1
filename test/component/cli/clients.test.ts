import { expect, test } from 'vitest'
import type { ClientsBody, StatusBody } from '../../../src/api/contract/index.ts'
import { regionName } from '../../../src/core/index.ts'
import type { ClientsLook, GroupDocument } from '../../../src/failover/index.ts'
import { startFakeControl } from '../../support/fake-control.ts'
import { cli } from '../../support/run-cli.ts'

const [west, east, north] = [regionName('west'), regionName('east'), regionName('north')]
const MOVED_MS = 1_000_000

/** East was left for west: two members of billing stay there, and somebody has written there since. */
function look({ group, active }: GroupDocument): ClientsLook {
  const member = (clientId: string) => ({ clientId, host: '10.0.0.7', partitions: 2 })
  const wrote = (producerId: bigint, lastWriteMs: number) => {
    return { producerId, epoch: 1, transactionalId: `pay-${producerId}`, partitions: ['orders-0'], lastWriteMs }
  }
  const rest = { trouble: null, groups: [], producers: [] }
  return {
    group,
    active,
    left: east,
    movedAtMs: MOVED_MS,
    atMs: MOVED_MS + 30_000,
    regions: [
      { ...rest, region: west, role: 'active', producers: [wrote(9n, MOVED_MS + 29_000)] },
      {
        ...rest,
        region: east,
        role: 'standby',
        groups: [{ group: 'billing', protocol: 'consumer', members: [member('bill-1'), member('bill-2')] }],
        producers: [wrote(7n, MOVED_MS - 1), wrote(8n, MOVED_MS + 1)],
      },
      { ...rest, region: north, role: 'standby', trouble: 'it does not answer' },
    ],
    quiet: [{ topic: 'orders.a', partition: 3, ratePerSecond: 12.5 }],
  }
}

test('the API tells who is where, and which producer wrote to a region behind the move', async () => {
  await using it = await startFakeControl()
  it.seen.look = look
  const response = await fetch(`${it.api}/api/v1/failover-groups/orders/clients`)
  const body = (await response.json()) as ClientsBody
  expect(response.status).toBe(200)
  expect(body).toMatchObject({ group: 'orders', active: 'west', left: 'east', movedAtMs: MOVED_MS })
  const producers = body.regions.flatMap((one) => one.producers)
  expect(producers.map(({ producerId, isAfterMove }) => `${producerId} ${isAfterMove}`)).toEqual([
    '9 false',
    '7 false',
    '8 true',
  ])
  expect(body.regions[1]?.groups).toEqual(look(it.authority.group).regions[1]?.groups)
  const unknown = await fetch(`${it.api}/api/v1/failover-groups/nobody/clients`)
  expect(unknown.status).toBe(404)
})

test('the command names members, producers and partitions that nobody writes to any more', async () => {
  await using it = await startFakeControl()
  it.seen.look = look
  const { code, out } = await cli(['clients', 'orders', '--api', it.api])
  expect(code).toBe(0)
  expect(out.split('\n').map((line) => line.replaceAll(/ {2,}/g, ' | '))).toEqual([
    'orders left east and is active in west for 30 seconds.',
    'west (active): 0 members of 0 groups, 1 producer',
    'east (standby): 2 members of 1 group that have not moved, 1 producer that WROTE THERE AFTER THE MOVE',
    'north (standby): not known, it does not answer',
    '',
    'REGION | GROUP | PROTOCOL | CLIENT | HOST | PARTITIONS',
    'east | billing | consumer | bill-1 | 10.0.0.7 | 2',
    'east | billing | consumer | bill-2 | 10.0.0.7 | 2',
    '',
    'REGION | PRODUCER | TRANSACTIONAL ID | PARTITIONS | WROTE S AGO',
    'west | 9/1 | pay-9 | 1 | 1',
    'east | 7/1 | pay-7 | 1 | 30',
    'east | 8/1 | pay-8 | 1 | 30',
    '',
    'Written to in east before the move, and not in west since: their producers may not have moved.',
    '',
    'TOPIC | PARTITION | A SECOND BEFORE',
    'orders.a | 3 | 12.5',
    '',
  ])
  const narrow = await cli(['clients', 'orders', '--region', 'north', '--api', it.api])
  expect(narrow.out).not.toContain('billing')
})

test('a group that never moved has nobody who did not move', async () => {
  await using it = await startFakeControl()
  const { out } = await cli(['clients', 'orders', '--api', it.api])
  expect(out).toBe('orders is active in west.\n')
})

test('the status says in a line where members are left, and nothing where there are none or none are known', async () => {
  await using it = await startFakeControl()
  it.seen.left = [
    { group: 'orders', region: east, groups: 1, members: 2 },
    { group: 'orders', region: north, groups: undefined, members: undefined },
  ]
  const status = JSON.parse((await cli(['status', '--output', 'json', '--api', it.api])).out) as StatusBody
  const regions = status.failoverGroups[0]?.regions.map(({ region, members }) => `${region} ${members}`)
  expect(regions).toEqual(['west null', 'east 2', 'north null'])
  const { out } = await cli(['status', '--api', it.api])
  expect(out).toContain('orders, east: 2 group members, though not active: see `isthmus clients orders`')
  expect(out).not.toContain('orders, north')
  it.seen.left = [{ group: 'orders', region: east, groups: 0, members: 0 }]
  expect((await cli(['status', '--api', it.api])).out).not.toContain('group member')
})

test('watching shows it again until it is ended', async () => {
  await using it = await startFakeControl()
  const end = new AbortController()
  let shown = 0
  const clock = {
    nowMs: () => 0,
    monotonicMs: () => 0,
    setTimer: (ms: number, run: () => void) => {
      // The pause between two looks; the longer one is the limit of a request.
      const timer = ms === 2_000 ? setTimeout(run, 0) : undefined
      if (ms === 2_000 && ++shown === 3) end.abort()
      return { cancel: () => clearTimeout(timer) }
    },
  }
  const { out } = await cli(['clients', 'orders', '--watch', '--api', it.api], { io: { clock, signal: end.signal } })
  expect(out.match(/orders is active/g)).toHaveLength(3)
})
