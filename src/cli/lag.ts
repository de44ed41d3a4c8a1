import type { Command } from 'commander'
import type { LagBody } from '../api/contract/index.ts'
import { EXIT } from './exit-codes.ts'
import { getJson } from './http.ts'
import type { CommandContext, GlobalOptions } from './io.ts'
import { render, renderTable } from './output.ts'

export function addLag(program: Command, { io, exit }: CommandContext): void {
  program
    .command('lag')
    .summary('lag by consumer group, topic and partition')
    .description(
      'Shows for each partition what a group has still to read at the source (TO READ), what the copy has still to ' +
        'take (TO COPY), and what the group would read again on the target (REREAD). "(copy)" stands for the copy ' +
        'itself. A dash means not known, never zero.',
    )
    .option('-l, --link <name>', 'only this link')
    .option('-g, --group <name>', 'only this consumer group')
    .option('-t, --topic <name>', 'only this topic, by its name at the source')
    .addHelpText('after', '\nExamples:\n  isthmus lag\n  isthmus lag --group billing --topic orders.created')
    .action(async (options: { link?: string; group?: string; topic?: string }, command: Command) => {
      const { api, output } = command.optsWithGlobals<GlobalOptions>()
      const { link, group, topic } = options
      const lag = await getJson<LagBody>(io, api, '/api/v1/lag', { link, group, topic })
      io.out(`${render(lag, output, renderLag)}\n`)
      exit(EXIT.ok)
    })
}

export function renderLag({ groups }: LagBody): string {
  const rows = groups.flatMap(({ link, group, topics }) =>
    topics.flatMap(({ topic, partitions }) =>
      partitions.map((at) => [
        link,
        group ?? '(copy)',
        topic,
        at.partition,
        at.position,
        at.end,
        at.lagRecords,
        at.copyLagRecords,
        at.copyLagSeconds,
        at.rereadRecords,
      ]),
    ),
  )
  if (rows.length === 0) return 'Nothing matches: no flow and no group of these names is known, or the link is paused.'
  const headers = [
    'LINK',
    'GROUP',
    'TOPIC',
    'PARTITION',
    'POSITION',
    'END',
    'TO READ',
    'TO COPY',
    'TO COPY S',
    'REREAD',
  ]
  return renderTable(headers, rows)
}
