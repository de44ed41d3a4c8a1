import { type Command, Option } from 'commander'
import type { ApprovalAnswer, DrillBody, DrillRequest, DrillsBody } from '../api/contract/index.ts'
import { pause } from '../core/index.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { cliFaults } from './faults.ts'
import { getPatiently } from './get-patiently.ts'
import { getJson, sendJson } from './http.ts'
import type { CliIo, CommandContext, GlobalOptions } from './io.ts'
import { render, renderTable } from './output.ts'
import { addReport } from './report.ts'

interface RunFlags {
  readonly level: DrillRequest['level']
  readonly region?: string
  readonly stay?: string
  readonly reason: string
  readonly by: string
  readonly wait?: true
}

interface PersonFlags {
  readonly by: string
  readonly reason: string
}

const POLL_MS = 1_000
const LEVELS = ['preflight', 'canary', 'isolated', 'full', 'authority']
const DRILL_EXITS = '\nExits with 3 where the drill was interrupted or skipped, with 5 where it failed.'

export function addDrill(program: Command, context: CommandContext): void {
  const drill = program.command('drill').summary('rehearse a move, and measure what it takes')
  addOrders(drill, context)
  addLooks(drill, context)
}

function addOrders(drill: Command, { io, exit }: CommandContext): void {
  const whoever = io.env.USER ?? 'an operator'
  drill
    .command('run')
    .argument('<group>', 'the failover group')
    .summary('begin a drill')
    .description(
      'preflight looks at plan and guards. canary moves a failover group that only drills use to another region and back. ' +
        'isolated reads the copies on a standby. full moves the group itself there and back, and needs an approval. ' +
        'authority restores the authority from the copies of a region, into memory.',
    )
    .addOption(new Option('--level <level>', 'what is rehearsed').choices(LEVELS).makeOptionMandatory())
    .option('--region <region>', 'the standby that it is about; otherwise the one that ranks best')
    .option('--stay <seconds>', 'how long canary and full stay in the other region')
    .option('--reason <text>', 'why', 'a drill by hand')
    .option('--by <name>', 'who', whoever)
    .option('-w, --wait', 'show each step until it ends')
    .addHelpText('after', `${DRILL_EXITS}\n\nExample:\n  isthmus drill run orders --level canary --wait`)
    .action(async (group: string, { level, region, stay, reason, by, wait }: RunFlags, command: Command) => {
      const { api, output } = command.optsWithGlobals<GlobalOptions>()
      const body: DrillRequest = {
        level,
        by,
        reason,
        ...(region !== undefined && { region }),
        ...(stay !== undefined && { staySeconds: Number(stay) }),
      }
      const headers = { 'idempotency-key': `${by} ${level} ${io.clock.nowMs()}` }
      const begun = await sendJson<DrillBody>(io, api, 'POST', drillsOf(group), body, { headers })
      const shown = wait === true ? await follow(io, api, begun) : begun
      io.out(`${render(shown, output, renderDrill)}\n`)
      exit(exitCodeOf(shown))
    })
  withPerson(drill.command('abort').argument('<id>', 'the drill'), whoever)
    .summary('end a drill; what it made is taken away')
    .action(async (id: string, { by, reason }: PersonFlags, command: Command) => {
      const { api, output } = command.optsWithGlobals<GlobalOptions>()
      const changed = await sendJson<DrillBody>(io, api, 'POST', `${pathOf(id)}/abort`, { by, reason })
      io.out(`${render(changed, output, renderDrill)}\n`)
      exit(EXIT.ok)
    })
  withPerson(drill.command('approve').argument('<group>', 'the failover group'), whoever)
    .summary('let one full drill of the group begin within 24 hours')
    .action(async (group: string, { by, reason }: PersonFlags, command: Command) => {
      const { api, output } = command.optsWithGlobals<GlobalOptions>()
      const answer = await sendJson<ApprovalAnswer>(io, api, 'POST', `${drillsOf(group)}/approval`, { by, reason })
      io.out(`${render(answer, output, ({ until }) => `One full drill of ${group} may begin until ${until}.`)}\n`)
      exit(EXIT.ok)
    })
}

function addLooks(drill: Command, { io, exit }: CommandContext): void {
  drill
    .command('list')
    .argument('<group>', 'the failover group')
    .summary('the drills of a group, the newest first')
    .action(async (group: string, _flags: object, command: Command) => {
      const { api, output } = command.optsWithGlobals<GlobalOptions>()
      const drills = await getJson<DrillsBody>(io, api, drillsOf(group))
      io.out(`${render(drills, output, renderDrills)}\n`)
      exit(EXIT.ok)
    })
  drill
    .command('show')
    .argument('<id>', 'the drill')
    .summary('how far a drill is')
    .option('-w, --wait', 'show each step until it ends')
    .addHelpText('after', DRILL_EXITS)
    .action(async (id: string, { wait }: { wait?: true }, command: Command) => {
      const { api, output } = command.optsWithGlobals<GlobalOptions>()
      const found = await getJson<DrillBody>(io, api, pathOf(id))
      const shown = wait === true ? await follow(io, api, found) : found
      io.out(`${render(shown, output, renderDrill)}\n`)
      exit(exitCodeOf(shown))
    })
  addReport(
    drill,
    { io, exit },
    {
      argument: 'the drill, or a failover group: its newest one',
      summary: 'what a drill measured, as a page',
      pathOf: async (id, at) => pathOf(isDrill(id) ? id : await findNewest(id, at)),
    },
  )
}

function withPerson(command: Command, whoever: string): Command {
  return command.requiredOption('--reason <text>', 'why').option('--by <name>', 'who', whoever)
}

/** Tells each step on standard error, until the drill ends. */
async function follow(io: CliIo, api: string, begun: DrillBody): Promise<DrillBody> {
  let shown = ''
  for (let at = begun; ; at = await getPatiently<DrillBody>(io, api, pathOf(begun.id))) {
    if (at.phase !== shown) io.err(`${at.phase}\n`)
    shown = at.phase
    if (at.phase === 'done') return at
    await pause(io.clock, POLL_MS, io.signal)
    if (io.signal.aborted) return at
  }
}

function exitCodeOf({ phase, outcome }: DrillBody): ExitCode {
  if (phase !== 'done' || outcome?.kind === 'passed') return EXIT.ok
  return outcome?.kind === 'failed' ? EXIT.needsOperator : EXIT.refused
}

function drillsOf(group: string): string {
  return `/api/v1/failover-groups/${encodeURIComponent(group)}/drills`
}

const DRILL = /^(.+)-drill-[0-9a-f]{16}$/

function isDrill(id: string): boolean {
  return DRILL.test(id)
}

async function findNewest(group: string, { io, api }: { readonly io: CliIo; readonly api: string }): Promise<string> {
  const { ended } = await getJson<DrillsBody>(io, api, drillsOf(group))
  if (ended[0] === undefined) throw cliFaults.fault('CLI_DRILL_MISSING', { group })
  return ended[0].id
}

/** The name of the group stands in the id. */
function pathOf(id: string): string {
  const group = DRILL.exec(id)?.[1]
  if (group === undefined) throw cliFaults.fault('CLI_DRILL_UNCLEAR', { id })
  return `${drillsOf(group)}/${encodeURIComponent(id)}`
}

function renderDrill({
  id,
  group,
  level,
  from,
  region,
  phase,
  outcome,
  by,
  reason,
  moves,
  leftovers,
}: DrillBody): string {
  const state = phase === 'done' ? `has ended: ${outcome?.kind ?? 'unknown'}` : `is at ${phase}`
  return [
    `Drill ${id}: ${level} of ${group}, ${from} to ${region}, asked for by ${by}: ${reason}`,
    `It ${state}.`,
    ...(outcome?.reasons ?? []).map((why) => `  ${why}`),
    ...moves.map((move) => `  ${move.kind} ${move.operation} to ${move.to}: ${move.endedAs ?? 'under way'}`),
    ...leftovers.map((left) => `  left behind: ${left}`),
  ].join('\n')
}

export function renderDrills({ running, ended, approval }: DrillsBody): string {
  const all = [...(running === null ? [] : [running]), ...ended]
  const rows = all.map(({ id, level, region, at, outcome, phase, measured }) => {
    return [
      id,
      level,
      region,
      at,
      phase === 'done' ? outcome?.kind : phase,
      measured?.rpoMs,
      measured?.rtoMs,
      measured?.writePauseMs,
    ]
  })
  const told =
    approval === null
      ? []
      : ['', `${approval.by} has approved one full drill until ${approval.until}: ${approval.reason}`]
  if (rows.length === 0) return ['No drill was ordered yet.', ...told].join('\n')
  const headers = ['DRILL', 'LEVEL', 'REGION', 'ASKED FOR', 'OUTCOME', 'RPO MS', 'RTO MS', 'PAUSE MS']
  return [renderTable(headers, rows), ...told].join('\n')
}
