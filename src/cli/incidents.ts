import { Argument, type Command, Option } from 'commander'
import type { IncidentBody, IncidentsBody } from '../api/contract/index.ts'
import { EXIT } from './exit-codes.ts'
import { getJson, sendJson } from './http.ts'
import type { CommandContext, GlobalOptions } from './io.ts'
import { groupDigits, plural, render, renderTable } from './output.ts'

interface ListOptions {
  readonly link?: string
  readonly all?: true
}

interface AcknowledgeOptions {
  readonly by: string
  readonly note?: string
  readonly action?: 'reseed'
}

export function addIncidents(program: Command, { io, exit }: CommandContext): void {
  const incidents = program
    .command('incidents')
    .summary('what was lost, or is not what it was, and who knows of it')
    .description(
      'Lists the incidents that nobody has acknowledged: each blocks a switchover until then. Exits with 5 where there ' +
        'are any. SOURCE and TARGET are the offsets it is about, the last one not included.',
    )
    .option('-l, --link <name>', 'only this link')
    .option('-a, --all', 'the acknowledged ones too')
    .addHelpText('after', '\nExamples:\n  isthmus incidents\n  isthmus incidents acknowledge 3f0c2a9e51b7d604 --by ada')
    .action(async ({ link, all }: ListOptions, command: Command) => {
      const { api, output } = command.optsWithGlobals<GlobalOptions>()
      const page = await readAll(api, { link, state: all === true ? undefined : 'open' })
      io.out(`${render(page, output, renderIncidents)}\n`)
      exit(page.open > 0 ? EXIT.needsOperator : EXIT.ok)
    })
  incidents
    .command('acknowledge')
    .summary('say that you know of incidents, and let their flows go on where they can')
    .description(
      'A flow that stopped at a retention gap goes on behind it. One whose copy cannot be continued stays as it is, ' +
        'unless the action is reseed: then its target topic is deleted, every partition of it, and copied again.',
    )
    .addArgument(new Argument('<id...>', 'ids of incidents'))
    .option('--by <name>', 'who acknowledges', io.env.USER ?? 'an operator')
    .option('--note <text>', 'for those who read it later')
    .addOption(new Option('--action <action>', 'what the flow is to do').choices(['reseed']))
    .addHelpText('after', '\nExample:\n  isthmus incidents acknowledge 3f0c2a9e51b7d604 --by ada --action reseed')
    .action(async (ids: string[], { by, note, action }: AcknowledgeOptions, command: Command) => {
      const { api, output } = command.optsWithGlobals<GlobalOptions>()
      for (const id of ids) {
        const path = `/api/v1/incidents/${encodeURIComponent(id)}/acknowledge`
        const incident = await sendJson<IncidentBody>(io, api, 'POST', path, { by, note, action })
        io.out(`${render(incident, output, renderAcknowledged)}\n`)
      }
      exit(EXIT.ok)
    })

  async function readAll(api: string, query: { link: string | undefined; state: 'open' | undefined }) {
    const found: IncidentBody[] = []
    for (let after: string | undefined; ; ) {
      const page = await getJson<IncidentsBody>(io, api, '/api/v1/incidents', { ...query, after, limit: 1000 })
      found.push(...page.incidents)
      if (page.next === null) return { ...page, incidents: found }
      after = page.next
    }
  }
}

export function renderIncidents({ incidents, open }: IncidentsBody): string {
  if (incidents.length === 0) return 'No incident is open.'
  const headers = ['ID', 'LINK', 'CODE', 'PARTITION', 'SOURCE', 'TARGET', 'DONE', 'ACKNOWLEDGED']
  const rows = incidents.map(({ id, link, code, topic, partition, source, target, action, acknowledged }) => {
    return [id, link, code, `${topic}-${partition}`, renderRange(source), renderRange(target), action, acknowledged?.by]
  })
  const reasons = incidents
    .filter(({ acknowledged }) => acknowledged === null)
    .map(({ id, reason }) => `${id}: ${reason}`)
  const head = open === 0 ? 'No incident is open.' : `${plural(open, 'incident')} to acknowledge.`
  return [head, '', renderTable(headers, rows), ...(reasons.length > 0 ? ['', ...reasons] : [])].join('\n')
}

function renderAcknowledged({ id, code, topic, partition, action, acknowledged }: IncidentBody): string {
  const what = `${id} (${code} of ${topic}-${partition}, ${action})`
  return `Incident ${what} is acknowledged by ${acknowledged?.by ?? 'nobody'}.`
}

function renderRange(range: IncidentBody['source']): string | null {
  if (range === null) return null
  return `${groupDigits(range.from)} to ${range.to === null ? 'unknown' : groupDigits(range.to)}`
}
