import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findCycles, findForbiddenImports, roomOf } from './import-rules.ts'
import { makeLintOverrides, RULE } from './lint-rules.ts'
import { rooms, rootModules, topLevel } from './rooms.ts'
import { listFiles, listImports, readText, root } from './sources.ts'

const sources = listFiles('src').filter((path) => /\.tsx?$/.test(path))

test('only known names stand at the top of the checkout', () => {
  const ignored = ['.git', 'node_modules', 'coverage', 'dist', 'data', '.DS_Store', '.idea', '.vscode']
  const names = readdirSync(root).filter((name) => !ignored.includes(name) && !name.endsWith('.log'))
  expect(names.filter((name) => !topLevel.includes(name))).toEqual([])
})

test('src holds the known rooms and root files only', () => {
  const known = [...rootModules, ...Object.keys(rooms).map((room) => room.split('/')[0]), 'faults.md']
  expect(readdirSync(join(root, 'src')).filter((name) => !known.includes(name))).toEqual([])
})

test('no folder or file of src is a bin for leftovers', () => {
  const bins = /(^|\/)(utils?|helpers?|common|misc|shared|types)(\/|\.tsx?$)/
  expect(sources.filter((path) => bins.test(path))).toEqual([])
})

test('rooms import only what the table allows, and only through faces', () => {
  expect(sources.flatMap((path) => findForbiddenImports(path))).toEqual([])
})

test('no file imports itself in a circle, type imports included', () => {
  const graph = new Map(
    sources.map((path) => [path, listImports(path).flatMap((it) => (it.path === undefined ? [] : [it.path]))]),
  )
  expect(findCycles(graph).map((cycle) => cycle.join(' -> '))).toEqual([])
})

test('every room has a face', () => {
  const present = [...new Set(sources.map(roomOf))].filter((room) => room !== undefined && room !== 'console')
  expect(present.filter((room) => !existsSync(join(root, `src/${room}/index.ts`)))).toEqual([])
})

test('tests stand in a folder of their kind', () => {
  const kinds = ['unit', 'tidy', 'component', 'simulation', 'integration', 'e2e', 'support', 'trials', 'bench']
  const tried = listFiles('test').filter((path) => path !== join('test', 'nasty-cases.md'))
  const strangers = tried.filter((path) => !kinds.includes(path.split('/')[1] ?? ''))
  expect(strangers).toEqual([])
  const tests = listFiles('src').filter((path) => path.endsWith('.test.ts'))
  expect(tests).toEqual([])
})

test('the import rules of the linter are those of the table', () => {
  const config = JSON.parse(readText('.oxlintrc.json')) as { overrides: Array<{ rules: Record<string, unknown> }> }
  const others = config.overrides.filter((override) => !(RULE in override.rules))
  const wanted = makeLintOverrides()
  if (process.env.UPDATE === '1') {
    const text = JSON.stringify({ ...config, overrides: [...others, ...wanted] })
    writeFileSync(join(root, '.oxlintrc.json'), `${text}\n`)
    return
  }
  expect(
    config.overrides.filter((override) => RULE in override.rules),
    'UPDATE=1 npx vitest run --project tidy, then npm run format',
  ).toEqual(wanted)
})

test('ARCHITECTURE.md, once it is there, names every room', () => {
  if (!existsSync(join(root, 'ARCHITECTURE.md'))) return
  const text = readText('ARCHITECTURE.md')
  expect(Object.keys(rooms).filter((room) => !text.includes(`${room}/`))).toEqual([])
})

test('the import check sees what it has to see', () => {
  const problems = (path: string, text: string) => findForbiddenImports(path, listImports(path, text))
  expect(problems('src/core/a.ts', `import { b } from '../kafka/index.ts'`)).toHaveLength(1)
  expect(problems('src/core/a.ts', `import { readFile } from 'node:fs/promises'`)).toHaveLength(1)
  expect(problems('src/replication/flows/a.ts', `import {\n  b,\n} from '../../kafka/cluster.ts'`)).toHaveLength(1)
  expect(problems('src/replication/flows/a.ts', `import type { B } from '../../kafka/index.ts'`)).toEqual([])
  expect(problems('src/replication/a.ts', `const b: import('../failover/index.ts').B = 1`)).toHaveLength(1)
  expect(problems('src/failover/a.ts', `import { b } from '../config/index.ts'`)).toHaveLength(1)
  expect(problems('src/failover/a.ts', `import { Kafka } from 'kafkajs'`)).toHaveLength(1)
  expect(problems('src/local/workload/a.ts', `import { Kafka } from 'kafkajs'`)).toEqual([])
  expect(problems('src/observability/a.ts', `import { type B } from '../failover/index.ts'`)).toEqual([])
  expect(problems('src/observability/a.ts', `import { type B, c } from '../failover/index.ts'`)).toHaveLength(1)
  expect(problems('src/api/routes/a.ts', `export * from '../contract/index.ts'`)).toEqual([])
  expect(problems('src/cli/a.ts', `import { b } from '../api/index.ts'`)).toHaveLength(1)
  expect(
    findCycles(
      new Map([
        ['a', ['b']],
        ['b', ['c']],
        ['c', ['b']],
      ]),
    ),
  ).toEqual([['b', 'c', 'b']])
})
