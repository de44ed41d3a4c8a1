import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runTrials } from '../../support/trial-runner.ts'

let folder = ''

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'isthmus-trials-'))
  const write = (name: string, run: string, more = '') =>
    writeFileSync(
      join(folder, `${name}.ts`),
      `export const trial = { name: '${name}', describe: 'A test of the runner.', fields: ['records'], ${more}
        async run(args: any) { ${run} } }`,
    )
  write(
    'good',
    `return { ok: true, rows: [], summary: { records: Number(args.options.records) } }`,
    `
    needs: 'nothing', populations: ['records'], options: { records: { describe: 'how many', default: '5' } },`,
  )
  write('lacking', `return { ok: true, rows: [], summary: {} }`)
  write('throwing', `throw new Error('no broker')`)
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function runWith(...args: string[]) {
  const output: string[] = []
  const code = await runTrials({ folder, args, write: (text) => output.push(text), writeError: () => {} })
  return { code, last: JSON.parse(output.join('').trimEnd().split('\n').at(-1) || 'null') as unknown }
}

test('a good trial ends with its figures and exit code 0', async () => {
  expect(await runWith('good', '--short')).toEqual({ code: 0, last: { trial: 'good', ok: true, records: 5 } })
})

test('an option of the trial reaches it', async () => {
  expect(await runWith('good', '--records', '9')).toMatchObject({ code: 0, last: { records: 9 } })
})

test('a zero population ends with exit code 1', async () => {
  expect(await runWith('good', '--records=0')).toMatchObject({ code: 1, last: { ok: false } })
})

test('a missing field ends with exit code 1', async () => {
  expect(await runWith('lacking')).toMatchObject({ code: 1, last: { ok: false } })
})

test('a trial that throws ends with its reason and exit code 1', async () => {
  expect(await runWith('throwing')).toEqual({
    code: 1,
    last: { trial: 'throwing', ok: false, problems: ['no broker'] },
  })
})

test.for([[[]], [['unknown']], [['good', '--wrong']]])('arguments %j are a usage error', async ([args]) => {
  expect((await runWith(...(args ?? []))).code).toBe(2)
})

test('the list names every trial and what it needs', async () => {
  const { last } = await runWith('--list', '--json')
  expect(last).toEqual([
    { name: 'good', needs: 'nothing', isAlone: false },
    { name: 'lacking', needs: 'regions', isAlone: false },
    { name: 'throwing', needs: 'regions', isAlone: false },
  ])
})
