import type { Command } from 'commander'
import type { FailoverGroupBody, LinkPauseBody } from '../api/contract/index.ts'
import { EXIT } from './exit-codes.ts'
import { cliFaults } from './faults.ts'
import { sendJson } from './http.ts'
import type { CommandContext, GlobalOptions } from './io.ts'
import { render } from './output.ts'

interface PauseFlags {
  readonly link?: string
  readonly by: string
  readonly reason?: string
}

export function addPause(program: Command, { io, exit }: CommandContext): void {
  const whoever = io.env.USER ?? 'an operator'
  const ask = async (group: string | undefined, verb: 'pause' | 'resume', flags: PauseFlags, command: Command) => {
    const { link, by, reason } = flags
    const { api, output } = command.optsWithGlobals<GlobalOptions>()
    const isUnexplained = verb === 'pause' && link === undefined && reason === undefined
    if ((group === undefined) === (link === undefined) || isUnexplained) {
      throw cliFaults.fault('CLI_PAUSE_UNCLEAR', { verb })
    }
    const body = verb === 'pause' ? { by, reason: reason ?? 'no reason was given' } : { by }
    const of =
      link === undefined ? `failover-groups/${encodeURIComponent(group ?? '')}` : `links/${encodeURIComponent(link)}`
    const changed = await sendJson<FailoverGroupBody | LinkPauseBody>(io, api, 'POST', `/api/v1/${of}/${verb}`, body)
    io.out(`${render(changed, output, renderPause)}\n`)
    exit(EXIT.ok)
  }
  program
    .command('pause')
    .argument('[group]', 'the failover group; not with --link')
    .summary('refuse new moves of a failover group, or have a link copy nothing')
    .description(
      'A move of the group that runs goes on: stopped midway it would leave applications without a writable region. A ' +
        'link that is paused copies nothing, in every process that runs it and over restarts, and holds up moves of its ' +
        'group. What the source deletes meanwhile it can copy no more.',
    )
    .option('-l, --link <name>', 'a single link instead')
    .option('--reason <text>', 'why; a group needs one')
    .option('--by <name>', 'who', whoever)
    .action((group: string | undefined, flags: PauseFlags, command: Command) => ask(group, 'pause', flags, command))
  program
    .command('resume')
    .argument('[group]', 'the failover group; not with --link')
    .summary('allow moves of a failover group again, or have a link go on where it stopped')
    .option('-l, --link <name>', 'a single link instead')
    .option('--by <name>', 'who', whoever)
    .action((group: string | undefined, flags: PauseFlags, command: Command) => ask(group, 'resume', flags, command))
}

function renderPause(body: FailoverGroupBody | LinkPauseBody): string {
  const { paused } = body
  const what = 'link' in body ? `Link ${body.link}` : `Group ${body.group}`
  if (paused !== null) return `${what} is paused by ${paused.by}: ${paused.reason}`
  return 'link' in body ? `${what} is resumed.` : `${what} can be moved.`
}
