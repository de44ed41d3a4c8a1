import type { Command } from 'commander'
import type { AuthorityBody } from '../api/contract/index.ts'
import { EXIT } from './exit-codes.ts'
import { cliFaults } from './faults.ts'
import { getJson } from './http.ts'
import type { CommandContext, GlobalOptions } from './io.ts'
import { groupDigits, plural, render, renderTable } from './output.ts'
import type { ProcessVerbs, RestoreReport, RestoreVerb } from './process-verbs.ts'

interface RestoreOptions extends Omit<RestoreVerb, 'isDryRun'> {
  readonly dryRun?: true
  readonly yes?: true
}

export function addAuthority(program: Command, context: CommandContext, verbs: ProcessVerbs): void {
  const authority = program.command('authority').summary('what says which region is active')
  addStatus(authority, context)
  addRestore(authority, context, verbs)
}

function addStatus(authority: Command, { io, exit }: CommandContext): void {
  authority
    .command('status')
    .summary('where the authority stands, who leads, and what the regions have of it')
    .description('Exits with 5 where it does not answer, or a region holds a copy that is not of it.')
    .action(async (_options: object, command: Command) => {
      const { api, output } = command.optsWithGlobals<GlobalOptions>()
      const body = await getJson<AuthorityBody>(io, api, '/api/v1/authority')
      io.out(`${render(body, output, renderAuthority)}\n`)
      const isWell = body.answers && body.copies.every(({ refused, strays }) => refused.length + strays.length === 0)
      exit(isWell ? EXIT.ok : EXIT.needsOperator)
    })
}

function addRestore(authority: Command, { io, exit }: CommandContext, verbs: ProcessVerbs): void {
  authority
    .command('restore')
    .summary('start a new authority from the copies in the regions')
    .description(
      'For an authority that is lost. Reads the copies in every region that answers, takes the newest of each failover ' +
        'group, and writes them to the authority of the configuration file, with a higher generation: whoever knows the ' +
        'old one can change nothing any more. Needs no running process, and refuses while a controller answers: stop ' +
        'them all, point `authority` at the new place, restore, and start them again.',
    )
    .requiredOption('-c, --config <file>', 'the configuration file, with the new authority')
    .requiredOption('--from <region>', 'a region whose copies have to be there; newer ones elsewhere are used too')
    .requiredOption('--reason <text>', 'why; for the journal')
    .option('--by <name>', 'who', io.env['USER'] ?? 'an operator')
    .option('--dry-run', 'only show what it would be')
    .option('-y, --yes', 'do it without typing the name of the region')
    .addHelpText(
      'after',
      '\nExits with 3 where it is refused or not confirmed, with 4 where the region does not answer.' +
        '\n\nExample:\n  isthmus authority restore --config isthmus.yaml --from us --reason "eu is lost" --dry-run',
    )
    .action(async ({ dryRun, yes, ...options }: RestoreOptions, command: Command) => {
      const { output } = command.optsWithGlobals<GlobalOptions>()
      if (dryRun !== true && yes !== true) {
        const planned = await verbs.restore({ ...options, isDryRun: true }, io.signal)
        io.err(`${renderRestore(planned)}\n`)
        const answer = await io.ask?.('Type the name of the region to restore from it: ')
        if (answer?.trim() !== options.from) {
          throw cliFaults.fault('CLI_RESTORE_NOT_CONFIRMED', { region: options.from })
        }
      }
      const report = await verbs.restore({ ...options, isDryRun: dryRun === true }, io.signal)
      io.out(`${render(report, output, renderRestore)}\n`)
      exit(EXIT.ok)
    })
}

export function renderAuthority(body: AuthorityBody): string {
  const { where, answers, trouble, id, generation, revision, leader, leases, copies, fallsWith } = body
  const head = answers
    ? `${where} answers: authority ${id}, generation ${generation}, revision ${groupDigits(revision ?? 0)}.`
    : `${where} does not answer: ${trouble ?? 'no reason is known'}.`
  const lead = leader === null ? 'This process leads.' : `This process does not act: ${leader}.`
  const place =
    fallsWith.length === 0
      ? 'No region whose loss would take it along is known.'
      : `It is lost together with ${fallsWith.join(', ')}.`
  const held = leases.map(({ name, holder, token }) => [name, holder, String(token)])
  const rows = copies.map((copy) => {
    const odd = [
      ...copy.refused.map(({ key, why }) => `${key} is ${why}`),
      ...copy.strays.map((key) => `${key} is lost here`),
    ]
    const behind = copy.behindSeconds === 0 ? 0 : copy.behindSeconds
    return [copy.region, copy.behind, behind, copy.upToRevision, copy.trouble, odd.length === 0 ? null : odd.join(', ')]
  })
  return [
    head,
    lead,
    place,
    ...(held.length === 0 ? [] : ['', renderTable(['LEASE', 'HOLDER', 'TOKEN'], held)]),
    '',
    renderTable(['REGION', 'BEHIND', 'SINCE S', 'REVISION', 'TROUBLE', 'REFUSED'], rows),
  ].join('\n')
}

export function renderRestore({ state, where, from, generation, documents, unread, journal }: RestoreReport): string {
  const amount = plural(documents.length, 'failover group')
  const head =
    state === 'planned'
      ? `${where} would be generation ${generation}, with ${amount}, from ${from} and what is newer elsewhere.`
      : `${where} is generation ${generation}, with ${amount}. Start the controllers with it.`
  const rows = documents.map(({ key, region, generation: before, epoch }) => [key, epoch, before, region])
  const missing = unread.map(({ region, reason }) => `${region} gave nothing, and may hold something newer: ${reason}`)
  return [
    head,
    `The journal goes on with entry ${groupDigits(journal.number)}; what was only in the lost one is gone.`,
    ...missing,
    '',
    renderTable(['DOCUMENT', 'EPOCH', 'GENERATION', 'COPY OF'], rows),
  ].join('\n')
}
