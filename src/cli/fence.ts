import type { Command } from 'commander'
import type { FenceRequest, FenceResultBody, UnfenceRequest } from '../api/contract/index.ts'
import { EXIT } from './exit-codes.ts'
import { cliFaults } from './faults.ts'
import { sendJson } from './http.ts'
import type { CliIo, CommandContext, GlobalOptions } from './io.ts'
import { render, renderTable } from './output.ts'
import type { ProcessVerbs, UnfenceReport } from './process-verbs.ts'

interface FenceFlags {
  readonly region: string
  readonly by: string
  readonly reason: string
  readonly yes?: true
}

interface UnfenceFlags extends Partial<Pick<FenceFlags, 'region'>>, Pick<FenceFlags, 'by' | 'yes'> {
  readonly operation?: string
  readonly allOf?: string
  readonly config?: string
}

/** Brokers have to agree, and a command of the operator may take its time. */
const TIMEOUT_MS = 60_000

export function addFence(program: Command, { io, exit }: CommandContext, verbs: ProcessVerbs): void {
  const whoever = io.env['USER'] ?? 'an operator'
  program
    .command('fence')
    .argument('<group>', 'the failover group')
    .summary('keep applications from writing to a region, by hand')
    .description(
      'Puts up a fence on the topics of the group in one region, beside those of standbys and moves. It stays until it ' +
        'is taken down with `unfence`, or a move makes the region active.',
    )
    .requiredOption('--region <region>', 'the region')
    .requiredOption('--reason <text>', 'why')
    .option('--by <name>', 'who', whoever)
    .option('-y, --yes', 'do it without typing the name of the group')
    .addHelpText('after', '\nExits with 4 where it is not known whether the fence is in force.')
    .action(async (group: string, { region, reason, by, yes }: FenceFlags, command: Command) => {
      await confirm(io, { name: group, what: `fence ${region} for it`, yes })
      const body: FenceRequest = { region, by, reason }
      exit(await send(io, command, group, 'fence', body))
    })
  program
    .command('unfence')
    .argument('[group]', 'the failover group; not with --all-of')
    .summary('take fences down again')
    .description(
      'Takes down the fences of a region that were put up by hand, or those of one operation. With --all-of it takes ' +
        'down everything that an operation has put up, for every group, by what the regions have on record: that needs ' +
        'the configuration file only, neither a running process nor the authority.',
    )
    .option('--region <region>', 'the region; with --all-of only this one')
    .option('--operation <id>', 'whose fence; those put up by hand otherwise')
    .option('--all-of <operation>', 'everything that this operation has put up')
    .option('-c, --config <file>', 'the configuration file, for --all-of')
    .option('--by <name>', 'who', whoever)
    .option('-y, --yes', 'do it without typing the name')
    .addHelpText(
      'after',
      '\nExits with 4 where it is not known what came of it, and with 5 where --all-of could not reach a region.' +
        '\n\nExamples:\n  isthmus unfence orders --region eu\n  isthmus unfence --all-of 0f3a --config isthmus.yaml',
    )
    .action(async (group: string | undefined, flags: UnfenceFlags, command: Command) => {
      const { allOf, region, operation, by, yes } = flags
      if (allOf !== undefined) return exit(await unfenceAll(io, verbs, { ...flags, allOf }, { group, command }))
      if (group === undefined || region === undefined) throw cliFaults.fault('CLI_UNFENCE_UNCLEAR')
      await confirm(io, { name: group, what: `take fences of ${region} down for it`, yes })
      const body: UnfenceRequest = { region, by, ...(operation !== undefined && { operation }) }
      exit(await send(io, command, group, 'unfence', body))
    })
}

async function send(
  io: CliIo,
  command: Command,
  group: string,
  verb: 'fence' | 'unfence',
  body: FenceRequest | UnfenceRequest,
): Promise<typeof EXIT.ok | typeof EXIT.timedOut> {
  const { api, output } = command.optsWithGlobals<GlobalOptions>()
  const path = `/api/v1/failover-groups/${encodeURIComponent(group)}/${verb}`
  const result = await sendJson<FenceResultBody>(io, api, 'POST', path, body, { timeoutMs: TIMEOUT_MS })
  io.out(`${render(result, output, ({ state, reason }) => `${body.region}: ${state}, ${reason}`)}\n`)
  return result.state === 'done' ? EXIT.ok : EXIT.timedOut
}

async function unfenceAll(
  io: CliIo,
  verbs: ProcessVerbs,
  { allOf: operation, config, region, by, yes }: UnfenceFlags & { readonly allOf: string },
  { group, command }: { readonly group: string | undefined; readonly command: Command },
): Promise<typeof EXIT.ok | typeof EXIT.needsOperator> {
  if (config === undefined || group !== undefined) throw cliFaults.fault('CLI_UNFENCE_UNCLEAR')
  await confirm(io, { name: operation, what: 'take down everything it has put up', yes })
  const report = await verbs.unfence({ config, operation, by, ...(region !== undefined && { region }) }, io.signal)
  const { output } = command.optsWithGlobals<GlobalOptions>()
  io.out(`${render(report, output, renderUnfence)}\n`)
  const isWhole = report.regions.every(({ state }) => state === 'lifted' || state === 'none')
  return isWhole ? EXIT.ok : EXIT.needsOperator
}

export function renderUnfence({ operation, regions }: UnfenceReport): string {
  const rows = regions.map((at) => [at.region, at.state, at.found, at.removed, at.kept, at.reason])
  const missed = regions.filter(({ state }) => state === 'unreachable' || state === 'failed')
  const names = missed.map(({ region }) => region).join(', ')
  return [
    `Fences of ${operation}:`,
    renderTable(['REGION', 'STATE', 'FOUND', 'REMOVED', 'KEPT', 'REASON'], rows),
    ...(missed.length === 0 ? [] : ['', `Not taken down in ${names}: run it again when the region answers.`]),
  ].join('\n')
}

async function confirm(
  io: CliIo,
  { name, what, yes }: { readonly name: string; readonly what: string; readonly yes: true | undefined },
): Promise<void> {
  if (yes === true) return
  const answer = await io.ask?.(`Type ${name} to ${what}: `)
  if (answer?.trim() !== name) throw cliFaults.fault('CLI_FENCE_NOT_CONFIRMED', { name })
}
