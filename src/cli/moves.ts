import { type Command, Option } from 'commander'
import type { MoveOrderRequest, OperationBody, PlanBody, PlanRequest } from '../api/contract/index.ts'
import { isFault } from '../core/index.ts'
import { EXIT } from './exit-codes.ts'
import { cliFaults } from './faults.ts'
import { sendJson } from './http.ts'
import type { CliIo, CommandContext, GlobalOptions } from './io.ts'
import { exitCodeOf, followOperation, OPERATION_EXITS, renderOperation } from './operation.ts'
import { groupDigits, render, renderTable } from './output.ts'

interface WishOptions {
  readonly to: string
  readonly override: readonly string[]
  readonly acceptLoss?: true
  readonly writePauseSeconds?: string
}

interface MoveOptions extends WishOptions {
  readonly reason: string
  readonly by: string
  readonly attest?: string
  readonly yes?: true
  readonly wait?: true
}

type Kind = PlanRequest['kind']

/** Every guard looks at the regions. */
const TIMEOUT_MS = 60_000
const PLANS_MAX = 3
const MOVES: readonly (readonly [Kind, string])[] = [
  ['switchover', 'move a failover group to a standby, without losing a record'],
  ['failback', 'move a failover group home, without losing a record'],
  ['failover', 'move a failover group away from a region that is lost'],
]

export function addMoves(program: Command, { io, exit }: CommandContext): void {
  withWish(program.command('plan'))
    .summary('what a move would do, and what stops it')
    .addOption(
      new Option('--kind <kind>', 'which move').choices(['switchover', 'failback', 'failover']).default('switchover'),
    )
    .addHelpText('after', '\nChanges nothing. Exits with 3 where something stops the move.')
    .action(async (group: string, options: WishOptions & { kind: Kind }, command: Command) => {
      const { api, output } = command.optsWithGlobals<GlobalOptions>()
      const plan = await makePlan(io, api, group, wishOf(options.kind, options))
      io.out(`${render(plan, output, renderPlan)}\n`)
      exit(plan.blocking.length > 0 ? EXIT.refused : EXIT.ok)
    })
  for (const [kind, summary] of MOVES) {
    withWish(program.command(kind))
      .summary(summary)
      .requiredOption('--reason <text>', 'why')
      .option('--by <name>', 'who', io.env.USER ?? 'an operator')
      .option('--attest <reason>', 'failover: vouch that nobody can write to the region that is left')
      .option('-y, --yes', 'do it without typing the name of the group')
      .option('-w, --wait', 'show each step until it ends or needs a person')
      .addHelpText('after', `\nShows the plan first, and moves what was shown or nothing.${OPERATION_EXITS}`)
      .action(async (group: string, options: MoveOptions, command: Command) => {
        const { api, output } = command.optsWithGlobals<GlobalOptions>()
        const started = await planAndOrder(io, api, group, { wish: wishOf(kind, options), options })
        const shown = options.wait === true ? await followOperation(io, api, started) : started
        io.out(`${render(shown, output, renderOperation)}\n`)
        exit(exitCodeOf(shown))
      })
  }
}

/**
 * Moves what was shown, or nothing. With `--yes` nobody has decided by what was shown: where a guard has found something
 * out since, the plan is made and shown again.
 */
async function planAndOrder(
  io: CliIo,
  api: string,
  group: string,
  { wish, options }: { readonly wish: PlanRequest; readonly options: MoveOptions },
): Promise<OperationBody> {
  for (let attempt = 1; ; attempt++) {
    const plan = await makePlan(io, api, group, wish)
    io.err(`${renderPlan(plan)}\n`)
    if (plan.blocking.length > 0) {
      throw cliFaults.fault('CLI_MOVE_BLOCKED', { kind: wish.kind, group, guards: plan.blocking.join(', ') })
    }
    await confirm(io, group, options)
    try {
      return await order(io, api, plan, { ...wish, ...personOf(options) })
    } catch (error) {
      const mayPlanAgain = options.yes === true && attempt < PLANS_MAX
      if (!mayPlanAgain || !isFault(error) || error.code !== 'PLAN_CHANGED') throw error
      io.err(`${error.message}; it is made again.\n`)
    }
  }
}

function withWish(command: Command): Command {
  const add = (value: string, before: readonly string[]) => [...before, value]
  return command
    .argument('<group>', 'the failover group')
    .requiredOption('--to <region>', 'region that is to become active')
    .option('--override <guard=reason>', 'go on without a guard; may be given again', add, [])
    .option('--accept-loss', 'failover: accept what it may lose')
    .option('--write-pause-seconds <number>', 'longest pause of writes before it is rolled back')
}

function wishOf(kind: Kind, { to, override, acceptLoss, writePauseSeconds }: WishOptions): PlanRequest {
  const overrides = override.map((value) => {
    const at = value.indexOf('=')
    if (at < 1 || at === value.length - 1) throw cliFaults.fault('CLI_OVERRIDE_UNCLEAR', { value })
    return { guard: value.slice(0, at), reason: value.slice(at + 1) }
  })
  return {
    kind,
    to,
    overrides,
    acceptLoss: acceptLoss ?? false,
    ...(writePauseSeconds !== undefined && { writePauseSeconds: Number(writePauseSeconds) }),
  }
}

function personOf({ by, reason, attest }: MoveOptions): Pick<MoveOrderRequest, 'by' | 'reason' | 'attestation'> {
  return { by, reason, ...(attest !== undefined && { attestation: attest }) }
}

function makePlan(io: CliIo, api: string, group: string, wish: PlanRequest): Promise<PlanBody> {
  const path = `/api/v1/failover-groups/${encodeURIComponent(group)}/plans`
  return sendJson<PlanBody>(io, api, 'POST', path, wish, { timeoutMs: TIMEOUT_MS })
}

function order(
  io: CliIo,
  api: string,
  plan: PlanBody,
  body: Omit<MoveOrderRequest, 'planHash' | 'epoch'>,
): Promise<OperationBody> {
  const { group, hash: planHash, epoch } = plan
  const path = `/api/v1/failover-groups/${encodeURIComponent(group)}/operations`
  const headers = { 'idempotency-key': `${planHash} ${io.clock.nowMs()}` }
  return sendJson<OperationBody>(
    io,
    api,
    'POST',
    path,
    { ...body, planHash, epoch },
    { headers, timeoutMs: TIMEOUT_MS },
  )
}

async function confirm(io: CliIo, group: string, { yes }: MoveOptions): Promise<void> {
  if (yes === true) return
  const answer = await io.ask?.('Type the name of the group to move it: ')
  if (answer?.trim() !== group) throw cliFaults.fault('CLI_MOVE_NOT_CONFIRMED', { group })
}

/** A cell decides how wide its column is; `--output json` has all of it. */
const CELL_MAX = 100

function shorten(text: string): string {
  return text.length > CELL_MAX ? `${text.slice(0, CELL_MAX - 1)}…` : text
}

export function renderPlan({
  group,
  kind,
  from,
  to,
  epoch,
  guards,
  steps,
  predicted,
  notes,
  ...plan
}: PlanBody): string {
  const bad = guards.filter(({ status }) => status !== 'passed')
  const rows = bad.map(({ name, status, isBlocking, evidence, remedy }) => {
    return [name, status, isBlocking ? 'yes' : 'no', shorten(evidence), remedy]
  })
  const { lossRecords, isEstimate, writePauseSeconds } = predicted
  const pause = writePauseSeconds === null ? 'not measured yet' : `${groupDigits(writePauseSeconds)} s`
  return [
    `${kind} of ${group} from ${from} to ${to} in epoch ${epoch}, plan ${plan.hash}`,
    `${groupDigits(guards.length - bad.length)} of ${groupDigits(guards.length)} guards passed. ` +
      `Loss: ${groupDigits(lossRecords)} records${isEstimate ? ', estimated' : ''}. Pause of writes: ${pause}.`,
    `Steps: ${steps.map(({ phase }) => phase).join(' > ')}`,
    ...(rows.length === 0 ? [] : ['', renderTable(['GUARD', 'STATUS', 'STOPS IT', 'EVIDENCE', 'REMEDY'], rows)]),
    ...(notes.length === 0 ? [] : ['', ...notes]),
    ...(plan.blocking.length === 0 ? [] : ['', `Refused by: ${plan.blocking.join(', ')}`]),
  ].join('\n')
}
