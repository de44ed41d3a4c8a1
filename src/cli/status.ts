import type { Command } from 'commander'
import type { FailoverGroupSummary, LinkBody, MemberBody, StatusBody } from '../api/contract/index.ts'
import { pause } from '../core/index.ts'
import { EXIT } from './exit-codes.ts'
import { getJson } from './http.ts'
import type { CommandContext, GlobalOptions } from './io.ts'
import { plural, render, renderTable, reportError } from './output.ts'

const WATCH_EVERY_MS = 2_000
const CLEAR_SCREEN = '\u001B[H\u001B[2J'

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
      while (!io.signal.aborted) {
        try {
          const { text } = await show()
          io.out(`${io.isTerminal ? CLEAR_SCREEN : ''}${text}`)
        } catch (error) {
          // A restart of the process behind the API should not end the watch.
          if (!io.signal.aborted) reportError(error, io)
        }
        await pause(io.clock, WATCH_EVERY_MS, io.signal)
      }
    })
}

function needsOperator(status: StatusBody): boolean {
  const isStuck = status.links.some((link) => link.flows.stopped + link.hangingFlows > 0)
  return isStuck || status.failoverGroups.some((group) => group.needsOperator)
}

export function renderStatus(status: StatusBody): string {
  const { gate } = status
  const told = gate === undefined ? [] : ['', `The gate of ${gate.region} is ${gate.position}: ${gate.reason}`]
  const groups = [...renderGroups(status.failoverGroups), ...told]
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
  const lines = [...waiting, ...unfenced]
  const told = lines.length > 0 ? ['', ...lines] : []
  return ['', renderTable(['FAILOVER GROUP', 'ACTIVE', 'EPOCH', 'OTHERS', 'MOVE'], rows), ...told]
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
