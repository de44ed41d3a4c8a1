import type { Command } from 'commander'
import type { RegionsBody } from '../api/contract/index.ts'
import { EXIT } from './exit-codes.ts'
import { getJson } from './http.ts'
import type { CommandContext, GlobalOptions } from './io.ts'
import { render, renderTable } from './output.ts'

export function addRegions(program: Command, { io, exit }: CommandContext): void {
  program
    .command('regions')
    .summary('how the regions look from here, and what all vantage points say')
    .description(
      'Shows the health of the regions of failover groups, and the fences on record there. Exits with 5 where the ' +
        'verdict on one is `down`.',
    )
    .action(async (_options: object, command: Command) => {
      const { api, output } = command.optsWithGlobals<GlobalOptions>()
      const body = await getJson<RegionsBody>(io, api, '/api/v1/regions')
      io.out(`${render(body, output, renderRegions)}\n`)
      exit(body.regions.some(({ verdict }) => verdict === 'down') ? EXIT.needsOperator : EXIT.ok)
    })
}

export function renderRegions({ regions, doubt }: RegionsBody): string {
  if (regions.length === 0) return 'No failover group is configured: no region is watched.'
  const rows = regions.map((at) => {
    return [at.region, at.level, at.sinceSeconds, at.lookedSecondsAgo, at.verdict, at.reason]
  })
  const table = renderTable(['REGION', 'LEVEL', 'SINCE S', 'LOOKED S', 'VERDICT', 'REASON'], rows)
  const findings = regions.flatMap(({ region, findings: found }) => found.map((it) => `${region}: ${it.text}`))
  const fences = regions.flatMap(({ region, fences: found }) =>
    found.map(
      (it) => `${region} is fenced for ${it.group} by ${it.means} since ${it.since} (${it.operation}): ${it.reason}`,
    ),
  )
  const head = doubt === null ? [] : [`This observer is in doubt: ${doubt}`, '']
  return [...head, table, ...[findings, fences].flatMap((lines) => (lines.length > 0 ? ['', ...lines] : []))].join('\n')
}
