import { expect, test } from 'vitest'
import {
  type BlockContext,
  chooseBlocks,
  type CommandOutcome,
  listChecks,
  parseRunbook,
  runBlocks,
  settleParams,
} from '../../../src/runbooks/index.ts'
import { systemClock } from '../../../src/core/index.ts'
import { HurryingClock } from '../../support/hurrying-clock.ts'
import { blockText, runbookText } from '../../support/runbook-text.ts'

const check = [
  blockText('id=state kind=check', 'isthmus status --output json', 'exit 0\nsave operation = $.operation'),
  blockText('id=second kind=check', 'isthmus lag --link $link', 'exit 0'),
].join('\n')
const act = [
  blockText('id=go kind=act', 'isthmus operation resume $operation --by "$who"', 'exit 0'),
  blockText('id=until kind=wait within=5s', 'isthmus lag --link $link', 'contains "done"'),
  '```text {id=sure kind=observe}\nIs $link well?\n```',
].join('\n')
const rollBack = blockText('id=shell kind=act', 'touch $link', 'exit 0')
const head = 'params: { link: { type: name, describe: l }, who: { type: text, describe: w, default: ada } }'
const runbook = parseRunbook('sample.md', runbookText({ check, act, rollBack, head }))

function stage(answer: (line: string, call: number) => Partial<CommandOutcome>, given: Record<string, string> = {}) {
  const lines: string[] = []
  const context: BlockContext = {
    runner: {
      isthmus: async (args) => {
        lines.push(args.join('|'))
        return {
          exitCode: 0,
          stdout: '{"operation":"op 1; rm -rf"}',
          stderr: '',
          ...answer(args.join(' '), lines.length),
        }
      },
      shell: undefined,
      ask: async (question) => question === 'Is eu-to-us well?',
    },
    clock: new HurryingClock(),
    signal: new AbortController().signal,
    values: settleParams(runbook, { link: 'eu-to-us', ...given }),
  }
  return { lines, context }
}

const states = (records: readonly { block: string; state: string }[]) =>
  records.map(({ block, state }) => `${block} ${state}`)

test('what a block has saved, and what was given, are one argument each, whatever they hold', async () => {
  const { lines, context } = stage(() => ({}), { who: "x' --yes $(boom)" })
  await runBlocks(runbook, chooseBlocks(runbook, ['state', 'go']), context)
  expect(lines).toEqual(['status|--output|json', "operation|resume|op 1; rm -rf|--by|x' --yes $(boom)"])
})

test('a wait is repeated until it holds', async () => {
  const { lines, context } = stage((_line, call) => ({ stdout: call < 3 ? 'not yet' : 'done' }))
  expect(states(await runBlocks(runbook, chooseBlocks(runbook, ['until']), context))).toEqual(['until green'])
  expect(lines).toHaveLength(3)
})

test('a wait that never holds is red once its time is over', async () => {
  const { lines, context } = stage(() => ({ stdout: 'never' }))
  expect(states(await runBlocks(runbook, chooseBlocks(runbook, ['until']), context))).toEqual(['until red'])
  expect(lines.length).toBeLessThan(10)
})

test('the first block that is red ends a run; checks alone go on', async () => {
  const failing = (line: string) => (line.startsWith('status') ? { exitCode: 4 } : {})
  const run = stage(failing)
  expect(states(await runBlocks(runbook, chooseBlocks(runbook), run.context))).toEqual(['state red'])
  const checks = stage(failing)
  const records = await runBlocks(runbook, listChecks(runbook), checks.context, { isThorough: true })
  expect(states(records)).toEqual(['state red', 'second green'])
})

test('an action that nobody wants is skipped, and one that somebody stops at ends the run', async () => {
  const blocks = chooseBlocks(runbook, ['state', 'go', 'sure'])
  const skipped = await runBlocks(runbook, blocks, stage(() => ({})).context, { confirm: async () => false })
  expect(states(skipped)).toEqual(['state green', 'go skipped', 'sure green'])
  const stopped = await runBlocks(runbook, blocks, stage(() => ({})).context, { confirm: async () => undefined })
  expect(states(stopped)).toEqual(['state green'])
})

test('without a shell a block for one is red, and nothing was carried out', async () => {
  const { lines, context } = stage(() => ({}))
  const [record] = await runBlocks(runbook, chooseBlocks(runbook, ['shell']), context)
  expect(record).toMatchObject({ state: 'red', commands: [] })
  expect(record?.reason).toContain('isthmus runbook run sample --only shell')
  expect(lines).toEqual([])
})

test('a block whose value no block has found yet says which one finds it', async () => {
  const [record] = await runBlocks(runbook, chooseBlocks(runbook, ['go']), stage(() => ({})).context)
  expect(record?.reason).toContain('the block go needs $operation, which the block state finds out')
})

test('an ordinary walk leaves out what rolls back and what is optional', () => {
  expect(chooseBlocks(runbook).map(({ id }) => id)).toEqual(['state', 'second', 'go', 'until', 'sure'])
  expect(() => chooseBlocks(runbook, ['nothing'])).toThrow('has no block nothing')
})

test.each([
  [{ link: '--api=http://evil' }, 'begins as an option does'],
  [{ link: 'a b' }, 'is no name'],
  [{ link: 'a', who: 'x\ny' }, 'is no line'],
  [{ link: 'a', other: 'x' }, 'other of the runbook sample does not exist'],
  [{}, 'is missing'],
])('a parameter that is none is refused: %o', (given, says) => {
  expect(() => settleParams(runbook, given as Record<string, string>)).toThrow(says)
})

test('output is kept up to a bound', async () => {
  const { context } = stage(() => ({ stdout: 'x'.repeat(100_000) }))
  const [record] = await runBlocks(runbook, chooseBlocks(runbook, ['second']), { ...context, clock: systemClock })
  expect(record?.commands[0]?.stdout.length).toBeLessThan(20_000)
})
