import { type Command, Option } from 'commander'
import { EXIT } from './exit-codes.ts'
import type { CommandContext, GlobalOptions } from './io.ts'
import { render } from './output.ts'
import type { ProcessVerbs } from './process-verbs.ts'

interface TokenOptions {
  readonly name: string
  readonly role: string
  readonly expires?: string
}

export function addToken(program: Command, { io, exit }: CommandContext, verbs: ProcessVerbs): void {
  const token = program.command('token').summary('tokens for the API')
  token
    .command('create')
    .summary('make a token, and the hash of it that the configuration takes')
    .description(
      'Prints the token on standard output, once: only its hash is kept. The lines for api.auth.tokens go to standard ' +
        'error. Asks nobody and changes nothing.',
    )
    .requiredOption('--name <name>', 'who it is for; the journal shows it')
    .addOption(
      new Option('--role <role>', 'what it allows').choices(['viewer', 'operator', 'admin']).makeOptionMandatory(),
    )
    .option('--expires <date>', 'when it ends to be valid, such as 2027-01-31')
    .addHelpText('after', '\nExample:\n  (umask 077; isthmus token create --name ada --role operator > ada.token)')
    .action(async ({ name, role, expires }: TokenOptions, command: Command) => {
      const { output } = command.optsWithGlobals<GlobalOptions>()
      const { token: secret, hash } = await verbs.createToken()
      const entry = { name, role, hash, ...(expires !== undefined && { expires }) }
      const fields = Object.entries(entry).map(([key, value]) => `${key}: ${key === 'hash' ? `"${value}"` : value}`)
      if (output === 'table')
        io.err(`Add this to api.auth.tokens, or write the hash into a hashFile:\n  - { ${fields.join(', ')} }\n`)
      io.out(`${render({ token: secret, ...entry }, output, (made) => made.token)}\n`)
      exit(EXIT.ok)
    })
}
