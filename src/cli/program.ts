import { Command, CommanderError, Option } from 'commander'
import type { CommandOutcome } from '../runbooks/index.ts'
import { addAuthority } from './authority.ts'
import { type ConnectionDefaults, type ConnectionOptions, readDefaults, withCredentials } from './connection.ts'
import { addCheck } from './check.ts'
import { addClients } from './clients.ts'
import { addCredentials } from './credentials.ts'
import { addDemo } from './demo.ts'
import { addDoctor } from './doctor.ts'
import { addEvents } from './events.ts'
import { EXIT, EXIT_CODES_HELP, type ExitCode } from './exit-codes.ts'
import { type CliIo, OUTPUT_FORMATS } from './io.ts'
import { addDivergence } from './divergence.ts'
import { addDrill } from './drill.ts'
import { addFence } from './fence.ts'
import { addGroups } from './groups.ts'
import { addHistory } from './history.ts'
import { addImport } from './import.ts'
import { addIncidents } from './incidents.ts'
import { addLag } from './lag.ts'
import { addLinkRemove } from './link-remove.ts'
import { addMoves } from './moves.ts'
import { addOffsetsTranslate } from './offsets-translate.ts'
import { addOperation } from './operation.ts'
import { reportError } from './output.ts'
import { addPause } from './pause.ts'
import type { ProcessVerbs } from './process-verbs.ts'
import { addRegions } from './regions.ts'
import { addRun } from './run.ts'
import { addSecurity } from './security.ts'
import { addRunbook } from './runbook.ts'
import { addStatus } from './status.ts'
import { addToken } from './token.ts'
import { addVerify } from './verify.ts'

const DEFAULT_API = 'http://127.0.0.1:8080'

/** Runs one command line, without the program's own name, and gives the exit code. Never throws. */
export async function runCli(
  args: readonly string[],
  options: {
    readonly io: CliIo
    readonly verbs: ProcessVerbs
    readonly version: string
  },
): Promise<ExitCode> {
  const { verbs, version } = options
  let code: ExitCode = EXIT.ok
  let defaults: ConnectionDefaults
  try {
    defaults = readDefaults(options.io)
  } catch (error) {
    return reportError(error, options.io)
  }
  const program = createProgram(options.io, version, defaults)
  const io = withCredentials(options.io, () => program.opts<ConnectionOptions>())
  const context = { io, exit: (given: ExitCode) => void (code = given) }
  if (verbs.demo !== undefined) addDemo(program, context, verbs.demo)
  addRun(program, context, verbs)
  addCheck(program, context, verbs)
  addImport(program, context, verbs)
  addStatus(program, context)
  addLag(program, context)
  addGroups(program, context)
  addIncidents(program, context)
  addOffsetsTranslate(program, context)
  addVerify(program, context)
  addLinkRemove(program, context)
  addRegions(program, context)
  addMoves(program, context)
  addOperation(program, context)
  addDivergence(program, context)
  addClients(program, context)
  addDrill(program, context)
  addFence(program, context, verbs)
  addPause(program, context)
  addHistory(program, context)
  addEvents(program, context)
  addDoctor(program, context)
  addSecurity(program, context, verbs)
  addCredentials(program, context)
  addAuthority(program, context, verbs)
  addToken(program, context, verbs)
  addRunbook(program, context, (words, signal) => captureCli(words, { ...options, io: { ...options.io, signal } }))
  try {
    await program.parseAsync([...args], { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    return reportError(error, io)
  }
}

export interface CaptureOptions {
  readonly io: Omit<CliIo, 'out' | 'err' | 'ask' | 'isTerminal'>
  readonly verbs: ProcessVerbs
  readonly version: string
}

/** One command line in this process, with what it says kept instead of shown. It has nobody to ask. */
export async function captureCli(args: readonly string[], options: CaptureOptions): Promise<CommandOutcome> {
  const said = { out: '', err: '' }
  const io: CliIo = {
    ...options.io,
    isTerminal: false,
    ask: undefined,
    out: (text) => void (said.out += text),
    err: (text) => void (said.err += text),
  }
  const exitCode = await runCli(args, { ...options, io })
  return { exitCode, stdout: said.out, stderr: said.err }
}

function createProgram(io: CliIo, version: string, defaults: ConnectionDefaults): Command {
  return new Command('isthmus')
    .description(
      'Keeps Apache Kafka running through the loss of a region: copies topics between clusters byte for byte and ' +
        'translates consumer positions exactly.\n\n' +
        '`run`, `check`, `authority restore` and `unfence --all-of` read a configuration file; every other command asks the ' +
        'API of a running process.',
    )
    .version(version, '-V, --version', 'show the version')
    .addOption(new Option('--api <url>', 'where the API of Isthmus is').default(defaults.api ?? DEFAULT_API))
    .addOption(file('--token-file <file>', 'token to log in with; or ISTHMUS_TOKEN', defaults.tokenFile))
    .addOption(file('--ca-file <file>', 'authorities that sign the API, as PEM', defaults.caFile))
    .addOption(file('--cert-file <file>', 'client certificate to log in with, as PEM', defaults.certFile))
    .addOption(file('--key-file <file>', 'its private key, as PEM', defaults.keyFile))
    .addOption(new Option('--output <format>', 'how to show the answer').choices(OUTPUT_FORMATS).default('table'))
    .addHelpText('after', EXIT_CODES_HELP)
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .configureOutput({ writeOut: (text) => io.out(text), writeErr: (text) => io.err(text) })
    .showHelpAfterError('(add --help for what there is)')
    .exitOverride()
}

function file(flags: string, description: string, value: string | undefined): Option {
  const option = new Option(flags, description)
  return value === undefined ? option : option.default(value)
}
