import { expect, test } from 'vitest'
import { ChainCheck, Journal, type JournalEntry } from '../../../src/authority/index.ts'
import { never, stageInMemory } from './stage-in-memory.ts'

const fact = (id: number) => ({
  actor: 'controller-a',
  kind: 'tested',
  group: 'orders',
  facts: { id, nested: { b: 1, a: 2 } },
})

async function filled(entries: number) {
  const stage = stageInMemory()
  const authority = stage.open()
  const journal = new Journal({ authority, context: stage.context })
  for (let id = 1; id <= entries; id++) await journal.append(fact(id), never)
  return { stage, authority, journal }
}

test('entries are numbered without gaps, and each covers the one before', async () => {
  const { journal } = await filled(4)
  const entries = await journal.read(never)
  expect(entries.map(({ number, facts }) => [number, facts['id']])).toEqual([1, 2, 3, 4].map((id) => [id, id]))
  expect(entries.map(({ previousHash }) => previousHash)).toEqual([
    '0'.repeat(64),
    ...entries.slice(0, 3).map(({ hash }) => hash),
  ])
  expect(new Set(entries.map(({ hash }) => hash)).size).toBe(4)
  expect(entries[0]).toMatchObject({
    at: '2023-11-14T22:13:20.000Z',
    actor: 'controller-a',
    group: 'orders',
    generation: 1,
  })
  expect(await journal.verify(never)).toEqual({
    kind: 'intact',
    entries: 4,
    first: 1,
    head: { number: 4, hash: entries[3]?.hash },
  })
})

test('pages go both ways', async () => {
  const { journal } = await filled(5)
  const numbers = async (page: object) => (await journal.read(never, page)).map(({ number }) => number)
  expect(await numbers({ after: 2, limit: 2 })).toEqual([3, 4])
  expect(await numbers({ order: 'descending', limit: 2 })).toEqual([5, 4])
  expect(await numbers({ order: 'descending', after: 3 })).toEqual([2, 1])
})

test('an empty journal is intact', async () => {
  const { journal } = await filled(0)
  expect(await journal.verify(never)).toEqual({ kind: 'intact', entries: 0, first: undefined, head: undefined })
})

test('two controllers that append at once share one chain', async () => {
  const stage = stageInMemory()
  const journals = [1, 2, 3].map(() => new Journal({ authority: stage.open(), context: stage.context }))
  const appends = journals.flatMap((journal, at) => [0, 1, 2].map((id) => journal.append(fact(at * 10 + id), never)))
  await stage.through(Promise.all(appends))
  const entries = await (journals[0] as Journal).read(never)
  expect(new Set(entries.map(({ facts }) => facts['id']))).toEqual(new Set([0, 1, 2, 10, 11, 12, 20, 21, 22]))
  expect(await (journals[1] as Journal).verify(never)).toMatchObject({ kind: 'intact', entries: 9 })
})

test.each(['unknown-and-done', 'unknown-and-lost', 'unknown-and-late'] as const)(
  'an entry whose answer is missing (%s) stands there once',
  async (mishap) => {
    const { stage, journal } = await filled(2)
    stage.mishaps.push(mishap)
    await stage.through(journal.append(fact(3), never))
    await stage.clock.pass(5_000)
    await stage.through(journal.append(fact(4), never))
    expect((await journal.read(never)).map(({ facts }) => facts['id'])).toEqual([1, 2, 3, 4])
    expect(await journal.verify(never)).toMatchObject({ kind: 'intact', entries: 4 })
  },
)

test('who has lost the lease appends nothing', async () => {
  const { stage, authority, journal } = await filled(1)
  const acquired = await authority.acquire('controller', { holder: 'a', ttlMs: 1_000 }, never)
  const lease = acquired.kind === 'held' ? acquired.lease : undefined
  expect((await journal.append(fact(2), never, lease)).kind).toBe('appended')
  const other = stage.open()
  await other.acquire('controller', { holder: 'b', ttlMs: 1_000 }, never)
  await stage.clock.pass(1_001)
  await other.acquire('controller', { holder: 'b', ttlMs: 1_000 }, never)
  expect(await journal.append(fact(3), never, lease)).toEqual({ kind: 'lease-lost' })
  expect(await journal.read(never)).toHaveLength(2)
})

/** The entries as stored, after one of them was changed. */
async function checkAfter(change: (stored: { key: string; value: JournalEntry }[]) => unknown, anchor?: 'head') {
  const { authority, journal } = await filled(5)
  const head = await journal.head(never)
  const stored = structuredClone(await authority.list('journal/', never)) as unknown as {
    key: string
    value: JournalEntry
  }[]
  change(stored)
  const check = new ChainCheck(anchor === undefined ? undefined : head)
  for (const document of stored) check.add(document)
  return check.verdict()
}

test.each<[string, (stored: { key: string; value: JournalEntry }[]) => unknown, number, string]>([
  ['an entry that was changed', (all) => Object.assign(all[2]?.value.facts ?? {}, { id: 99 }), 3, 'was changed'],
  ['an actor that was changed', (all) => Object.assign(all[1]?.value ?? {}, { actor: 'x' }), 2, 'was changed'],
  ['an entry that was taken out', (all) => all.splice(2, 1), 3, 'entry 3 is missing'],
  ['a first entry that was taken out', (all) => all.shift(), 1, 'entry 1 is missing'],
  ['two entries in the wrong order', (all) => all.splice(1, 2, ...all.slice(1, 3).reverse()), 2, 'is missing'],
  [
    'an entry under another key',
    (all) => Object.assign(all[3] ?? {}, { key: 'journal/0000000000000009' }),
    4,
    'says that',
  ],
  ['something else', (all) => Object.assign(all[0] ?? {}, { value: 'text' }), 1, 'is not an entry'],
])('%s is found', async (_, change, number, reason) => {
  expect(await checkAfter(change)).toEqual({ kind: 'broken', number, reason: expect.stringContaining(reason) })
})

test('entries that were cut off at the end are found by an anchor only', async () => {
  const cut = (all: unknown[]) => all.splice(3)
  expect(await checkAfter(cut)).toMatchObject({ kind: 'intact', entries: 3 })
  expect(await checkAfter(cut, 'head')).toMatchObject({ kind: 'broken', number: 4 })
})

test('a chain that was written anew from some entry on is found by an anchor', async () => {
  const { journal } = await filled(3)
  const other = await filled(3)
  const [head, otherHead] = [await journal.head(never), await other.journal.head(never)]
  expect(await journal.verify(never, head)).toMatchObject({ kind: 'intact' })
  const anchor = { number: 3, hash: `${otherHead?.hash.slice(0, -1)}x` }
  expect(await journal.verify(never, anchor)).toMatchObject({ kind: 'broken', number: 3 })
})
