import type { Clock, RegionName } from '../../core/index.ts'
import { securityFaults } from '../faults.ts'
import { type FenceClaim, type FenceContext, markLifted, newRecord, tellApplied, tellLifted } from './acl-fence.ts'
import { fenceKeyOf, type FenceRecord } from './fence-record.ts'
import type { AppliedFence, FenceStep, LiftedFence } from './fence-step.ts'
import { runProgram } from './run-program.ts'

/**
 * The operator's own fence: network policy, load balancer, power. Programs are run without a shell, with the region, the
 * group and the operation in their environment, and have to bear being run again. Exit code 0 means done.
 */
export interface FenceCommand {
  /** Program and arguments. */
  readonly fence: readonly string[]
  readonly unfence: readonly string[]
  /** Ends with 0 while the fence holds. Without it, the fence counts as held from its success on. */
  readonly check: readonly string[] | undefined
  readonly timeoutMs: number
  readonly env: Readonly<Record<string, string | undefined>>
}

export async function applyCommand(
  context: FenceContext,
  { claim, command }: { readonly claim: FenceClaim; readonly command: FenceCommand },
  signal: AbortSignal,
): Promise<FenceStep<AppliedFence>> {
  const { book, clock } = context
  const startedMs = clock.monotonicMs()
  const { records } = await book.list(signal)
  const key = fenceKeyOf({ ...claim, means: 'command' })
  const before = records.find((record) => fenceKeyOf(record) === key && record.lifted === null)
  const record = before ?? newRecord(context, claim, 'command')
  await book.put(record, signal)
  if (!record.hasRun) {
    const ran = await runStep(context, { command, verb: 'fence', record }, signal)
    if (ran !== undefined) return ran
  }
  const isRecorded = await book.put({ ...record, hasRun: true }, signal)
  const tookMs = Math.round(clock.monotonicMs() - startedMs)
  if (!record.hasRun) tellApplied(context, record, { added: 1, tookMs, isRecorded })
  const added = record.hasRun ? 0 : 1
  return {
    kind: 'done',
    evidence: { means: 'command', mode: undefined, entries: 1, added, brokers: [], isRecorded, tookMs },
  }
}

export async function liftCommand(
  context: FenceContext,
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

export type CommandCheck = { readonly verdict: 'fenced' | 'open' | 'unknown'; readonly reason: string }

/** What the operator's own check says now. */
export async function checkCommand(
  context: { readonly region: RegionName; readonly clock: Clock },
  { command, group, operation }: { readonly command: FenceCommand; readonly group: string; readonly operation: string },
  signal: AbortSignal,
): Promise<CommandCheck> {
  const { check } = command
  if (check === undefined) return { verdict: 'unknown', reason: 'the region has no fence.command.check' }
  const { region, clock } = context
  const env = environment(command, { region, group, operation, verb: 'check' })
  const end = await runProgram({ argv: check, env, timeoutMs: command.timeoutMs, clock }, signal)
  if (end.kind === 'ran' && end.code === 0) return { verdict: 'fenced', reason: 'the check of the operator succeeded' }
  if (end.kind === 'ran') return { verdict: 'open', reason: `the check of the operator ended with ${end.code}` }
  return { verdict: 'unknown', reason: end.kind === 'late' ? 'the check did not end in time' : end.reason }
}

async function runStep(
  { region, clock, permit }: FenceContext,
  options: { readonly command: FenceCommand; readonly verb: 'fence' | 'unfence'; readonly record: FenceRecord },
  signal: AbortSignal,
): Promise<FenceStep<never> | undefined> {
  const { command, verb, record } = options
  const { group, operation } = record
  const env = environment(command, { region, group, operation, verb })
  const argv = command[verb]
  permit?.()
  const end = await runProgram({ argv, env, timeoutMs: command.timeoutMs, clock }, signal)
  const facts = { region, group, command: argv.join(' ') }
  if (end.kind === 'late') {
    const fault = securityFaults.fault('FENCE_COMMAND_UNKNOWN', { ...facts, afterMs: command.timeoutMs })
    return { kind: 'unknown', reason: fault.message }
  }
  if (end.kind === 'ran' && end.code === 0) return undefined
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
