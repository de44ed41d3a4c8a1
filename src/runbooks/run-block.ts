import { type Clock, pause } from '../core/index.ts'
import { runbookFaults } from './faults.ts'
import { type CommandOutcome, type Finding, judge } from './judge.ts'
import { fillWord } from './parse-words.ts'
import type { Values } from './settle-params.ts'
import { paramsOf } from './parse-runbook.ts'
import type { Block, Runbook } from './runbook.ts'

/** What carries out commands: one of Isthmus, without a shell; and one for a shell, where there may be one. */
export interface CommandRunner {
  isthmus(args: readonly string[], signal: AbortSignal): Promise<CommandOutcome>
  /** The parameters are in its environment. Undefined where no shell may be used. */
  readonly shell: ((script: string, values: Values, signal: AbortSignal) => Promise<CommandOutcome>) | undefined
  /** Asks a person; undefined where there is nobody. */
  readonly ask: ((question: string) => Promise<boolean>) | undefined
}

/** One command as it was carried out. */
export interface CommandRecord {
  readonly command: string
  readonly atMs: number
  readonly tookMs: number
  readonly exitCode: number
  /** Their beginnings. */
  readonly stdout: string
  readonly stderr: string
}

/** What a block came to. `red`: something expected was not there. */
export interface BlockRecord {
  readonly block: string
  readonly kind: Block['kind']
  readonly state: 'green' | 'red' | 'skipped'
  readonly reason: string
  readonly commands: readonly CommandRecord[]
  readonly findings: readonly Finding[]
}

export interface BlockContext {
  readonly runner: CommandRunner
  readonly clock: Clock
  readonly signal: AbortSignal
  /** What is known so far; what a block saves is added. */
  values: Values
}

const OUTPUT_MOST = 16 * 1024
const POLL_MS = 1_000

/** @throws `RUNBOOK_SHELL_REFUSED`, `RUNBOOK_VALUE_MISSING`, before anything is carried out */
export function checkRunnable({ id, blocks }: Runbook, block: Block, { values, runner }: BlockContext): void {
  const isShell = block.commands === undefined && block.kind !== 'observe'
  if (isShell && runner.shell === undefined) {
    throw runbookFaults.fault('RUNBOOK_SHELL_REFUSED', { id, block: block.id })
  }
  const name = paramsOf(block).find((one) => values[one] === undefined)
  if (name === undefined) return
  const from = blocks.find(({ expectations }) => expectations.some((one) => one.kind === 'save' && one.name === name))
  throw runbookFaults.fault('RUNBOOK_VALUE_MISSING', { block: block.id, name, from: from?.id })
}

/** Carries a block out and judges it. Never throws for what a command comes to. */
export async function runBlock(block: Block, context: BlockContext): Promise<BlockRecord> {
  const { clock, signal } = context
  const base = { block: block.id, kind: block.kind }
  if (block.kind === 'observe') {
    const question = fillWord(block.text, (name) => context.values[name] ?? '')
    const answer = await context.runner.ask?.(question)
    const state = answer === undefined ? 'skipped' : answer ? 'green' : 'red'
    const reason = answer === undefined ? 'there is nobody to ask' : answer ? 'a person said yes' : 'a person said no'
    return { ...base, state, reason, commands: [], findings: [] }
  }
  const untilMs = clock.monotonicMs() + (block.kind === 'wait' ? block.withinMs : 0)
  for (;;) {
    const record = { ...base, ...(await runOnce(block, context)) }
    if (record.state === 'green' || clock.monotonicMs() >= untilMs || signal.aborted) return record
    await pause(clock, POLL_MS, signal)
  }
}

async function runOnce(block: Block, context: BlockContext): Promise<Omit<BlockRecord, 'block' | 'kind'>> {
  const { clock, signal, runner, values } = context
  const commands: CommandRecord[] = []
  const carryOut = async (command: string, run: () => Promise<CommandOutcome>) => {
    const [atMs, startedMs] = [clock.nowMs(), clock.monotonicMs()]
    const outcome = await run()
    const tookMs = Math.round(clock.monotonicMs() - startedMs)
    const { exitCode, stdout, stderr } = outcome
    commands.push({ command, atMs, tookMs, exitCode, stdout: cut(stdout), stderr: cut(stderr) })
    return outcome
  }
  let last: CommandOutcome | undefined
  const lines = block.commands ?? []
  for (const [at, words] of lines.entries()) {
    const args = words.map((word) => fillWord(word, (name) => values[name] ?? ''))
    last = await carryOut(`isthmus ${args.map(quote).join(' ')}`, () => runner.isthmus(args, signal))
    // The lines of a block build on each other.
    if (last.exitCode !== 0 && at < lines.length - 1) break
  }
  const { shell } = runner
  if (block.commands === undefined && shell !== undefined) {
    last = await carryOut(block.text, () => shell(block.text, values, signal))
  }
  if (last === undefined) return { state: 'skipped', reason: 'nothing can carry it out', commands, findings: [] }
  const { findings, saved } = judge(block.expectations, last, values)
  context.values = { ...values, ...saved }
  const wrong = findings.find(({ holds }) => !holds)
  const reason = wrong === undefined ? 'as expected' : `expected ${wrong.expected}; found ${wrong.found}`
  return { state: wrong === undefined ? 'green' : 'red', reason, commands, findings }
}

function cut(text: string): string {
  return text.length <= OUTPUT_MOST ? text : `${text.slice(0, OUTPUT_MOST)}\n… ${text.length - OUTPUT_MOST} more`
}

/** As one would type it. */
function quote(word: string): string {
  return /^[\w./:=@,-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}
