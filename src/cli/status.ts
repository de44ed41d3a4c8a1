import type { Command } from 'commander'
import type { FailoverGroupSummary, LinkBody, MemberBody, StatusBody } from '../api/contract/index.ts'
import { EXIT } from './exit-codes.ts'
import { getJson } from './http.ts'
import type { CommandContext, GlobalOptions } from './io.ts'
import { plural, render, renderTable } from './output.ts'
import { showAgain } from './show-again.ts'

export function addStatus(program: Command, { io, exit }: CommandContext): void {
  program
    .command('status')
    .summary('what is copied, how far behind it is, and what needs you')
    .description(
      'Shows a sentence about the whole, a line for each link and each failover group. Exits with 5 where a flow, a ' +
        'move or a region that comes back needs an operator.',
    )
    .option('-w, --watch', 'show it anew every 2 seconds until ctrl-c')
    .addHelpText('after', '\nExamples:\n  isthmus status\n  isthmus status --output json\n  isthmus status --watch')
    .action(async (options: { watch?: true }, command: Command) => {
      const { api, output } = command.optsWithGlobals<GlobalOptions>()
      const show = async () => {
        const status = await getJson<StatusBody>(io, api, '/api/v1/status')
        return { status, text: `${render(status, output, renderStatus)}\n` }
      }
      if (options.watch !== true) {
        const { status, text } = await show()
        io.out(text)
        return exit(needsOperator(status) ? EXIT.needsOperator : EXIT.ok)
      }
      await showAgain(io, async () => (await show()).text)
    })
}

function needsOperator(status: StatusBody): boolean {
  const isStuck = status.links.some((link) => link.flows.stopped + link.hangingFlows > 0)
  return isStuck || status.failoverGroups.some((group) => group.needsOperator)
}

export function renderStatus(status: StatusBody): string {
  const { gate } = status
  const told = gate === undefined ? [] : ['', `The gate of ${gate.region} is ${gate.position}: ${gate.reason}`]
  const groups = [...renderGroups(status.failoverGroups), ...told, ...renderConfig(status), ...renderAnonymous(status)]
  if (status.links.length === 0 && status.openIncidents === 0) return [status.summary, ...groups].join('\n')
  const headers = [
    'LINK',
    'FROM',
    'TO',
    'STATE',
    'FLOWS',
    'RUNNING',
    'ELSEWHERE',
    'STOPPED',
    'LAG RECORDS',
    'LAG S',
    'COPIED',
    'LOST',
  ]
  const table = renderTable(headers, status.links.map(cellsOf))
  const { openIncidents } = status
  const incidents =
    openIncidents === 0 ? [] : [`${plural(openIncidents, 'incident')} to acknowledge: see \`isthmus incidents\`.`]
  const lines = [...status.links.flatMap(troublesOf), ...incidents]
  const troubles = lines.length > 0 ? ['', ...lines] : []
  return [status.summary, '', table, ...troubles, ...groups, ...renderMembers(status.members)].join('\n')
}

/** Nothing where what counts is what the file says. */
function renderConfig({ config }: StatusBody): string[] {
  if (config === undefined) return []
  const { file, restartKeys, refused, held } = config
  const lines = [
    ...(refused === null ? [] : [`${file} is not used as it stands: ${refused}`]),
    ...(held === null ? [] : [`${file} has changed; it waits: ${held}`]),
    ...(restartKeys.length === 0 ? [] : [`${file}: restart this process for ${restartKeys.join(', ')}`]),
  ]
  return lines.length > 0 ? ['', ...lines] : []
}

function renderAnonymous({ anonymous }: StatusBody): string[] {
  if (anonymous === 'none') return []
  const may = { viewer: 'see', operator: 'run', admin: 'do' }[anonymous]
  return ['', `Whoever reaches this API may ${may} everything: api.anonymous is ${anonymous}.`]
}

function renderGroups(groups: readonly FailoverGroupSummary[]): string[] {
  if (groups.length === 0) return []
  const rows = groups.map(({ group, active, epoch, regions, operation, isPaused }) => {
    const others = regions.filter(({ region }) => region !== active).map(({ region, role }) => `${region} ${role}`)
    return [group, active, epoch, others.join(', '), operation ?? (isPaused ? 'paused' : 'none')]
  })
  const waiting = groups.flatMap(({ group, regions }) =>
    regions.flatMap(({ region, waiting: what }) => (what === null ? [] : [`${group}, ${region}: ${what}`])),
  )
  const unfenced = groups.flatMap(({ group, regions }) =>
    regions.flatMap(({ region, unfenced: why }) => (why === null ? [] : [`${group}, ${region} is not fenced: ${why}`])),
  )
  const drills = groups.flatMap(({ group, lastDrill }) => {
    if (lastDrill === null) return []
    const { level, outcome, at } = lastDrill
    return [`${group}, last drill: ${level}, ${outcome}, ended ${at}`]
  })
  const stayers = groups.flatMap(({ group, regions }) =>
    regions.flatMap(({ region, members }) => {
      if (members === null || members === 0) return []
      return [
        `${group}, ${region}: ${plural(members, 'group member')}, though not active: see \`isthmus clients ${group}\``,
      ]
    }),
  )
  const lines = [...waiting, ...unfenced, ...stayers, ...groups.flatMap(renderAutomatic), ...drills]
  const told = lines.length > 0 ? ['', ...lines] : []
  return ['', renderTable(['FAILOVER GROUP', 'ACTIVE', 'EPOCH', 'OTHERS', 'MOVE'], rows), ...told]
}

/** Nothing where only people move the group, and nothing is known of it here. */
function renderAutomatic({ group, automatic }: FailoverGroupSummary): string[] {
  if (automatic === undefined || automatic.mode === 'manual') return []
  const { mode, reason, command, votes } = automatic
  const told = votes.map(({ vantage, vote, downForSeconds, ageSeconds }) => {
    const since = vote === 'down' ? ` for ${Math.floor(downForSeconds)} s` : ''
    return `  ${vantage}: ${vote}${since}, heard ${ageSeconds.toFixed(1)} s ago`
  })
  return [`${group}, ${mode}: ${reason}`, ...told, ...(command === null ? [] : [`  To do it: ${command}`])]
}

/** Nothing where this process shares its work with nobody. */
function renderMembers(members: readonly MemberBody[]): string[] {
  if (members.every(({ isThisProcess }) => isThisProcess)) return []
  const cells = members.map(({ target, name, isThisProcess, shards }) => {
    return [target, isThisProcess ? `${name} (this one)` : name, shards.length]
  })
  const differing = members.flatMap(({ target, differs }) => (differs === null ? [] : [`${target}: ${differs}`]))
  const told = differing.length > 0 ? ['', ...differing] : []
  return ['', renderTable(['TARGET', 'REPLICATOR', 'SHARDS'], cells), ...told]
}

function troublesOf(body: LinkBody): string[] {
  const { link, state, reason, refusedTopics, pendingDeletions, heldBackFlows, heldBackRecords } = body
  const held = `${plural(heldBackFlows, 'flow is', 'flows are')} held back by open transactions at the source`
  return [
    ...(state === 'running' ? [] : [`${link}: ${reason}`]),
    ...(heldBackFlows === 0 ? [] : [`${link}: ${held}, ${plural(heldBackRecords, 'record')} in all`]),
    ...(refusedTopics === 0 ? [] : [`${link}: ${plural(refusedTopics, 'selected topic')} not copied`]),
    ...(pendingDeletions === 0 ? [] : [`${link}: ${plural(pendingDeletions, 'copy', 'copies')} to be deleted`]),
  ]
}

function cellsOf(link: LinkBody) {
  const { starting, running, recovering, stopped, elsewhere } = link.flows
  return [
    link.link,
    link.source,
    link.target,
    link.state,
    starting + running + recovering + stopped + elsewhere,
    running,
    elsewhere,
    stopped,
    link.lagRecords,
    link.lagSeconds,
    link.recordsCopied,
    link.recordsLost,
  ]
}
