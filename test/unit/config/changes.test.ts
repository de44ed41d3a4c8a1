import { expect, test } from 'vitest'
import { listDifferences, mergeSafe } from '../../../src/config/changes.ts'
import type { ConfigFile } from '../../../src/config/schema.ts'

const orders = { name: 'orders', regions: ['eu', 'us'], topics: { include: ['orders.*'] } }
const running: ConfigFile = {
  apiVersion: 'isthmus/v1',
  regions: [
    { name: 'eu', bootstrap: ['eu:9092'] },
    { name: 'us', bootstrap: ['us:9092'] },
  ],
  failoverGroups: [orders],
  links: [{ name: 'weather', source: 'eu', target: 'us', topics: { include: ['weather'] } }],
  api: { listen: '127.0.0.1:8080' },
}
const groups = (...failoverGroups: NonNullable<ConfigFile['failoverGroups']>): ConfigFile => {
  return { ...running, failoverGroups }
}

test('a file that differs in nothing but the order of its keys and of named entries has no differences', () => {
  const { regions, ...rest } = running
  expect(listDifferences(running, { ...rest, regions: regions.toReversed() })).toEqual([])
})

test('differences are named by key, entries by their name', () => {
  const wanted: ConfigFile = {
    ...groups({ ...orders, topics: { include: ['orders.*', 'bills'] }, regions: ['us', 'eu'] }),
    regions: [
      running.regions[0] ?? never(),
      { name: 'us', bootstrap: ['us:9093'] },
      { name: 'ap', bootstrap: ['a:1'] },
    ],
    links: [],
    notifications: [{ name: 'pager', url: 'https://pager.example' }],
    api: { listen: '127.0.0.1:8081' },
  }
  expect(listDifferences(running, wanted).toSorted()).toEqual([
    'api.listen',
    'failoverGroups[orders].regions',
    'failoverGroups[orders].topics',
    'links[weather]',
    'notifications[pager]',
    'regions[ap]',
    'regions[us].bootstrap',
  ])
})

test('links, notifications and how a group is copied and moved are taken over; nothing else is', () => {
  const wanted: ConfigFile = {
    ...groups({ ...orders, topics: { include: ['bills'] }, regions: ['us', 'eu'], objectives: { rpoSeconds: 9 } }),
    links: [{ name: 'rain', source: 'eu', target: 'us', topics: { include: ['rain'] } }],
    notifications: [{ name: 'pager', url: 'https://pager.example' }],
    health: { everySeconds: 3 },
    api: { listen: '127.0.0.1:8081' },
  }
  const merged = mergeSafe(running, wanted)
  expect(listDifferences(running, merged).toSorted()).toEqual([
    'failoverGroups[orders].objectives',
    'failoverGroups[orders].topics',
    'links[rain]',
    'links[weather]',
    'notifications[pager]',
  ])
  expect(listDifferences(merged, wanted).toSorted()).toEqual(['api.listen', 'failoverGroups[orders].regions', 'health'])
})

test('what is taken out of a group goes back to its default, and what is left out of the file goes', () => {
  const before = groups({ ...orders, objectives: { rpoSeconds: 9 }, drills: [drill('preflight')] })
  const { links: _links, ...without } = running
  const merged = mergeSafe(before, without)
  expect(merged.failoverGroups).toEqual([orders])
  expect(merged.links).toBeUndefined()
})

test('groups that come or go need a restart', () => {
  const both = groups(orders, { ...orders, name: 'bills', topics: { include: ['bills'] } })
  expect(mergeSafe(running, both)).toEqual(running)
  expect(listDifferences(mergeSafe(both, running), running)).toEqual(['failoverGroups[bills]'])
})

test('the first canary drill of a group needs a restart, since it brings a group of its own; later ones do not', () => {
  const first = groups({ ...orders, topics: { include: ['bills'] }, drills: [drill('canary')] })
  const merged = mergeSafe(running, first)
  expect(listDifferences(running, merged)).toEqual(['failoverGroups[orders].topics'])
  expect(listDifferences(merged, first)).toEqual(['failoverGroups[orders].drills'])
  const second = groups({ ...orders, topics: { include: ['bills'] }, drills: [drill('canary', 'other')] })
  expect(mergeSafe(first, second)).toEqual(second)
})

function drill(level: 'canary' | 'preflight', name = 'weekly') {
  return { name, cron: '0 6 * * 2', level }
}

function never(): never {
  throw new Error('it is there')
}
