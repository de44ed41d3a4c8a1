import type { Command } from 'commander'
import type { DivergenceBody, FailoverGroupBody } from '../api/contract/index.ts'
import { EXIT } from './exit-codes.ts'
import { cliFaults } from './faults.ts'
import { getJson, sendJson } from './http.ts'
import type { CliIo, CommandContext, GlobalOptions } from './io.ts'
import { groupDigits, plural, render, renderTable } from './output.ts'

type Kind = DivergenceBody['choices'][number]['kind']
type Choice = DivergenceBody['choices'][number]

interface ChoiceOptions {
  readonly region: string
  readonly by: string
  readonly reason?: string
  readonly losesOlder?: true
  readonly dryRun?: true
  readonly yes?: true
}

const ENDED_SHOWN = 10

const CHOICES: readonly (readonly [name: string, kind: Kind | undefined, summary: string])[] = [
  ['export', 'export', 'write the records out to topics of their own on the active region, then copy again'],
  ['replay', 'replay', 'write them out, append them to the active region as late records, then copy again'],
  ['keep', 'keep', 'write them out, append them, and leave them where they stand as well'],
  ['discard', 'discard', 'destroy the records, and copy again what diverged'],
  ['reseed', undefined, 'carry the choice that was made out once more; without one, as export'],
]

/** What becomes of the records that only a returned region has. */
export function addDivergence(program: Command, context: CommandContext): void {
  const { io, exit } = context
  const divergence = program.command('divergence').summary('records that only a region has that was lost and is back')
  onRegion(divergence.command('show'))
    .summary('what the region holds that the active one lacks, and what each choice would do')
    .option('--limit <number>', 'partitions to list', '50')
    .action(async (group: string, { region, limit }: { region: string; limit: string }, command: Command) => {
      const { api, output } = command.optsWithGlobals<GlobalOptions>()
      io.out(`${render(await look(io, api, { group, region, limit }), output, renderDivergence)}\n`)
      exit(EXIT.ok)
    })
  onRegion(divergence.command('scan'))
    .summary('compare the region once more')
    .option('--by <name>', 'who', io.env.USER ?? 'an operator')
    .action(async (group: string, { region, by }: { region: string; by: string }, command: Command) => {
      const { api, output } = command.optsWithGlobals<GlobalOptions>()
      const after = await sendJson<FailoverGroupBody>(io, api, 'POST', pathOf(group, region, 'scan'), { by })
      io.out(`${render(after, output, (body) => renderPhase(body, region))}\n`)
      exit(EXIT.ok)
    })
  for (const [name, kind, summary] of CHOICES) {
    onRegion(divergence.command(name))
      .summary(summary)
      .option('--reason <text>', 'why')
      .option('--by <name>', 'who', io.env.USER ?? 'an operator')
      .option('--loses-older', 'allow records below the fork that the active region lacks to be destroyed')
      .option('--dry-run', 'show what it would do, and do nothing')
      .option('-y, --yes', 'do it without typing the name of the group')
      .action((group: string, options: ChoiceOptions, command: Command) =>
        choose(context, group, kind, options, command),
      )
  }
}

async function choose(
  { io, exit }: CommandContext,
  group: string,
  given: Kind | undefined,
  options: ChoiceOptions,
  command: Command,
): Promise<void> {
  const { api, output } = command.optsWithGlobals<GlobalOptions>()
  const { region, by, losesOlder, dryRun, reason } = options
  const found = await look(io, api, { group, region, limit: '0' })
  const kind = given ?? (await chosenBefore(io, api, group, region)) ?? 'export'
  const choice = found.choices.find((one) => one.kind === kind)
  if (choice === undefined) throw new Error(`the API knows no ${kind}`)
  if (dryRun === true) {
    io.out(`${render(choice, output, (one) => renderChoice(one, found))}\n`)
    exit(choice.losesOlder > 0 && losesOlder !== true ? EXIT.refused : EXIT.ok)
    return
  }
  if (reason === undefined) command.error("error: required option '--reason <text>' not specified")
  io.err(`${renderChoice(choice, found)}\n`)
  await confirm(io, group, options)
  const body = { kind, by, reason, ...(losesOlder === true && { losesOlder }) }
  const after = await sendJson<FailoverGroupBody>(io, api, 'POST', pathOf(group, region, 'choice'), body)
  io.out(`${render(after, output, (shown) => renderPhase(shown, region))}\n`)
  exit(EXIT.ok)
}

async function chosenBefore(io: CliIo, api: string, group: string, region: string): Promise<Kind | undefined> {
  const path = `/api/v1/failover-groups/${encodeURIComponent(group)}`
  const { regions } = await getJson<FailoverGroupBody>(io, api, path)
  return regions.find((one) => one.region === region)?.return?.choice?.kind
}

async function confirm(io: CliIo, group: string, { yes, region }: ChoiceOptions): Promise<void> {
  if (yes === true) return
  const answer = await io.ask?.('Type the name of the group to do it: ')
  if (answer?.trim() !== group) throw cliFaults.fault('CLI_CHOICE_NOT_CONFIRMED', { group, region })
}

function onRegion(command: Command): Command {
  return command
    .argument('<group>', 'the failover group')
    .requiredOption('-r, --region <region>', 'the region that was lost')
}

function look(io: CliIo, api: string, { group, region, limit }: { group: string; region: string; limit: string }) {
  return getJson<DivergenceBody>(io, api, pathOf(group, region, 'divergence'), { limit })
}

function pathOf(group: string, region: string, what: string): string {
  return `/api/v1/failover-groups/${encodeURIComponent(group)}/returns/${encodeURIComponent(region)}/${what}`
}

export function renderDivergence(body: DivergenceBody): string {
  const {
    group,
    region,
    active,
    epoch,
    phase,
    totals,
    choices,
    partitions,
    partitionsLeftOut,
    samples,
    ended,
    endedTotal,
  } = body
  const { records, topics, cutTransactions, onlyHere } = totals
  const title = `${region} in ${group}, compared with ${active} in epoch ${epoch}, is at ${phase}`
  const sum = `${plural(records, 'record')} (${groupDigits(totals.bytes)} bytes) in ${plural(totals.partitions, 'partition')} of ${plural(topics, 'topic')} are only there.`
  const rows = choices.map((one) => {
    const { kind, writesOut, appends, destroys, copiesAgain } = one
    return [kind, writesOut.records, appends.records, destroys.records, copiesAgain.records, copiesAgain.bytes]
  })
  const places = partitions.map((one) => {
    const { topic, partition, from, to, firstTime, keys } = { ...one, ...sampleOf(samples, one) }
    return [topic, partition, from, to, one.records, one.bytes, one.onlyHere, firstTime, keys]
  })
  return [
    title,
    sum,
    ...(cutTransactions > 0 ? [`Transactions were copied in part in ${plural(cutTransactions, 'partition')}.`] : []),
    ...(onlyHere > 0 ? [`${plural(onlyHere, 'record')} below the forks would go too: see --loses-older.`] : []),
    ...(endedTotal > 0 ? [`Its return has ended ${plural(endedTotal, 'transaction')}: ${endedText(ended)}.`] : []),
    '',
    renderTable(['CHOICE', 'WRITES OUT', 'APPENDS', 'DESTROYS', 'COPIES AGAIN', 'BYTES ABOUT'], rows),
    ...(places.length === 0
      ? []
      : [
          '',
          renderTable(
            ['TOPIC', 'PARTITION', 'FORK', 'END', 'RECORDS', 'BYTES', 'ONLY HERE', 'FIRST WRITTEN', 'SOME KEYS'],
            places,
          ),
        ]),
    ...(partitionsLeftOut > 0 ? ['', `${plural(partitionsLeftOut, 'more partition')}: raise --limit`] : []),
  ].join('\n')
}

function endedText(ended: DivergenceBody['ended']): string {
  const named = ended
    .slice(0, ENDED_SHOWN)
    .map(({ outcome, transactionalId, producerId, topic, partition, startOffset }) => {
      const where = topic === null ? '' : `, hanging on ${topic}-${partition} from offset ${startOffset}`
      return `${transactionalId ?? '(unknown)'} of producer ${producerId}${where}, ${outcome}`
    })
  return named.join('; ')
}

function sampleOf(samples: DivergenceBody['samples'], at: { readonly topic: string; readonly partition: number }) {
  const found = samples.find(({ topic, partition }) => topic === at.topic && partition === at.partition)
  const firstMs = found?.firstTimestampMs ?? null
  const keys = found?.sampleKeys
    .slice(0, 3)
    .map((key) => key ?? '(none)')
    .join(', ')
  return { firstTime: firstMs === null ? null : new Date(firstMs).toISOString(), keys }
}

function renderChoice(choice: Choice, { region, active }: DivergenceBody): string {
  const { kind, writesOut, appends, destroys, copiesAgain, keysInConflict, losesOlder } = choice
  const amount = ({ records, bytes }: Choice['appends']) => `${plural(records, 'record')} (${groupDigits(bytes)} bytes)`
  const lines: readonly (readonly [boolean, string])[] = [
    [writesOut.records > 0, `writes ${amount(writesOut)} out to topics isthmus.diverged.* on ${active}`],
    [appends.records > 0, `appends ${amount(appends)} to the topics of ${active}, as late records`],
    [keysInConflict > 0, `puts older values behind newer ones of ${plural(keysInConflict, 'key')}`],
    [kind === 'keep', `leaves them on ${region} as well, which then has them twice, and goes on behind them`],
    [destroys.records > 0, `destroys ${amount(destroys)}`],
    [
      copiesAgain.records > 0,
      `copies ${plural(copiesAgain.records, 'offset')} again, about ${groupDigits(copiesAgain.bytes)} bytes`,
    ],
    [losesOlder > 0, `destroys ${plural(losesOlder, 'record')} below the forks as well, with --loses-older`],
  ]
  return [`${kind}:`, ...lines.filter(([isSo]) => isSo).map(([, line]) => `  ${line}`)].join('\n')
}

function renderPhase({ group, regions }: FailoverGroupBody, region: string): string {
  const found = regions.find((one) => one.region === region)
  const at = found?.return
  if (at === null || at === undefined) return `${region} of ${group}: ${found?.role ?? 'unknown'}`
  const why = at.stop === null ? at.waiting?.reason : `${at.stop.reason}. ${at.stop.instructions}`
  return `${region} of ${group}: ${at.phase}${why === undefined ? '' : `, ${why}`}`
}
