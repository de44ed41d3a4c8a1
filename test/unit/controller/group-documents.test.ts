import { expect, test, vi } from 'vitest'
import type { Authority } from '../../../src/authority/index.ts'
import { GroupDocuments } from '../../../src/controller/group-documents.ts'
import { GroupLinks } from '../../../src/controller/group-links.ts'
import { linkName, regionName, systemClock } from '../../../src/core/index.ts'
import { firstDocument, groupKey } from '../../../src/failover/state.ts'
import type { LinkSpec } from '../../../src/replication/index.ts'

const [west, east] = [regionName('west'), regionName('east')]
const documentOf = (group: string, format = 1) => ({ ...firstDocument(group, [west, east], 'then'), format })

/** Tells one state after the other, each once the one before it has been taken. */
function authorityOf(states: readonly (readonly object[])[]): Authority {
  async function* watch() {
    for (const state of states) {
      yield state.map((value) => ({ key: groupKey((value as { group: string }).group), value, revision: 1 }))
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
  return { watch } as unknown as Authority
}

test('a document of a format that nobody knows is told of once, and followed again when it is one that is known', async () => {
  const states = [
    [documentOf('orders'), documentOf('bills')],
    [documentOf('orders', 2), documentOf('bills')],
    [documentOf('orders', 2), documentOf('bills')],
    [documentOf('orders'), documentOf('bills')],
  ]
  const documents = new GroupDocuments(authorityOf(states), ['orders', 'bills'])
  const [heard, errors]: [string[], string[]] = [[], []]
  documents.listen({
    changed: ({ group }) => void heard.push(`${group}: ${documents.get(group) === undefined ? 'unknown' : 'known'}`),
    unreadable: (group) => void heard.push(`${group}: ${documents.get(group) === undefined ? 'unreadable' : 'known'}`),
  })
  documents.start((reason) => void errors.push(reason))
  await vi.waitUntil(() => heard.length >= 8)
  expect(heard.filter((one) => one.startsWith('orders'))).toEqual([
    'orders: known',
    'orders: unreadable',
    'orders: unreadable',
    'orders: known',
  ])
  expect(heard.filter((one) => one === 'bills: known')).toHaveLength(4)
  expect(errors).toEqual([expect.stringContaining('bring this process to that version')])
})

/** In memory, and what it was told to stop or to complain of. */
function linksOf() {
  const running = new Map<string, LinkSpec>()
  const told: string[] = []
  const links = new GroupLinks({
    group: 'orders',
    regions: ['west', 'east'],
    replicator: {
      links: () => [...running.values()],
      addLink: async (spec) => void running.set(spec.name, spec),
      stopLink: async (name, reason) => {
        told.push(`${name}: ${reason}`)
        running.delete(name)
      },
    },
    linkOf: (source, target) => ({ name: linkName(`orders-${source}-to-${target}`) }) as LinkSpec,
    clock: systemClock,
    onError: (error) => void told.push(String(error)),
  })
  return { links, running, told }
}

test('a process that cannot read the document of a group copies nothing of it until it can', async () => {
  const { links, running, told } = linksOf()
  links.start()
  try {
    links.follow(firstDocument('orders', [west, east], 'then'))
    await vi.waitUntil(() => running.size === 1)
    links.halt('a newer version has written it')
    await vi.waitUntil(() => running.size === 0)
    expect(told).toEqual(['orders-west-to-east: a newer version has written it'])
    links.follow(firstDocument('orders', [west, east], 'then'))
    await vi.waitUntil(() => running.size === 1)
  } finally {
    await links.stop()
  }
})

test('a region that only newer configurations know is left to those that have them', async () => {
  const { links, running, told } = linksOf()
  links.start()
  try {
    links.follow(firstDocument('orders', [west, regionName('moon'), east], 'then'))
    await vi.waitUntil(() => running.size > 0)
    expect([[...running.keys()], told]).toEqual([['orders-west-to-east'], []])
  } finally {
    await links.stop()
  }
})
