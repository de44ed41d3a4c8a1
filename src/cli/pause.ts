import type { Command } from 'commander'
import type { FailoverGroupBody } from '../api/contract/index.ts'
import { EXIT } from './exit-codes.ts'
import { sendJson } from './http.ts'
import type { CommandContext, GlobalOptions } from './io.ts'
import { render } from './output.ts'

export function addPause(program: Command, { io, exit }: CommandContext): void {
  const whoever = io.env.USER ?? 'an operator'
  const ask = async (group: string, verb: string, body: object, command: Command) => {
    const { api, output } = command.optsWithGlobals<GlobalOptions>()
    const path = `/api/v1/failover-groups/${encodeURIComponent(group)}/${verb}`
    const changed = await sendJson<FailoverGroupBody>(io, api, 'POST', path, body)
    io.out(`${render(changed, output, renderPause)}\n`)
    exit(EXIT.ok)
  }
  program
    .command('pause')
    .argument('<group>', 'the failover group')
    .summary('refuse new moves of a failover group')
    .description('A move that runs goes on: stopped midway it would leave applications without a writable region.')
    .requiredOption('--reason <text>', 'why')
    .option('--by <name>', 'who', whoever)
    .action((group: string, { by, reason }: { by: string; reason: string }, command: Command) =>
      ask(group, 'pause', { by, reason }, command),
    )
  program
    .command('resume')
    .argument('<group>', 'the failover group')
    .summary('allow moves of a failover group again')
    .option('--by <name>', 'who', whoever)
    .action((group: string, { by }: { by: string }, command: Command) => ask(group, 'resume', { by }, command))
}

function renderPause({ group, paused }: FailoverGroupBody): string {
  return paused === null ? `Group ${group} can be moved.` : `Group ${group} is paused by ${paused.by}: ${paused.reason}`
}
