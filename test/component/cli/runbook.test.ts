import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { startFakeControl } from '../../support/fake-control.ts'
import { blockText, runbookText } from '../../support/runbook-text.ts'
import { cli } from '../../support/run-cli.ts'

let control: Awaited<ReturnType<typeof startFakeControl>>
const folder = mkdtempSync(join(tmpdir(), 'isthmus-runbooks-'))
beforeEach(async () => {
  control = await startFakeControl()
})
afterEach(() => control[Symbol.asyncDispose]())
afterAll(() => rmSync(folder, { recursive: true }))

const sample = runbookText({
  head: 'params: { group: { type: name, describe: g } }',
  check: blockText('id=version kind=check', 'isthmus status --output json', 'exit 0, 5\n$.version == "9.9.9"'),
  act: [
    blockText('id=pause kind=act', 'isthmus pause $group --reason test --output json', 'exit 0\n$.paused != null'),
    blockText('id=shell kind=act optional', 'echo "for $group"; exit 3', 'exit 3\ncontains "for orders"'),
  ].join('\n'),
  rollBack: blockText('id=resume kind=act', 'isthmus resume $group --output json', 'exit 0\n$.paused == null'),
})

/** The command on the one runbook above; `home` has the record. */
async function runbook(args: readonly string[], answers?: string[]) {
  const own = join(folder, 'own')
  rmSync(own, { recursive: true, force: true })
  const { mkdirSync } = await import('node:fs')
  mkdirSync(own)
  writeFileSync(join(own, 'sample.md'), sample)
  const ask = answers && (async () => answers.shift() ?? '')
  const io = { env: { HOME: join(folder, 'home'), USER: 'ada' }, ask }
  const given = ['--folder', own, ...(args[0] === 'list' ? [] : ['--param', 'group=orders'])]
  return await cli(['--api', control.api, 'runbook', ...args, ...given], { io })
}

const recordsOf = () => {
  const place = join(folder, 'home', '.local', 'state', 'isthmus', 'runs')
  return readdirSync(place).map((file) => readFileSync(join(place, file), 'utf8').trimEnd().split('\n'))
}

test('those of Isthmus are listed without any process of it', async () => {
  const { code, out } = await cli(['runbook', 'list'], { io: { fetch: () => Promise.reject(new Error('nobody')) } })
  expect(code).toBe(0)
  expect(out).toMatch(/^region-lost +critical +operator +group, to, reason +The active region is down$/m)
})

test('checks are carried out, and end with 6 where one is red', async () => {
  const { code, out } = await runbook(['check', 'sample'])
  expect([code, out]).toEqual([0, 'GREEN   version\n'])
  const path = ['--param', 'group=orders', '--param', 'to=east']
  const red = await cli(['--api', control.api, 'runbook', 'check', 'planned-switchover', ...path])
  expect(red.code).toBe(6)
  expect(red.out).toContain('expected $.regions[?region==$from].verdict == "up"; found "suspect"')
})

test('a walk shows every action before it is carried out, and keeps what it came to', async () => {
  const { code, err } = await runbook(['run', 'sample'], ['yes'])
  expect(code).toBe(0)
  expect(err).toContain('Act, pause:\n  isthmus pause $group --reason test --output json')
  expect(control.authority.group.paused).toMatchObject({ by: 'ada' })
  const lines = recordsOf()
    .at(-1)
    ?.map((line) => JSON.parse(line) as Record<string, unknown>)
  expect(lines?.[0]).toMatchObject({ runbook: 'sample', by: 'ada', values: { group: 'orders' } })
  expect(lines?.[2]).toMatchObject({
    block: 'pause',
    state: 'green',
    commands: [{ command: 'isthmus pause orders --reason test --output json', exitCode: 0 }],
  })
  expect(lines?.at(-1)).toMatchObject({ ended: 'done' })
})

test('an action that is not confirmed is not carried out', async () => {
  const { code } = await runbook(['run', 'sample'], ['no'])
  expect(code).toBe(5)
  expect(control.authority.group.paused).toBeUndefined()
})

test('blocks that are named run in that order, those for a shell too', async () => {
  const { code, out } = await runbook(['run', 'sample', '--only', 'shell,pause,resume', '--yes'])
  expect([code, out]).toEqual([0, 'GREEN   shell\nGREEN   pause\nGREEN   resume\n'])
  expect(control.authority.group.paused).toBeUndefined()
})

test('what is wrong with a call is said', async () => {
  const none = await runbook(['check', 'none'])
  expect([none.code, none.err]).toMatchObject([2, expect.stringContaining('choose one of sample')])
  const missing = await cli(['runbook', 'check', 'region-lost', '--param', 'group'])
  expect(missing.err).toContain('CLI_PARAM_UNCLEAR')
  const unwritable = await runbook(['run', 'sample', '--yes', '--record', join(folder, 'no', 'where')])
  expect(unwritable.err).toContain('CLI_FILE_UNWRITABLE')
})
