import type { Command } from 'commander'
import type { ClientsBody } from '../api/contract/index.ts'
import { EXIT } from './exit-codes.ts'
import { getJson } from './http.ts'
import type { CommandContext, GlobalOptions } from './io.ts'
import { type Cell, plural, render, renderTable } from './output.ts'
import { showAgain } from './show-again.ts'

interface ClientsFlags {
  readonly region?: string
  readonly watch?: true
}

type Region = ClientsBody['regions'][number]

/** Rows of a table; of more, the API tells. */
const ROWS_MAX = 100

export function addClients(program: Command, { io, exit }: CommandContext): void {
  program
    .command('clients')
    .argument('<group>', 'the failover group')
    .summary('which applications are in which region, and who has not moved')
    .description(
      'Looks up in every region which consumer groups have members there, and who has written in the last ten minutes. ' +
        'After a move it names partitions that nobody writes to any more. A producer without idempotence is remembered by ' +
        'no broker: it shows as a partition that is written to, or is not.',
    )
    .option('-r, --region <region>', 'only this region')
    .option('-w, --watch', 'show it anew every 2 seconds until ctrl-c')
    .addHelpText('after', '\nExamples:\n  isthmus clients orders\n  isthmus clients orders --region eu-west --watch')
    .action(async (group: string, { region, watch }: ClientsFlags, command: Command) => {
      const { api, output } = command.optsWithGlobals<GlobalOptions>()
      const show = async () => {
        const path = `/api/v1/failover-groups/${encodeURIComponent(group)}/clients`
        const body = await getJson<ClientsBody>(io, api, path)
        const regions = body.regions.filter((one) => region === undefined || one.region === region)
        return `${render({ ...body, regions }, output, renderClients)}\n`
      }
      if (watch === true) return await showAgain(io, show)
      io.out(await show())
      exit(EXIT.ok)
    })
}

export function renderClients(body: ClientsBody): string {
  const { regions, atMs } = body
  const members = regions.flatMap(({ region, groups }) =>
    groups.flatMap(({ group, protocol, members: all }) =>
      all.map((one): Cell[] => [region, group, protocol, one.clientId, one.host, one.partitions]),
    ),
  )
  const producers = regions.flatMap(({ region, producers: all }) =>
    all.map((one): Cell[] => {
      const who = `${one.producerId}/${one.epoch}`
      return [region, who, one.transactionalId, one.partitions.length, Math.max(0, atMs - one.lastWriteMs) / 1_000]
    }),
  )
  const parts = [
    summarise(body).join('\n'),
    ...tableOf(['REGION', 'GROUP', 'PROTOCOL', 'CLIENT', 'HOST', 'PARTITIONS'], members),
    ...tableOf(['REGION', 'PRODUCER', 'TRANSACTIONAL ID', 'PARTITIONS', 'WROTE S AGO'], producers),
    ...renderQuiet(body),
  ]
  return parts.join('\n\n')
}

/** A sentence a region, the active one first. */
function summarise({ group, active, left, movedAtMs, atMs, regions }: ClientsBody): string[] {
  const ago = movedAtMs === null ? '' : ` for ${plural(Math.round(Math.max(0, atMs - movedAtMs) / 1_000), 'second')}`
  const head =
    left === null ? `${group} is active in ${active}.` : `${group} left ${left} and is active in ${active}${ago}.`
  const sorted = [...regions].sort((a, b) => Number(b.region === active) - Number(a.region === active))
  return [head, ...sorted.map((region) => describeRegion(region, active))]
}

function describeRegion({ region, role, trouble, groups, producers }: Region, active: string): string {
  if (trouble !== null) return `${region} (${role}): not known, ${trouble}`
  const members = groups.reduce((sum, one) => sum + one.members.length, 0)
  const still = region === active ? '' : ' that have not moved'
  const readers = `${plural(members, 'member')} of ${plural(groups.length, 'group')}${members === 0 ? '' : still}`
  const late = producers.filter(({ isAfterMove }) => isAfterMove).length
  const writers = region === active ? `, ${plural(producers.length, 'producer')}` : ''
  const wrong = late === 0 ? '' : `, ${plural(late, 'producer')} that WROTE THERE AFTER THE MOVE`
  return `${region} (${role}): ${readers}${writers}${wrong}`
}

function renderQuiet({ quiet, left, active }: ClientsBody): string[] {
  if (quiet.length === 0) return []
  const rows = quiet.map(({ topic, partition, ratePerSecond }): Cell[] => [topic, partition, ratePerSecond])
  const head = `Written to in ${left} before the move, and not in ${active} since: their producers may not have moved.`
  return [head, ...tableOf(['TOPIC', 'PARTITION', 'A SECOND BEFORE'], rows)]
}

function tableOf(headers: readonly string[], rows: readonly Cell[][]): string[] {
  if (rows.length === 0) return []
  const more =
    rows.length > ROWS_MAX ? [`… and ${plural(rows.length - ROWS_MAX, 'more row', 'more rows')}: --output json`] : []
  return [[renderTable(headers, rows.slice(0, ROWS_MAX)), ...more].join('\n')]
}
