import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadCatalogues, renderFaultsPage } from './fault-catalogues.ts'
import { listFiles, readText, root } from './sources.ts'

const PAGE = 'src/faults.md'
const catalogues = await loadCatalogues()
const entries = catalogues.flatMap(({ path, specs }) =>
  Object.entries(specs).map(([code, spec]) => ({ path, code, spec })),
)

test('a code stands in one catalogue only', () => {
  const byCode = Map.groupBy(entries, ({ code }) => code)
  const shared = [...byCode].filter(([, places]) => places.length > 1)
  expect(shared.map(([code, places]) => `${code}: ${places.map(({ path }) => path).join(', ')}`)).toEqual([])
})

test('a code is in capitals, and its message and remedy are sentences', () => {
  const wrong = entries.filter(
    ({ code, spec }) =>
      !/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/.test(code) || spec.message.length < 10 || spec.remedy.length < 10,
  )
  expect(wrong.map(({ path, code }) => `${path}: ${code}`)).toEqual([])
})

test('every code is raised somewhere', () => {
  const sources = listFiles('src').filter((path) => /\.tsx?$/.test(path))
  const declaring = new Set(catalogues.map(({ path }) => path))
  const text = sources
    .filter((path) => !declaring.has(path))
    .map((path) => readText(path))
    .join('\n')
  const own = new Map([...declaring].map((path) => [path, readText(path)]))
  const unused = entries.filter(
    ({ path, code }) => !text.includes(`'${code}'`) && countOf(own.get(path) ?? '', `'${code}'`) < 2,
  )
  expect(unused.map(({ path, code }) => `${path}: ${code}`)).toEqual([])
})

test('the page of faults says what the catalogues say', () => {
  const page = renderFaultsPage(catalogues)
  if (process.env.UPDATE === '1') writeFileSync(join(root, PAGE), page)
  const written = existsSync(join(root, PAGE)) ? readText(PAGE) : ''
  expect(written, 'UPDATE=1 npx vitest run --project tidy').toBe(page)
})

function countOf(text: string, part: string): number {
  return text.split(part).length - 1
}
