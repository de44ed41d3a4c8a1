import type { Command } from 'commander'
import type { ProbeFindingBody, SecurityProbeBody } from '../api/contract/index.ts'
import { EXIT } from './exit-codes.ts'
import { sendJson } from './http.ts'
import type { CommandContext, GlobalOptions } from './io.ts'
import { plural, render } from './output.ts'

interface ProbeFlags {
  readonly region?: string
  readonly ignore: readonly string[]
}

/** Every listener of every broker, some attempts each. */
const TIMEOUT_MS = 5 * 60_000

export function addProbe(security: Command, { io, exit }: CommandContext): void {
  const add = (value: string, before: readonly string[]) => [...before, value]
  security
    .command('probe')
    .summary('look at brokers and listeners as a stranger would, now')
    .description(
      'Tries TLS, logins and what somebody may do who has not logged in, at every listener of every broker, and compares ' +
        'what brokers are set to with the `baseline` of the policies. Sends no password, and changes nothing.',
    )
    .option('--region <region>', 'only this region')
    .option('--ignore <id>', 'leave out a finding that is meant so; may be given again', add, [])
    .addHelpText('after', '\nExits with 6 where a finding is more than info.')
    .action(async ({ region, ignore }: ProbeFlags, command: Command) => {
      const { api, output } = command.optsWithGlobals<GlobalOptions>()
      const path = '/api/v1/security/probe'
      const request = region === undefined ? {} : { region }
      const probed = await sendJson<SecurityProbeBody>(io, api, 'POST', path, request, { timeoutMs: TIMEOUT_MS })
      const rounds = probed.rounds.map((round) => {
        return { ...round, findings: round.findings.filter(({ id }) => !ignore.includes(id)) }
      })
      io.out(`${render({ rounds }, output, renderProbe)}\n`)
      const isBad = rounds.some(({ findings }) => findings.some(({ severity }) => severity !== 'info'))
      exit(isBad ? EXIT.driftFound : EXIT.ok)
    })
}

export function renderProbe({ rounds }: SecurityProbeBody): string {
  return rounds
    .map(({ region, declared, findings, listeners }) => {
      const what = declared ? '' : ' (no policy says what it has to be like)'
      const head = `${region}${what}: ${plural(listeners.length, 'listener')} probed, ${plural(findings.length, 'finding')}`
      return [head, ...findings.map(renderFinding)].join('\n')
    })
    .join('\n\n')
}

function renderFinding({ id, severity, broker, listener, title, evidence, remedy }: ProbeFindingBody): string {
  const place = [broker === null ? '' : `broker ${broker}`, listener === null ? '' : `listener ${listener}`]
  const where = place.filter((part) => part !== '').join(', ')
  return [
    `  ${severity.toUpperCase()}  ${id}${where === '' ? '' : `  (${where})`}`,
    `    ${title}`,
    `    seen: ${evidence}`,
    `    what to do: ${remedy}`,
  ].join('\n')
}
