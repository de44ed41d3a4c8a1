import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Commit, StoredText } from '../../../../src/authority/document-store.ts'
import {
  EMPTY_ROOT,
  hasChanged,
  isInRoot,
  type Pages,
  pageName,
  pageOf,
  pageRevision,
  pagesOf,
  planCommit,
  type Root,
} from '../../../../src/authority/custom-resources/root.ts'

/** Every page that was ever made, as pages never change. */
class Site {
  root: Root = EMPTY_ROOT
  #names = 0
  readonly made = new Map<string, readonly StoredText[]>()

  commit(commit: Commit): Pages {
    const plan = planCommit(this.root, this.made, commit, (revision) => pageName('a-b', revision, `${this.#names++}`))
    for (const [name, page] of plan.pages) this.made.set(name, page)
    this.root = plan.root
    return plan.pages
  }

  get documents(): StoredText[] {
    return [...this.root.documents, ...this.root.pages.flatMap(({ name }) => this.made.get(name) ?? [])]
  }
}

const keys = [
  'authority',
  'leases/a/beat',
  'leases/a/token',
  'a',
  'groups/x',
  'groups/y',
  'journal/1',
  'journal/2',
  'z',
]
const change = fc.record({ key: fc.constantFrom(...keys), kibibytes: fc.constantFrom(undefined, 0, 1, 40, 70) })
const changes = fc.uniqueArray(change, { selector: ({ key }) => key, minLength: 1, maxLength: 4 })

test('whatever is put and removed, the documents are those of a plain map', () => {
  fc.assert(
    fc.property(fc.array(changes, { maxLength: 25 }), (commits) => {
      const site = new Site()
      const model = new Map<string, StoredText>()
      for (const commit of commits) {
        const puts = commit.flatMap(({ key, kibibytes }) =>
          kibibytes === undefined ? [] : [{ key, text: 'x'.repeat(kibibytes * 1024) }],
        )
        const removals = commit.filter(({ kibibytes }) => kibibytes === undefined).map(({ key }) => key)
        const before = site.root
        site.commit({ conditions: [], puts, removals })
        for (const { key, text } of puts) model.set(key, { key, text, revision: site.root.revision })
        for (const key of removals) model.delete(key)
        const inOrder = [...model.values()].sort((one, other) => (one.key < other.key ? -1 : 1))
        const paged = site.root.pages.flatMap(({ name }) => site.made.get(name) ?? [])
        expect(paged).toEqual(inOrder.filter(({ key }) => !isInRoot(key)))
        expect(site.root.documents).toEqual(inOrder.filter(({ key }) => isInRoot(key)))
        for (const { key } of paged) {
          expect(site.made.get(pageOf(site.root, key)?.name ?? '')?.map((one) => one.key)).toContain(key)
        }
        for (const { key } of commit) expect(hasChanged(site.root, key, before.revision)).toBe(true)
        expect(hasChanged(site.root, 'a', site.root.revision)).toBe(false)
      }
    }),
  )
})

test('a page is filled before the next one begins, and only the last one is written anew by what is appended', () => {
  const site = new Site()
  for (let entry = 0; entry < 100; entry++) {
    const key = `journal/${String(entry).padStart(4, '0')}`
    const made = site.commit({ conditions: [], puts: [{ key, text: 'x'.repeat(6_000) }] })
    expect(made.size).toBeLessThanOrEqual(2)
  }
  expect(site.root.pages).toHaveLength(10)
})

test('a renewal makes no page, and is no news below other prefixes', () => {
  const site = new Site()
  site.commit({ conditions: [], puts: [{ key: 'groups/a', text: '{}' }] })
  const before = site.root
  const made = site.commit({ conditions: [], puts: [{ key: 'leases/controller/beat', text: '{}' }] })
  expect(made.size).toBe(0)
  expect(hasChanged(site.root, 'groups/', before.revision)).toBe(false)
  expect(hasChanged(site.root, 'leases/', before.revision)).toBe(true)
})

test('a query looks only into the pages that may have something of it, in its order', () => {
  const site = new Site()
  for (const key of ['a', 'b', 'c', 'd']) site.commit({ conditions: [], puts: [{ key, text: 'x'.repeat(60_000) }] })
  const fromsOf = (query: Parameters<typeof pagesOf>[1]) => pagesOf(site.root, query).map(({ from }) => from)
  expect(fromsOf({ prefix: 'b', limit: 9 })).toEqual(['b'])
  expect(fromsOf({ prefix: 'bb', limit: 9 })).toEqual(['b'])
  expect(fromsOf({ prefix: 'k/', after: 'k/2', limit: 9, order: 'descending' })).toEqual(['d'])
  expect(fromsOf({ prefix: 'x', limit: 9 })).toEqual(['d'])
})

test('the name of a page says which commit made it', () => {
  expect(pageRevision(pageName('my-authority', 17, '0aff'))).toBe(17)
})
