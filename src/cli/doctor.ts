import type { Command } from 'commander'
import type { DoctorBody, NotificationTestBody } from '../api/contract/index.ts'
import { EXIT } from './exit-codes.ts'
import { getJson, sendJson } from './http.ts'
import type { CommandContext, GlobalOptions } from './io.ts'
import { plural, render, renderTable } from './output.ts'

interface DoctorOptions {
  readonly ignore: readonly string[]
  readonly notifyTest?: true
  readonly by: string
}

/** It looks at every region from every side; one that is gone costs each look its whole time. */
const TIMEOUT_MS = 120_000

export function addDoctor(program: Command, { io, exit }: CommandContext): void {
  const add = (value: string, before: readonly string[]) => [...before, value]
  program
    .command('doctor')
    .summary('look for what would go wrong one day')
    .description('Looks at regions, failover groups, the authority and this process. Changes nothing.')
    .option('--ignore <id>', 'leave out a finding that is meant so; may be given again', add, [])
    .option('--notify-test', 'instead: send a test to every receiver of notifications')
    .option('--by <name>', 'who, for --notify-test', io.env.USER ?? 'an operator')
    .addHelpText(
      'after',
      '\nExits with 6 where a finding is a warning or an error; with --notify-test with 5 where one was not delivered.',
    )
    .action(async ({ ignore, notifyTest, by }: DoctorOptions, command: Command) => {
      const { api, output } = command.optsWithGlobals<GlobalOptions>()
      if (notifyTest === true) {
        const path = '/api/v1/notifications/test'
        const tested = await sendJson<NotificationTestBody>(io, api, 'POST', path, { by }, { timeoutMs: TIMEOUT_MS })
        io.out(`${render(tested, output, renderTest)}\n`)
        return exit(tested.results.every(({ delivered }) => delivered) ? EXIT.ok : EXIT.needsOperator)
      }
      const found = await getJson<DoctorBody>(io, api, '/api/v1/doctor', {}, TIMEOUT_MS)
      const findings = found.findings.filter(({ id }) => !ignore.includes(id))
      const body = { ...found, worst: findings[0]?.severity ?? null, findings }
      io.out(`${render(body, output, renderDoctor)}\n`)
      exit(body.worst === 'error' || body.worst === 'warning' ? EXIT.driftFound : EXIT.ok)
    })
}

export function renderDoctor({ process, findings }: DoctorBody): string {
  if (findings.length === 0) return `${process} has found nothing.`
  const blocks = findings.map(({ id, severity, group, region, title, evidence, remedy }) => {
    const where = [group === null ? '' : `group ${group}`, region === null ? '' : `region ${region}`]
    const place = where.filter((part) => part !== '').join(', ')
    return [
      `${severity.toUpperCase()}  ${id}${place === '' ? '' : `  (${place})`}`,
      `  ${title}`,
      `  seen: ${evidence}`,
      `  what to do: ${remedy}`,
    ].join('\n')
  })
  return [`${process} has found ${plural(findings.length, 'thing')}.`, '', blocks.join('\n\n')].join('\n')
}

function renderTest({ results }: NotificationTestBody): string {
  if (results.length === 0) return 'No receiver of notifications is configured.'
  const rows = results.map(({ name, delivered, reason }) => [name, delivered ? 'delivered' : 'failed', reason])
  return renderTable(['RECEIVER', 'TEST', 'REASON'], rows)
}
