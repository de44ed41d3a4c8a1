import type { Command } from 'commander'
import type { RemovalBody } from '../api/contract/index.ts'
import { EXIT } from './exit-codes.ts'
import { cliFaults } from './faults.ts'
import { sendJson } from './http.ts'
import type { CommandContext, GlobalOptions } from './io.ts'
import { plural, render, renderTable } from './output.ts'

interface RemoveOptions {
  readonly deleteTopics?: true
  readonly dryRun?: true
  readonly yes?: true
}

/** A link may have thousands of topics, each some requests. */
const TIMEOUT_MS = 10 * 60_000

export function addLinkRemove(program: Command, { io, exit }: CommandContext): void {
  program
    .command('link')
    .summary('end a link')
    .command('remove')
    .argument('<link>', 'the link')
    .summary('stop a link and remove what was made for it on the target')
    .description(
      'Stops the link and removes it: its copies become ordinary topics with the configs of their source, and the offset ' +
        'map forgets them. What stays is listed. Run it again where it was interrupted. Take the link out of the ' +
        'configuration then: the next start of Isthmus would take it up again. While other replicators share the target ' +
        'nothing but --dry-run is possible.',
    )
    .option('--delete-topics', 'delete the copies instead')
    .option('--dry-run', 'only show what would be done')
    .option('-y, --yes', 'do it')
    .addHelpText(
      'after',
      '\nExits with 3 where it is refused or not confirmed by --yes, with 5 where some steps failed.' +
        '\n\nExamples:\n  isthmus link remove eu-to-us --dry-run\n  isthmus link remove eu-to-us --delete-topics --yes',
    )
    .action(async (link: string, options: RemoveOptions, command: Command) => {
      const { api, output } = command.optsWithGlobals<GlobalOptions>()
      const deleteTopics = options.deleteTopics ?? false
      const dryRun = options.dryRun ?? options.yes !== true
      const path = `/api/v1/links/${encodeURIComponent(link)}/removal`
      const removal = await sendJson<RemovalBody>(
        io,
        api,
        'POST',
        path,
        { dryRun, deleteTopics },
        { timeoutMs: TIMEOUT_MS },
      )
      io.out(`${render(removal, output, renderRemoval)}\n`)
      if (dryRun && options.dryRun !== true) throw cliFaults.fault('CLI_NOT_CONFIRMED', { link })
      exit(removal.state === 'incomplete' ? EXIT.needsOperator : EXIT.ok)
    })
}

export function renderRemoval({ link, state, topics, left }: RemovalBody): string {
  const heads = {
    planned: `Removing link ${link} would change ${plural(topics.length, 'topic')} on the target.`,
    removed: `Link ${link} is removed. Take it out of the configuration before the next start.`,
    incomplete: `Link ${link} is not removed completely. Run the same command again.`,
  }
  const rows = topics.map(({ topic, action, state, reason, changes }) => {
    const set = Object.entries(changes).map(([name, value]) => (value === null ? `-${name}` : `${name}=${value}`))
    return [topic, action, state, reason, set.join(' ')]
  })
  return [
    heads[state],
    ...(rows.length === 0 ? [] : ['', renderTable(['TOPIC', 'ACTION', 'STATE', 'REASON', 'CONFIGS'], rows)]),
    ...(left.length === 0
      ? []
      : [
          '',
          renderTable(
            ['STAYS', 'WHY'],
            left.map(({ what, why }) => [what, why]),
          ),
        ]),
  ].join('\n')
}
