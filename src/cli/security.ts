import { readFileSync } from 'node:fs'
import { type Command, Option } from 'commander'
import { stringify } from 'yaml'
import type {
  PolicyPlanBody,
  SecurityApplyBody,
  SecurityApplyRequest,
  SecurityDriftBody,
  SecurityImportBody,
  SecurityPlanBody,
  SecurityPlanRequest,
  SecurityRightsBody,
} from '../api/contract/index.ts'
import { describeError } from '../core/index.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { cliFaults } from './faults.ts'
import { getJson, sendJson } from './http.ts'
import type { CliIo, CommandContext, GlobalOptions } from './io.ts'
import { render } from './output.ts'
import type { ProcessVerbs, RunOptions } from './process-verbs.ts'
import { addGrant } from './security-grant.ts'
import { addProbe } from './security-probe.ts'
import { renderApplied, renderDrift, renderPlans, renderRights, renderRightsAsAcls } from './security-text.ts'

interface Which {
  readonly owner?: string
  readonly region?: string
}

interface RightsFlags {
  readonly role: RunOptions['role']
  readonly config?: string
  readonly kafkaAcls?: true
}

interface Removal {
  readonly remove?: true
  readonly maxRemovals?: string
}

interface ApplyFlags extends Which, Removal {
  readonly plan?: string
  readonly reason: string
  readonly by: string
  readonly yes?: true
}

/** Every broker of every region has to agree. */
const TIMEOUT_MS = 5 * 60_000

export function addSecurity(program: Command, context: CommandContext, verbs: ProcessVerbs): void {
  const security = program.command('security').summary('who may do what in the regions, as declared and as it is')
  addPlan(security, context)
  addApply(security, context)
  addDrift(security, context)
  addProbe(security, context)
  addImport(security, context)
  addRights(security, context, verbs)
  addGrant(security, context, verbs)
}

function addPlan(security: Command, { io, exit }: CommandContext): void {
  withRemoval(withPlaces(security.command('plan')))
    .summary('what applying the policies would change')
    .description('Reads the regions and changes nothing. Of every policy, in each of its regions.')
    .addHelpText(
      'after',
      '\nExits with 6 where something is to be done or a region could not be looked at, with 3 where an obstacle keeps a ' +
        'plan from being applied.\n\nExample:\n  isthmus security plan --output json > plan.json',
    )
    .action(async (flags: Which & Removal, command: Command) => {
      const { api, output } = command.optsWithGlobals<GlobalOptions>()
      const body = await plan(io, api, flags)
      io.out(`${render(body, output, renderPlans)}\n`)
      if (body.plans.some(({ obstacles }) => obstacles.length > 0)) return exit(EXIT.refused)
      exit(body.plans.some(hasWork) || body.troubles.length > 0 ? EXIT.driftFound : EXIT.ok)
    })
}

function addApply(security: Command, { io, exit }: CommandContext): void {
  withRemoval(withPlaces(security.command('apply')))
    .summary('carry plans out: first what is added, then what is taken away')
    .description(
      'Applies what was planned, in one region after the other, and nothing else: a region that is not as it was planned ' +
        'refuses. Without --plan it plans first and shows it.',
    )
    .requiredOption('--reason <text>', 'why; for the journal')
    .option('--plan <file>', 'what `security plan --output json` gave; with it, no other option selects anything')
    .option('--by <name>', 'who', io.env['USER'] ?? 'an operator')
    .option('-y, --yes', 'do it without being asked')
    .addHelpText(
      'after',
      '\nExits with 3 where it is refused or not confirmed, with 5 where something is left to do.' +
        '\n\nExample:\n  isthmus security apply --plan plan.json --reason CHG-4711 --yes',
    )
    .action(async (flags: ApplyFlags, command: Command) => {
      const { api, output } = command.optsWithGlobals<GlobalOptions>()
      const planned = flags.plan === undefined ? await plan(io, api, flags) : readPlan(flags.plan)
      const wanted = planned.plans.filter(hasWork)
      if (flags.plan === undefined) io.err(`${renderPlans(planned)}\n`)
      if (wanted.length > 0) await confirm(io, flags)
      const results: SecurityApplyBody[] = []
      for (const one of wanted) results.push(await apply(io, api, { one, planned, flags }))
      io.out(`${render({ results, troubles: planned.troubles }, output, renderApplied)}\n`)
      exit(applyCode(results, planned))
    })
}

function applyCode(results: readonly SecurityApplyBody[], { troubles }: SecurityPlanBody): ExitCode {
  return results.every(({ remaining }) => remaining === 0) && troubles.length === 0 ? EXIT.ok : EXIT.needsOperator
}

function addDrift(security: Command, { io, exit }: CommandContext): void {
  withPlaces(security.command('drift'))
    .summary('how the regions differ from the policies')
    .description('Looks at the regions now, and changes nothing.')
    .addHelpText('after', '\nExits with 6 where anything differs or a region could not be looked at.')
    .action(async ({ owner, region }: Which, command: Command) => {
      const { api, output } = command.optsWithGlobals<GlobalOptions>()
      const body = await getJson<SecurityDriftBody>(io, api, '/api/v1/security/drift', { owner, region }, TIMEOUT_MS)
      io.out(`${render(body, output, renderDrift)}\n`)
      exit(body.entries > 0 || body.troubles.length > 0 ? EXIT.driftFound : EXIT.ok)
    })
}

function addImport(security: Command, { io, exit }: CommandContext): void {
  security
    .command('import')
    .summary('write a policy from what stands in a region')
    .description(
      'Prints a policy that asks for exactly what stands, entries, users and quotas, so that planning it there is empty. ' +
        'Entries of fences are left out, and passwords, which brokers do not tell: add a passwordFile where a region ' +
        'lacks the user. What no policy can say is named. What stood before stays foreign: no policy takes it away.',
    )
    .requiredOption('--region <region>', 'the region')
    .requiredOption('--owner <name>', 'whose policy it is to be')
    .option('--group <group>', 'the failover group that it is to apply to; else the region')
    .action(async ({ region, owner, group }: { region: string; owner: string; group?: string }, command: Command) => {
      const { api, output } = command.optsWithGlobals<GlobalOptions>()
      const query = { region, owner, failoverGroup: group }
      const path = '/api/v1/security/import'
      const { policy, leftOut } = await getJson<SecurityImportBody>(io, api, path, query, TIMEOUT_MS)
      for (const what of leftOut) io.err(`left out: ${what}\n`)
      io.out(`${render(policy, output, (it) => stringify(it, { lineWidth: 0 }).trimEnd())}\n`)
      exit(EXIT.ok)
    })
}

function addRights(security: Command, { io, exit }: CommandContext, verbs: ProcessVerbs): void {
  security
    .command('rights')
    .summary('the least rights that Isthmus itself and its canary need in each region')
    .addOption(
      new Option('--role <role>', 'what the process is there for')
        .choices(['all', 'controller', 'replicator', 'agent'])
        .default('all'),
    )
    .option('-c, --config <file>', 'by this configuration, before anything runs; else by that of the process asked')
    .option('--kafka-acls', 'as commands for kafka-acls.sh')
    .action(async ({ role, config, kafkaAcls }: RightsFlags, command: Command) => {
      const { api, output } = command.optsWithGlobals<GlobalOptions>()
      const ask = () => getJson<SecurityRightsBody>(io, api, '/api/v1/security/rights', { role })
      const body = await (config === undefined ? ask() : verbs.rights({ config, role }))
      io.out(`${render(body, output, kafkaAcls === true ? renderRightsAsAcls : renderRights)}\n`)
      exit(EXIT.ok)
    })
}

function withPlaces(command: Command): Command {
  return command
    .option('--owner <name>', 'only the policy of this owner')
    .option('--region <region>', 'only in this region')
}

function withRemoval(command: Command): Command {
  return command
    .option('--remove', 'also take away what was put up for the owner and is not declared any more')
    .option('--max-removals <number>', 'how many may go from one region; else 5, and a tenth at most')
}

function plan(io: CliIo, api: string, { owner, region, remove, maxRemovals }: Which & Removal) {
  const body: SecurityPlanRequest = {
    ...(owner !== undefined && { owner }),
    ...(region !== undefined && { region }),
    ...(remove === true && { remove }),
    ...(maxRemovals !== undefined && { maxRemovals: Number(maxRemovals) }),
  }
  return sendJson<SecurityPlanBody>(io, api, 'POST', '/api/v1/security/plans', body, { timeoutMs: TIMEOUT_MS })
}

interface Applied {
  readonly one: PolicyPlanBody
  readonly planned: SecurityPlanBody
  readonly flags: ApplyFlags
}

function apply(io: CliIo, api: string, { one, planned, flags }: Applied): Promise<SecurityApplyBody> {
  const { owner, region, hash } = one
  const { remove, maxRemovals } = planned
  const { by, reason } = flags
  const path = `/api/v1/security/policies/${encodeURIComponent(owner)}/regions/${encodeURIComponent(region)}/apply`
  const body: SecurityApplyRequest = { hash, remove, by, reason, ...(maxRemovals !== null && { maxRemovals }) }
  return sendJson<SecurityApplyBody>(io, api, 'POST', path, body, { timeoutMs: TIMEOUT_MS })
}

function hasWork({ additions, removals, users, quotas }: PolicyPlanBody): boolean {
  return additions.length + removals.length + users.length + quotas.length > 0
}

function readPlan(file: string): SecurityPlanBody {
  try {
    const body = JSON.parse(readFileSync(file, 'utf8')) as Partial<SecurityPlanBody> | null
    if (Array.isArray(body?.plans) && Array.isArray(body.troubles)) return body as SecurityPlanBody
  } catch (error) {
    throw cliFaults.fault('CLI_PLAN_UNREADABLE', { file, reason: describeError(error) }, error)
  }
  throw cliFaults.fault('CLI_PLAN_UNREADABLE', { file, reason: 'it holds no plans' })
}

async function confirm(io: CliIo, { yes }: ApplyFlags): Promise<void> {
  if (yes === true) return
  const answer = await io.ask?.('Type apply to change the regions: ')
  if (answer?.trim() !== 'apply') throw cliFaults.fault('CLI_APPLY_NOT_CONFIRMED')
}
