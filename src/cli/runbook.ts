import type { Command } from 'commander'
import type { BlockContext, BlockRecord, CommandOutcome, Runbook, Values } from '../runbooks/index.ts'
import type { ConnectionOptions } from './connection.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { cliFaults } from './faults.ts'
import type { CliIo, CommandContext, GlobalOptions } from './io.ts'
import { render, renderTable } from './output.ts'
import { keepRun, type RunFile } from './runbook-record.ts'
import { runShell } from './runbook-shell.ts'

interface FolderOptions {
  readonly folder?: string
}

interface RunOptions extends FolderOptions {
  readonly param: readonly string[]
  readonly only?: string
  readonly yes?: true
  readonly record?: string
}

/** One command line of Isthmus with its answer kept; `addRunbook` is given it, since it is the program itself. */
export type RunCommand = (args: readonly string[], signal: AbortSignal) => Promise<CommandOutcome>

const EXITS = '\nExits with 6 where a check is red, with 5 where a run ended before its end.'

/** Runbooks are read where the command runs, so that they are there when no process of Isthmus answers. */
export function addRunbook(program: Command, context: CommandContext, run: RunCommand): void {
  const { io, exit } = context
  const runbook = program.command('runbook').summary('what to do, step by step: show, check and run it')
  const add = (value: string, before: readonly string[]) => [...before, value]
  const withFolder = (command: Command) =>
    command.option('--folder <folder>', 'where they are, instead of those of Isthmus')
  withFolder(runbook.command('list'))
    .summary('the runbooks, what each is for, and the alerts that lead to it')
    .action(async ({ folder }: FolderOptions, command: Command) => {
      const { output } = command.optsWithGlobals<GlobalOptions>()
      const shelf = (await import('../runbooks/index.ts')).readShelf(folder)
      io.out(`${render({ runbooks: [...shelf.values()].map(describe) }, output, renderList)}\n`)
      exit(EXIT.ok)
    })
  withFolder(runbook.command('check').argument('<id>', 'the runbook'))
    .summary('run the checks of a runbook; they change nothing')
    .option('-p, --param <name=value>', 'a parameter; may be given again', add, [])
    .addHelpText('after', EXITS)
    .action(async (id: string, flags: RunOptions, command: Command) => {
      const { output } = command.optsWithGlobals<GlobalOptions>()
      const stage = await prepare(id, flags, { io, run: forward(run, command) })
      const checks = stage.room.listChecks(stage.runbook)
      const records = await stage.room.runBlocks(stage.runbook, checks, stage.blocks, { isThorough: true })
      io.out(`${render({ runbook: id, blocks: records }, output, ({ blocks }) => renderRecords(blocks))}\n`)
      exit(records.every(({ state }) => state === 'green') ? EXIT.ok : EXIT.driftFound)
    })
  withFolder(runbook.command('run').argument('<id>', 'the runbook'))
    .summary('walk through a runbook: every command is shown, every action confirmed, all of it recorded')
    .description(
      'Goes on until the end, or until something is not as expected. Blocks that roll back, and those that are optional, ' +
        'run only where --only names them.',
    )
    .option('-p, --param <name=value>', 'a parameter; may be given again', add, [])
    .option('--only <blocks>', 'these blocks, with commas, in this order')
    .option('-y, --yes', 'confirm every action, and answer every question with yes')
    .option('--record <file>', 'where to keep what was done, as JSON lines; otherwise among the newest 200 of yours')
    .addHelpText('after', EXITS)
    .action(async (id: string, flags: RunOptions, command: Command) => {
      exit(await walk(id, flags, { command, io, run: forward(run, command) }))
    })
}

interface Walk {
  readonly command: Command
  readonly io: CliIo
  readonly run: RunCommand
}

async function walk(id: string, flags: RunOptions, { command, io, run }: Walk): Promise<ExitCode> {
  const { output } = command.optsWithGlobals<GlobalOptions>()
  const { room, runbook, blocks: context } = await prepare(id, flags, { io, run })
  const chosen = room.chooseBlocks(runbook, flags.only?.split(','))
  const file: RunFile | undefined = keepRun(io, { runbook: id, values: context.values, file: flags.record })
  io.err(`${runbook.title}\n${runbook.when}\n`)
  const records = await room.runBlocks(runbook, chosen, context, {
    confirm: async (block) => {
      io.err(`\n${block.section}, ${block.id}:\n${indent(block.text)}\n`)
      if (flags.yes === true) return true
      const answer = (await io.ask?.('Run it? yes, skip, or stop: '))?.trim()
      return answer === 'yes' ? true : answer === 'skip' ? false : undefined
    },
    onRecord: (record) => {
      file?.add(record)
      io.err(`${renderRecord(record)}\n`)
    },
  })
  const isWhole = records.length === chosen.length && records.every(({ state }) => state !== 'red')
  file?.end(isWhole ? 'done' : 'stopped')
  if (file !== undefined) io.err(`\nrecorded in ${file.path}\n`)
  io.out(`${render({ runbook: id, done: isWhole, blocks: records }, output, ({ blocks }) => renderRecords(blocks))}\n`)
  return isWhole ? EXIT.ok : EXIT.needsOperator
}

/** The runbook, its parameters settled, and what its blocks run with. */
async function prepare(id: string, flags: RunOptions, { io, run }: Omit<Walk, 'command'>) {
  const room = await import('../runbooks/index.ts')
  const runbook = room.findRunbook(room.readShelf(flags.folder), id)
  const values = room.settleParams(runbook, parseParams(flags.param))
  const ask = flags.yes === true ? async () => true : io.ask && asker(io.ask)
  const blocks: BlockContext = {
    runner: { isthmus: run, shell: (script, given, signal) => runShell(script, { io, values: given, signal }), ask },
    clock: io.clock,
    signal: io.signal,
    values,
  }
  return { room, runbook, blocks }
}

function asker(ask: NonNullable<CliIo['ask']>) {
  return async (question: string) => (await ask(`${question} yes or no: `)).trim() === 'yes'
}

/** The commands of a block go where this one goes, and as who it goes. */
function forward(run: RunCommand, command: Command): RunCommand {
  const { api, tokenFile, caFile, certFile, keyFile } = command.optsWithGlobals<ConnectionOptions>()
  const options = Object.entries({
    api,
    'token-file': tokenFile,
    'ca-file': caFile,
    'cert-file': certFile,
    'key-file': keyFile,
  })
  const connection = options.flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value]))
  return (args, signal) => run([...connection, ...args], signal)
}

/** @throws `CLI_PARAM_UNCLEAR` */
function parseParams(given: readonly string[]): Values {
  return Object.fromEntries(
    given.map((value) => {
      const at = value.indexOf('=')
      if (at < 1) throw cliFaults.fault('CLI_PARAM_UNCLEAR', { value })
      return [value.slice(0, at), value.slice(at + 1)]
    }),
  )
}

function describe({ id, title, alerts, severity, when, params, role }: Runbook) {
  return { id, title, severity, when, alerts, params, role }
}

function renderList({ runbooks }: { readonly runbooks: readonly ReturnType<typeof describe>[] }): string {
  const rows = runbooks.map(({ id, severity, role, params, title }) => {
    return [id, severity, role, Object.keys(params).join(', '), title]
  })
  return renderTable(['RUNBOOK', 'SEVERITY', 'ROLE', 'PARAMETERS', 'WHAT IT IS ABOUT'], rows)
}

function renderRecords(records: readonly BlockRecord[]): string {
  return records.map(renderRecord).join('\n')
}

function renderRecord({ block, state, reason, findings }: BlockRecord): string {
  const wrong = findings
    .filter(({ holds }) => !holds)
    .map(({ expected, found }) => `  expected ${expected}; found ${found}`)
  const why = wrong.length === 0 && state !== 'green' ? [`  ${reason}`] : wrong
  return [`${state.toUpperCase().padEnd(8)}${block}`, ...why].join('\n')
}

function indent(text: string): string {
  return text
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n')
}
