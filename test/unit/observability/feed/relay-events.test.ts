import { expect, test } from 'vitest'
import type { AuthorityEvents } from '../../../../src/authority/index.ts'
import { createEvents, linkName, regionName, systemClock, systemRandom } from '../../../../src/core/index.ts'
import type { FailoverEvents } from '../../../../src/failover/index.ts'
import type { ConfigEvents } from '../../../../src/observability/index.ts'
import { EventFeed } from '../../../../src/observability/feed/event-feed.ts'
import { relayEvents } from '../../../../src/observability/feed/relay-events.ts'
import type { RegionEvents } from '../../../../src/regions/index.ts'
import type { ReplicationEvents } from '../../../../src/replication/index.ts'
import type { SecurityEvents } from '../../../../src/security/index.ts'

function relayed() {
  const feed = new EventFeed({ clock: systemClock, random: systemRandom })
  const events = {
    replication: createEvents<ReplicationEvents>(),
    regions: createEvents<RegionEvents>(),
    config: createEvents<ConfigEvents>(),
    control: {
      failover: createEvents<FailoverEvents>(),
      security: createEvents<SecurityEvents>(),
      authority: createEvents<AuthorityEvents>(),
    },
  }
  const stop = relayEvents(feed, {
    ...events,
    groupOf: (link) => (link === 'orders-west-to-east' ? 'orders' : undefined),
  })
  const told = () => {
    return Array.from({ length: feed.last }, (_, at) => feed.next(at)).map((event) => [
      event?.kind,
      event?.severity,
      event?.group,
      event?.region,
      event?.link,
    ])
  }
  return { ...events, feed, stop, told }
}

test('events of every room have the same words for the same things', () => {
  const it = relayed()
  const east = regionName('east')
  it.control.security.emit('fence:lost', { region: east, group: 'orders', reason: 'open', brokers: [1], wasHeld: true })
  it.control.authority.emit('copies:behind', { region: 'east', documents: 1, reason: 'no leader' })
  it.regions.emit('observer:doubt', { reason: 'it stalled' })
  it.control.failover.emit('failover:error', { group: '*', what: 'rates', error: new Error('no') })
  const flow = { topic: 't', targetTopic: 't', partition: 0 }
  it.replication.emit('link:resumed', { link: linkName('orders-west-to-east') })
  it.replication.emit('link:resumed', { link: linkName('weather') })
  it.replication.emit('flow:recovering', { ...flow, link: linkName('weather'), reason: 'the connection was lost' })
  it.replication.emit('shard:lost', { target: east, shard: 1, code: 'SHARD_FENCED', reason: 'another owner' })
  expect(it.told()).toEqual([
    ['fence:lost', 'error', 'orders', 'east', null],
    ['copies:behind', 'warning', null, 'east', null],
    ['observer:doubt', 'warning', null, null, null],
    ['failover:error', 'error', null, null, null],
    ['link:resumed', 'info', 'orders', null, 'orders-west-to-east'],
    ['link:resumed', 'info', null, null, 'weather'],
    ['flow:recovering', 'info', null, null, 'weather'],
    ['shard:lost', 'error', null, 'east', null],
  ])
})

test('a consumer group is not taken for a failover group', () => {
  const it = relayed()
  const link = linkName('weather')
  it.replication.emit('positions:failed', { link, group: 'billing', groups: 1, reason: 'no right' })
  expect(it.told()).toEqual([['positions:failed', 'warning', null, null, 'weather']])
  expect(it.feed.next(0)?.facts).toMatchObject({ group: 'billing' })
})

test('moves are left to the journal, which every process follows', () => {
  const it = relayed()
  const move = { group: 'orders', operation: 'op' }
  it.control.failover.emit('move:committed', { ...move, active: 'east', epoch: 2 })
  it.control.failover.emit('move:phase', { ...move, kind: 'failover', phase: 'cut', reason: 'x' })
  it.control.failover.emit('move:ended', { ...move, phase: 'done', reason: 'x' })
  it.control.failover.emit('return:phase', { group: 'orders', region: 'east', phase: undefined, reason: 'x' })
  it.control.failover.emit('lead:gained', { name: 'controller', token: 1 })
  expect(it.told().map(([kind]) => kind)).toEqual(['lead:gained'])
})

test('nothing is told behind the end', () => {
  const it = relayed()
  it.stop()
  it.regions.emit('observer:doubt', { reason: 'it stalled' })
  expect(it.feed.last).toBe(0)
})
