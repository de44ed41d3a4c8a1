import type { Command } from 'commander'
import type { GroupsBody, LinksBody } from '../api/contract/index.ts'
import { EXIT } from './exit-codes.ts'
import { getJson } from './http.ts'
import type { CommandContext, GlobalOptions } from './io.ts'
import { groupDigits, render, renderTable } from './output.ts'

interface GroupsOptions {
  readonly link?: string
  readonly group?: string
  readonly state?: string
  readonly limit: string
}

export function addGroups(program: Command, { io, exit }: CommandContext): void {
  program
    .command('groups')
    .summary('consumer groups, whether their positions are in step, and what they would read again')
    .description(
      'Shows for each consumer group how long ago all of its positions were known to be in step on the target (AGE S), ' +
        'and how many records it would read again if it moved now (REREAD). A dash means not known, never zero.',
    )
    .option('-l, --link <name>', 'only this link')
    .option('-g, --group <name>', 'only this consumer group')
    .option('-s, --state <state>', 'only this state, such as failed')
    .option('--limit <number>', 'groups a link, at most 1000', '100')
    .addHelpText('after', '\nExamples:\n  isthmus groups\n  isthmus groups --link eu-to-us --state failed')
    .action(async (options: GroupsOptions, command: Command) => {
      const { api, output } = command.optsWithGlobals<GlobalOptions>()
      const { link, ...query } = options
      const links = link === undefined ? (await getJson<LinksBody>(io, api, '/api/v1/links')).links : [{ link }]
      const pages: GroupsBody[] = []
      for (const one of links) {
        pages.push(
          await getJson<GroupsBody>(io, api, `/api/v1/links/${encodeURIComponent(one.link)}/groups`, { ...query }),
        )
      }
      io.out(`${render({ links: pages }, output, renderGroups)}\n`)
      exit(EXIT.ok)
    })
}

export function renderGroups({ links }: { readonly links: readonly GroupsBody[] }): string {
  const rows = links.flatMap(({ groups }) =>
    groups.map((at) => [
      at.link,
      at.group,
      at.state,
      at.positions.length,
      at.syncAgeSeconds,
      at.rereadRecords,
      at.reason,
    ]),
  )
  if (rows.length === 0) return 'Nothing matches: no group of this name or state has a position in a copied topic.'
  const table = renderTable(['LINK', 'GROUP', 'STATE', 'POSITIONS', 'AGE S', 'REREAD', 'REASON'], rows)
  const left = links.filter(({ next }) => next !== null)
  const more = left.map(
    ({ link, total }) => `${link} has ${groupDigits(total)} of them: narrow it down, or raise --limit`,
  )
  return [table, ...(more.length > 0 ? ['', ...more] : [])].join('\n')
}
