import { type Command, Option } from 'commander'
import type { JournalBody, JournalVerdictBody } from '../api/contract/index.ts'
import { EXIT } from './exit-codes.ts'
import { getJson, sendJson } from './http.ts'
import type { CommandContext, GlobalOptions } from './io.ts'
import { groupDigits, plural, render, renderTable } from './output.ts'

interface HistoryOptions {
  readonly group?: string
  readonly operation?: string
  readonly limit: string
  readonly verify?: true
}

/** Reading the whole chain of years takes its time. */
const VERIFY_MS = 10 * 60_000

export function addHistory(program: Command, { io, exit }: CommandContext): void {
  program
    .command('history')
    .summary('what was done, decided and asked for')
    .description('Shows the newest entries of the journal first. With --verify it checks the chain of all entries.')
    .option('-g, --group <name>', 'only this failover group')
    .option('--operation <id>', 'only this operation')
    .option('--limit <number>', 'entries, at most 500', '50')
    .addOption(new Option('--verify', 'check that nothing was changed').conflicts(['group', 'operation']))
    .addHelpText('after', '\nExits with 6 where --verify finds the chain broken.')
    .action(async ({ verify, limit, group, operation }: HistoryOptions, command: Command) => {
      const { api, output } = command.optsWithGlobals<GlobalOptions>()
      if (verify === true) {
        const path = '/api/v1/journal/verification'
        const verdict = await sendJson<JournalVerdictBody>(io, api, 'POST', path, {}, { timeoutMs: VERIFY_MS })
        io.out(`${render(verdict, output, renderVerdict)}\n`)
        return exit(verdict.verdict === 'intact' ? EXIT.ok : EXIT.driftFound)
      }
      const query = { group, operation, limit, order: 'descending' }
      const page = await getJson<JournalBody>(io, api, '/api/v1/journal', query)
      io.out(`${render(page, output, renderHistory)}\n`)
      exit(EXIT.ok)
    })
}

export function renderHistory({ entries }: JournalBody): string {
  if (entries.length === 0) return 'The journal has no such entry.'
  const rows = entries.map(({ number, at, actor, kind, group, operation, facts }) => {
    return [number, at, actor, kind, group, operation, JSON.stringify(facts)]
  })
  return renderTable(['NUMBER', 'AT', 'WHO', 'KIND', 'GROUP', 'OPERATION', 'FACTS'], rows)
}

function renderVerdict({ verdict, entries, head, brokenAt, reason }: JournalVerdictBody): string {
  if (verdict === 'broken') return `The journal is broken at entry ${groupDigits(brokenAt ?? 0)}: ${reason ?? ''}.`
  const end = head === null ? '' : ` The last one is ${head.number} with hash ${head.hash}.`
  return `The journal is intact: ${plural(entries ?? 0, 'entry', 'entries')}.${end}`
}
