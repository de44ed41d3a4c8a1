import type { Command } from 'commander'
import type { CredentialsBody } from '../api/contract/index.ts'
import { EXIT } from './exit-codes.ts'
import { getJson } from './http.ts'
import type { CommandContext, GlobalOptions } from './io.ts'
import { render, renderTable } from './output.ts'

export function addCredentials(program: Command, { io, exit }: CommandContext): void {
  program
    .command('credentials')
    .summary('which version of its password, certificate and token files the process uses')
    .description(
      'Shows the files of credentials that the process reads again when they change. A version is the same in every ' +
        'process that has read the same; it gives nothing of the secret away. Exits with 5 where a file holds something ' +
        'that is not in use.',
    )
    .action(async (_options: object, command: Command) => {
      const { api, output } = command.optsWithGlobals<GlobalOptions>()
      const body = await getJson<CredentialsBody>(io, api, '/api/v1/credentials')
      io.out(`${render(body, output, renderCredentials)}\n`)
      exit(body.credentials.some(({ trouble }) => trouble !== null) ? EXIT.needsOperator : EXIT.ok)
    })
}

function renderCredentials({ process, credentials }: CredentialsBody): string {
  if (credentials.length === 0) return `${process} reads no files of credentials.`
  const rows = credentials.map(({ name, version, since, expiresInSeconds, changes, failures, trouble }) => {
    const days = expiresInSeconds === null ? null : Math.floor(expiresInSeconds / 86_400)
    return [name, version, since, days, changes, failures, trouble ?? 'in use']
  })
  return renderTable(['CREDENTIAL', 'VERSION', 'SINCE', 'ENDS IN DAYS', 'CHANGES', 'FAILURES', 'STATE'], rows)
}
