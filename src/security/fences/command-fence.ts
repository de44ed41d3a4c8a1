import { unreachable } from '../../core/index.ts'
import { securityFaults } from '../faults.ts'
import { type FenceClaim, type FenceContext, markLifted, newRecord, tellApplied, tellLifted } from './acl-fence.ts'
import type { CommandRuns, Joined } from './command-runs.ts'
import { fenceKeyOf, type FenceRecord } from './fence-record.ts'
import { type AppliedFence, type FenceStep, type LiftedFence, NOTHING_LIFTED } from './fence-step.ts'
import { askPermit } from './permitted.ts'
import { runProgram } from './run-program.ts'

/**
 * The operator's own fence: network policy, load balancer, power. Programs are run without a shell, with the region, the
 * group and the operation in their environment, and have to bear being run again. Exit code 0 means done. One may run
 * for longer than an attempt waits for it; the next attempt goes on waiting for the same run.
 */
export interface CommandContext extends FenceContext {
  readonly runs: CommandRuns
}

export interface FenceCommand {
  /** Program and arguments. */
  readonly fence: readonly string[]
  readonly unfence: readonly string[]
  /** Ends with 0 while the fence holds. Without it, the fence counts as held from its success on. */
  readonly check: readonly string[] | undefined
  readonly timeoutMs: number
  readonly env: Readonly<Record<string, string | undefined>>
  /** Where `fence` and `unfence` are run. @defaultValue this process */
  readonly elsewhere?: CommandElsewhere | undefined
}

/** What is to be run elsewhere: by the programs that are configured there. */
export interface ElsewhereRun {
  readonly group: string
  readonly verb: 'fence' | 'unfence'
  readonly operation: string
}

/** Runs programs beside a region. Calls for the same run share it, and its ending is told once. */
export interface CommandElsewhere {
  join(run: ElsewhereRun, waitMs: number, signal: AbortSignal): Promise<Joined | Silence>
}

/** Nobody there has taken it; whether somebody will is not known. */
export interface Silence {
  readonly kind: 'silent'
  readonly reason: string
}

/** Which part of a fence by command is at hand, for whoever has to say what was late. */
export type CommandPart = 'record' | 'command' | 'check'
export type OnCommandPart = (part: CommandPart) => void

/** What its records, the end of a stopped program and the turns of whoever asks may take beside the programs. */
const BESIDE_MS = 6_000

/** How long a fence may take from its first call to a check that says so: the command and the check one after the other. */
export function commandPatienceMs({ timeoutMs }: Pick<FenceCommand, 'timeoutMs'>): number {
  return 2 * timeoutMs + BESIDE_MS
}

export async function applyCommand(
  context: CommandContext,
  {
    claim,
    command,
    isToRepeat,
    onPart = () => undefined,
  }: {
    readonly claim: FenceClaim
    readonly command: FenceCommand
    readonly isToRepeat: boolean
    readonly onPart?: OnCommandPart | undefined
  },
  signal: AbortSignal,
): Promise<FenceStep<AppliedFence>> {
  const { book, clock } = context
  const startedMs = clock.monotonicMs()
  const { records } = await book.list(signal)
  const key = fenceKeyOf({ ...claim, means: 'command' })
  const before = records.find((record) => fenceKeyOf(record) === key && record.lifted === null)
  const record = before ?? newRecord(context, claim, 'command')
  await book.put(record, signal)
  const isToRun = isToRepeat || !record.hasRun
  if (isToRun) {
    onPart('command')
    const ran = await runStep(context, { command, verb: 'fence', record }, signal)
    if (ran !== undefined) return ran
  }
  onPart('record')
  const isRecorded = await book.put({ ...record, hasRun: true }, signal)
  const tookMs = Math.round(clock.monotonicMs() - startedMs)
  if (isToRun) tellApplied(context, record, { added: 1, tookMs, isRecorded })
  const added = isToRun ? 1 : 0
  return {
    kind: 'done',
    evidence: { means: 'command', mode: undefined, entries: 1, added, brokers: [], isRecorded, tookMs },
  }
}

export async function liftCommand(
  context: CommandContext,
  { record, command, by }: { readonly record: FenceRecord; readonly command: FenceCommand; readonly by: string },
  signal: AbortSignal,
): Promise<FenceStep<LiftedFence>> {
  const { book } = context
  await book.put(markLifted(context, record, by), signal)
  const { records } = await book.list(signal)
  const isShared = records.some(
    (it) =>
      it.means === 'command' && it.lifted === null && it.group === record.group && it.operation !== record.operation,
  )
  if (!isShared) {
    const ran = await runStep(context, { command, verb: 'unfence', record }, signal)
    if (ran !== undefined) return ran
  }
  await book.remove(record, signal)
  const [removed, kept] = isShared ? [0, 1] : [1, 0]
  tellLifted(context, record, { by, removed, kept })
  return { kind: 'done', evidence: { found: 1, removed, kept, isQuiet: true } }
}

/**
 * For a region whose command may have run without a record, as the records of a region that is down cannot be written:
 * the other program is run, unless the check of the operator says that the region is open.
 */
export async function liftUnrecordedCommand(
  context: CommandContext,
  { claim, command }: { readonly claim: FenceClaim; readonly command: FenceCommand },
  signal: AbortSignal,
): Promise<FenceStep<LiftedFence>> {
  const { group, operation } = claim
  const { verdict } = await checkCommand(context, { command, group, operation }, signal)
  if (verdict === 'open') return { kind: 'done', evidence: NOTHING_LIFTED }
  const record = newRecord(context, claim, 'command')
  const ran = await runStep(context, { command, verb: 'unfence', record }, signal)
  return ran ?? { kind: 'done', evidence: { ...NOTHING_LIFTED, removed: 1 } }
}

export interface CommandCheck {
  readonly verdict: 'fenced' | 'open' | 'unknown'
  readonly reason: string
  /** False where the operator has given no check. */
  readonly isChecked: boolean
}

export interface CheckedCommand {
  readonly command: FenceCommand
  readonly group: string
  readonly operation: string
  /** Leaves a check that takes longer to the next call of the same attempt, which goes on waiting for the same run. */
  readonly patient?: { readonly attempt: number; readonly waitMs: number } | undefined
}

/** What the operator's own check says now. */
export async function checkCommand(
  context: Pick<CommandContext, 'region' | 'clock' | 'runs' | 'permit'>,
  { command, group, operation, patient }: CheckedCommand,
  signal: AbortSignal,
): Promise<CommandCheck> {
  const { check } = command
  if (check === undefined) {
    return { verdict: 'unknown', reason: 'the region has no fence.command.check', isChecked: false }
  }
  const { region, clock, runs, permit } = context
  const env = environment(command, { region, group, operation, verb: 'check' })
  const program = { argv: check, env, timeoutMs: command.timeoutMs, clock }
  // Beside the runs of the command itself: to look ends nothing that changes something.
  const asked = { group: `check ${group}`, purpose: `${operation} ${patient?.attempt}`, program, permit }
  const end = await (patient === undefined ? runProgram(program, signal) : runs.join(asked, patient.waitMs, signal))
  const isChecked = true
  if (end.kind === 'ran' && end.code === 0)
    return { verdict: 'fenced', reason: 'the check of the operator succeeded', isChecked }
  if (end.kind === 'ran') {
    return { verdict: 'open', reason: `the check of the operator ended with ${end.code}`, isChecked }
  }
  return { verdict: 'unknown', reason: explainCheck(end, command), isChecked }
}

function explainCheck(end: Exclude<Joined, { kind: 'ran' }>, { timeoutMs }: FenceCommand): string {
  switch (end.kind) {
    case 'running':
      return `the check of the operator has been running for ${end.forMs} ms`
    case 'late':
      return `the check of the operator did not end within ${timeoutMs} ms`
    case 'stopped':
      return `the check of the operator was stopped: ${end.reason}`
    case 'not-started':
      return `the check of the operator could not be started: ${end.reason}`
    default:
      return unreachable(end)
  }
}

async function runStep(
  context: CommandContext,
  options: { readonly command: FenceCommand; readonly verb: 'fence' | 'unfence'; readonly record: FenceRecord },
  signal: AbortSignal,
): Promise<FenceStep<never> | undefined> {
  const { region, clock, runs, permit, timings } = context
  const { command, verb, record } = options
  const { group, operation } = record
  const { timeoutMs } = command
  const argv = command[verb]
  const facts = { region, group, command: argv.join(' ') }
  const env = environment(command, { region, group, operation, verb })
  const asked = { group, purpose: `${verb} ${operation}`, program: { argv, env, timeoutMs, clock }, permit }
  if (command.elsewhere !== undefined && permit !== undefined) askPermit(permit)
  const end = await (command.elsewhere === undefined
    ? runs.join(asked, timings.commandMs, signal)
    : command.elsewhere.join({ group, verb, operation }, timings.commandMs, signal))
  switch (end.kind) {
    case 'silent':
      return { kind: 'unknown', reason: end.reason }
    case 'running': {
      const reason = `${facts.command} has been running for ${end.forMs} ms`
      return { kind: 'waiting', reason, patienceMs: commandPatienceMs(command) }
    }
    case 'late': {
      const fault = securityFaults.fault('FENCE_COMMAND_UNKNOWN', { ...facts, afterMs: timeoutMs })
      return { kind: 'unknown', reason: fault.message }
    }
    case 'stopped':
      return { kind: 'unknown', reason: `${facts.command} was stopped: ${end.reason}` }
    case 'ran':
      if (end.code === 0) return undefined
      break
    case 'not-started':
      break
    default:
      return unreachable(end)
  }
  const ending = end.kind === 'ran' ? `exit code ${end.code}` : end.reason
  const output = end.kind === 'ran' ? end.output.trim() || 'no output' : 'it was not started'
  return { kind: 'failed', fault: securityFaults.fault('FENCE_COMMAND_FAILED', { ...facts, ending, output }) }
}

function environment(
  command: FenceCommand,
  facts: { readonly region: string; readonly group: string; readonly operation: string; readonly verb: string },
): NodeJS.ProcessEnv {
  return {
    ...command.env,
    ISTHMUS_REGION: facts.region,
    ISTHMUS_GROUP: facts.group,
    ISTHMUS_OPERATION: facts.operation,
    ISTHMUS_ACTION: facts.verb,
  }
}
