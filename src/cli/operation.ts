import type { Command } from 'commander'
import type { OperationBody } from '../api/contract/index.ts'
import { pause } from '../core/index.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { cliFaults } from './faults.ts'
import { getPatiently } from './get-patiently.ts'
import { getJson, sendJson } from './http.ts'
import type { CliIo, CommandContext, GlobalOptions } from './io.ts'
import { render } from './output.ts'
import { addReport } from './report.ts'

interface PersonOptions {
  readonly by: string
  readonly reason: string
}

const POLL_MS = 1_000

export function addOperation(program: Command, context: CommandContext): void {
  const { io, exit } = context
  const whoever = io.env.USER ?? 'an operator'
  const operation = program.command('operation').summary('look at a move that was started, and help it on')
  const send = async (id: string, verb: string, body: object, command: Command) => {
    const { api, output } = command.optsWithGlobals<GlobalOptions>()
    const changed = await sendJson<OperationBody>(io, api, 'POST', `${pathOf(id)}/${verb}`, body)
    io.out(`${render(changed, output, renderOperation)}\n`)
    exit(EXIT.ok)
  }
  operation
    .command('show')
    .argument('<id>', 'the operation')
    .summary('how far it is, and what it waits for')
    .option('-w, --wait', 'show each step until it ends or needs a person')
    .addHelpText('after', OPERATION_EXITS)
    .action(async (id: string, { wait }: { wait?: true }, command: Command) => {
      const { api, output } = command.optsWithGlobals<GlobalOptions>()
      const first = await getJson<OperationBody>(io, api, pathOf(id))
      const shown = wait === true ? await followOperation(io, api, first) : first
      io.out(`${render(shown, output, renderOperation)}\n`)
      exit(exitCodeOf(shown))
    })
  for (const [verb, summary] of [
    ['abort', 'roll it back'],
    ['acknowledge', 'let it go on without the step it stands at'],
  ] as const) {
    operation
      .command(verb)
      .argument('<id>', 'the operation')
      .summary(summary)
      .requiredOption('--reason <text>', 'why')
      .option('--by <name>', 'who', whoever)
      .action((id: string, { by, reason }: PersonOptions, command: Command) => send(id, verb, { by, reason }, command))
  }
  operation
    .command('resume')
    .argument('<id>', 'the operation')
    .summary('let it try its step again')
    .option('--by <name>', 'who', whoever)
    .option('--attest <reason>', 'vouch that nobody can write to the region that is left')
    .action((id: string, { by, attest: attestation }: { by: string; attest?: string }, command: Command) =>
      send(id, 'resume', { by, attestation }, command),
    )
  addReport(operation, context, {
    argument: 'the operation, or the return of a region: OPERATION-REGION',
    summary: 'what it took, lost and proved, as a page',
    pathOf,
  })
}

export const OPERATION_EXITS =
  '\nExits with 3 where the move was rolled back or superseded, with 5 where it needs an operator.'

/** Tells each step on standard error, until the move ends or needs a person. */
export async function followOperation(io: CliIo, api: string, started: OperationBody): Promise<OperationBody> {
  let shown = ''
  for (let at = started; ; at = await getPatiently<OperationBody>(io, api, pathOf(started.id))) {
    const step = at.attempt === 1 ? at.phase : `${at.phase} (attempt ${at.attempt})`
    if (step !== shown) io.err(`${step}\n`)
    shown = step
    if (at.state !== 'running' && at.state !== 'rolling-back') return at
    await pause(io.clock, POLL_MS, io.signal)
    if (io.signal.aborted) return at
  }
}

export function exitCodeOf({ state }: OperationBody): ExitCode {
  if (state === 'needs-operator') return EXIT.needsOperator
  return state === 'rolled-back' || state === 'superseded' ? EXIT.refused : EXIT.ok
}

/** The name of the group stands in the id. */
function pathOf(id: string): string {
  const group = /^(.+?)-[0-9a-f]{16}(-.+)?$/.exec(id)?.[1]
  if (group === undefined) throw cliFaults.fault('CLI_OPERATION_UNCLEAR', { id })
  return `/api/v1/failover-groups/${encodeURIComponent(group)}/operations/${encodeURIComponent(id)}`
}

export function renderOperation(at: OperationBody): string {
  const { id, group, kind, from, to, state, phase, stop, warnings } = at
  return [
    `Operation ${id}: ${kind} of ${group} from ${from} to ${to}, asked for by ${at.by}: ${at.reason}`,
    `It is ${state === phase ? state : `${state} at ${phase}`}. Writes were paused for ${at.writePausedSeconds.toFixed(2)} s; the fence is ${at.fence}.`,
    ...(at.abort === null ? [] : [`${at.abort.by} has asked to abort it: ${at.abort.reason}`]),
    ...(stop === null ? [] : [`${stop.at}: ${stop.reason}`, `  what to do: ${stop.instructions}`]),
    ...warnings.map((warning) => `  warning: ${warning}`),
  ].join('\n')
}
