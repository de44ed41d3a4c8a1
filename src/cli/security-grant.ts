import type { Command } from 'commander'
import { EXIT } from './exit-codes.ts'
import { cliFaults } from './faults.ts'
import type { CommandContext, GlobalOptions } from './io.ts'
import { plural, render } from './output.ts'
import type { GrantReport, ProcessVerbs } from './process-verbs.ts'
import { describeEntry } from './security-text.ts'

interface GrantFlags {
  readonly config: string
  readonly admin: ReadonlyMap<string, string>
  readonly onlyNeeded?: true
  readonly dryRun?: true
  readonly yes?: true
}

export function addGrant(security: Command, { io, exit }: CommandContext, verbs: ProcessVerbs): void {
  security
    .command('grant')
    .summary('give Isthmus and its canary what they need, as an administrator of the regions')
    .description(
      'Makes the SCRAM users of the configuration that a region lacks, with the passwords of their files, and puts up the ' +
        'ACLs that `security rights` shows, until every broker has them. Needs no running process. Only adds: users that ' +
        'are there keep their passwords, and nothing is taken away.',
    )
    .requiredOption('-c, --config <file>', 'the configuration file')
    .requiredOption(
      '--admin <region=file>',
      'who may do that in a region: what kafka-acls.sh takes as --command-config; may be given again',
      addAdmin,
    )
    .option('--only-needed', 'without the rights that are optional')
    .option('--dry-run', 'only show what it would be')
    .option('-y, --yes', 'do it without being asked')
    .addHelpText(
      'after',
      '\nExits with 3 where it is not confirmed or refused, with 6 where --dry-run finds something to do.' +
        '\n\nExample:\n  isthmus security grant --config isthmus.yaml --admin eu=admin-eu.properties --dry-run',
    )
    .action(async ({ config, admin: admins, onlyNeeded, dryRun, yes }: GrantFlags, command: Command) => {
      const { output } = command.optsWithGlobals<GlobalOptions>()
      const grant = (isDryRun: boolean) =>
        verbs.grant({ config, admins, isOnlyNeeded: onlyNeeded === true, isDryRun }, io.signal)
      if (dryRun === true) {
        const planned = await grant(true)
        io.out(`${render(planned, output, renderGrant)}\n`)
        return exit(planned.regions.some(hasWork) ? EXIT.driftFound : EXIT.ok)
      }
      if (yes !== true) {
        io.err(`${renderGrant(await grant(true))}\n`)
        const answer = await io.ask?.('Type grant to change the regions: ')
        if (answer?.trim() !== 'grant') throw cliFaults.fault('CLI_GRANT_NOT_CONFIRMED')
      }
      io.out(`${render(await grant(false), output, renderGrant)}\n`)
      exit(EXIT.ok)
    })
}

function addAdmin(value: string, before: ReadonlyMap<string, string> = new Map()): ReadonlyMap<string, string> {
  const [, region, file] = /^([^=]+)=(.+)$/.exec(value) ?? []
  if (region === undefined || file === undefined || before.has(region)) {
    throw cliFaults.fault('CLI_ADMIN_UNCLEAR', { value })
  }
  return new Map([...before, [region, file]])
}

function hasWork({ users, entries }: GrantReport['regions'][number]): boolean {
  return users.length + entries.length > 0
}

function renderGrant({ state, regions }: GrantReport): string {
  return regions.map((one) => [headOf(state, one), ...linesOf(one)].join('\n')).join('\n\n')
}

function headOf(state: GrantReport['state'], { region, by, users, entries, standing }: GrantReport['regions'][number]) {
  const what = state === 'granted' ? 'made' : 'to be made'
  const counts = `${plural(users.length, 'user')} and ${plural(entries.length, 'entry', 'entries')} ${what}`
  return `${region}, as ${by}: ${counts}, ${standing} stood already`
}

function linesOf({ users, entries }: GrantReport['regions'][number]): string[] {
  return [
    ...users.map(({ user, mechanism, iterations }) => `  + user ${user} of ${mechanism}, ${iterations} iterations`),
    ...entries.map((entry) => `  + ${describeEntry(entry)}`),
  ]
}
