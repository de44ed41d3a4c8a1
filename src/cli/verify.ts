import { accessSync, constants, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { type Command, Option } from 'commander'
import type {
  VerificationBody,
  VerificationScope,
  VerificationStart,
  VerifiedPartitionBody,
} from '../api/contract/index.ts'
import { describeError, isFault, sleep, unreachable } from '../core/index.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { cliFaults } from './faults.ts'
import { getJson, sendJson } from './http.ts'
import type { CliIo, CommandContext, GlobalOptions } from './io.ts'
import { groupDigits, plural, render, renderTable } from './output.ts'

interface VerifyOptions {
  readonly link: string
  readonly topic: readonly string[]
  readonly scope: VerificationScope['kind']
  readonly from?: string
  readonly to?: string
  readonly last?: string
  readonly stretches: string
  readonly records: string
  readonly maxMbPerSecond?: string
  readonly state?: string
}

const POLL_MS = 1_000
/** Options that mean something in one scope only. */
const OPTIONS_OF = { range: ['from', 'to'], tail: ['last'], sample: ['stretches', 'records'] }

export function addVerify(program: Command, { io, exit }: CommandContext): void {
  const add = (value: string, before: readonly string[]) => [...before, value]
  program
    .command('verify')
    .summary('compare what a link has copied with its source, record by record')
    .description(
      'Reads both sides and compares them along the offset map: equal blocks as bytes, everything else record by ' +
        'record. Of compacted topics the latest value of every key has to be equal. What is not copied yet is left ' +
        'out. The work is done by the process behind the API and ends with this command; with --state it goes on ' +
        'where it was stopped, whichever of the two was stopped.',
    )
    .requiredOption('-l, --link <name>', 'the link')
    .option('-t, --topic <pattern>', 'only topics of this name or pattern; may be given again', add, [])
    .addOption(
      new Option('-s, --scope <scope>', 'which part of every partition')
        .choices(['whole', 'range', 'tail', 'sample'])
        .default('whole'),
    )
    .option('--from <offset|time>', 'range: first source offset, or a time (RFC 3339)')
    .option('--to <offset|time>', 'range: source offset or time behind the last')
    .option('--last <records|15m>', 'tail: so many records or minutes; else since it was last found equal')
    .option('--stretches <count>', 'sample: stretches of a partition', '20')
    .option('--records <count>', 'sample: source offsets in each', '1000')
    .option('--max-mb-per-second <number>', 'most that is read from both sides together (default: 64)')
    .option('--state <file>', 'where the progress is kept, and taken from where the file is there')
    .addHelpText(
      'after',
      '\nExits with 6 where a difference was found, with 5 where something could not be compared.' +
        '\n\nExamples:\n  isthmus verify --link eu-to-us --state verify.json' +
        '\n  isthmus verify --link eu-to-us --topic "orders.*" --scope tail --last 15m',
    )
    .action(async (options: VerifyOptions, command: Command) => {
      const { api, output } = command.optsWithGlobals<GlobalOptions>()
      refuseOtherScopes(options.scope, (name) => command.getOptionValueSource(name) === 'cli')
      const report = await verify(io, api, options)
      if (options.state !== undefined) writeFileSync(options.state, `${JSON.stringify(report)}\n`)
      io.out(`${render(report, output, renderVerification)}\n`)
      exit(exitCodeOf(report))
    })
}

async function verify(io: CliIo, api: string, options: VerifyOptions): Promise<VerificationBody> {
  const before = readState(options)
  const begun = before && (await stillThere(io, api, before.id))
  let report = begun ?? (await start(io, api, options, before?.partitions))
  let shownMs = io.clock.monotonicMs()
  try {
    while (report.state === 'running') {
      if (options.state !== undefined) writeFileSync(options.state, `${JSON.stringify(report)}\n`)
      await sleep(io.clock, POLL_MS, io.signal)
      report = await getJson<VerificationBody>(io, api, `/api/v1/verifications/${report.id}`)
      if (!io.isTerminal || io.clock.monotonicMs() - shownMs < 5_000) continue
      shownMs = io.clock.monotonicMs()
      io.err(`${describeProgress(report)}\n`)
    }
    return report
  } catch (error) {
    if (!io.signal.aborted) throw error
    // Its own signal is the one that was aborted.
    const unhurried = { ...io, signal: new AbortController().signal }
    return sendJson<VerificationBody>(unhurried, api, 'DELETE', `/api/v1/verifications/${report.id}`)
  }
}

function start(
  io: CliIo,
  api: string,
  options: VerifyOptions,
  resume: readonly VerifiedPartitionBody[] | undefined,
): Promise<VerificationBody> {
  const body: VerificationStart = {
    scope: scopeOf(options),
    ...(options.topic.length > 0 && { topics: [...options.topic] }),
    ...(options.maxMbPerSecond !== undefined && { megabytesPerSecond: Number(options.maxMbPerSecond) }),
    ...(resume !== undefined && { resume: [...resume] }),
  }
  const path = `/api/v1/links/${encodeURIComponent(options.link)}/verifications`
  return sendJson<VerificationBody>(io, api, 'POST', path, body)
}

/** A verification that goes on although the command that started it is gone. */
async function stillThere(io: CliIo, api: string, id: string): Promise<VerificationBody | undefined> {
  try {
    const report = await getJson<VerificationBody>(io, api, `/api/v1/verifications/${encodeURIComponent(id)}`)
    return report.state === 'cancelled' ? undefined : report
  } catch (error) {
    if (isFault(error, 'VERIFY_UNKNOWN')) return undefined
    throw error
  }
}

/** What an earlier command left; a finished verification is begun anew. What was equal in one scope need not be in another. */
function readState(options: VerifyOptions): VerificationBody | undefined {
  const { state, link } = options
  if (state === undefined) return undefined
  try {
    const isThere = existsSync(state)
    accessSync(isThere ? state : dirname(state), constants.W_OK)
    if (!isThere) return undefined
    const report = JSON.parse(readFileSync(state, 'utf8')) as VerificationBody
    if (report.link !== link) throw new Error(`it is about link ${report.link}`)
    if (report.state === 'done') return undefined
    if (!isDeepStrictEqual(report.scope, scopeOf(options))) {
      throw new Error(`it is about another scope, ${JSON.stringify(report.scope)}`)
    }
    return report
  } catch (error) {
    if (isFault(error)) throw error
    throw cliFaults.fault('CLI_VERIFY_STATE_INVALID', { file: state, reason: describeError(error) }, error)
  }
}

/** Left out without a word, it would be believed that they had been minded. */
function refuseOtherScopes(scope: VerifyOptions['scope'], isGiven: (option: string) => boolean): void {
  for (const [needed, names] of Object.entries(OPTIONS_OF)) {
    const option = names.find(isGiven)
    if (option === undefined || needed === scope) continue
    throw cliFaults.fault('CLI_VERIFY_SCOPE', { option: `--${option}`, scope, needed })
  }
}

function scopeOf(options: VerifyOptions): VerificationScope {
  const { scope, from, to, last } = options
  switch (scope) {
    case 'whole':
      return { kind: 'whole' }
    case 'range':
      return { kind: 'range', ...boundOf('from', from), ...boundOf('to', to) }
    case 'tail': {
      const minutes = /^(\d+(?:\.\d+)?)m$/.exec(last ?? '')
      if (minutes !== null) return { kind: 'tail', minutes: Number(minutes[1]) }
      return { kind: 'tail', ...(last !== undefined && { records: wholeNumber('--last', last) }) }
    }
    case 'sample':
      return {
        kind: 'sample',
        stretches: wholeNumber('--stretches', options.stretches),
        records: wholeNumber('--records', options.records),
      }
    default:
      return unreachable(scope)
  }
}

function boundOf(name: 'from' | 'to', text: string | undefined) {
  if (text === undefined) return {}
  if (/^\d{1,15}$/.test(text)) return { [`${name}Offset`]: Number(text) }
  const ms = Date.parse(text)
  if (!Number.isFinite(ms) || !text.includes('T')) {
    throw cliFaults.fault('CLI_VERIFY_UNCLEAR', { option: `--${name}`, value: text })
  }
  return { [`${name}Ms`]: ms }
}

function wholeNumber(option: string, value: string): number {
  if (!/^\d{1,12}$/.test(value)) throw cliFaults.fault('CLI_VERIFY_UNCLEAR', { option, value })
  return Number(value)
}

function exitCodeOf({ verdict }: VerificationBody): ExitCode {
  if (verdict === 'different') return EXIT.driftFound
  return verdict === 'equal' ? EXIT.ok : EXIT.needsOperator
}

export function renderVerification(report: VerificationBody): string {
  const { partitions } = report
  const notable = partitions.filter(({ state }) => state !== 'equal')
  const rows = notable.map((at) => [
    at.topic,
    at.partition,
    at.state,
    at.records,
    at.different,
    at.missing,
    at.extra,
    at.first?.sourceOffset,
    at.first?.targetOffset,
    at.first === null ? at.reason : [at.first.kind, ...at.first.fields].join(' '),
  ])
  const headers = [
    'TOPIC',
    'PARTITION',
    'STATE',
    'COMPARED',
    'DIFFERENT',
    'MISSING',
    'EXTRA',
    'SOURCE',
    'TARGET',
    'WHAT',
  ]
  return [describeProgress(report), ...(rows.length > 0 ? ['', renderTable(headers, rows)] : [])].join('\n')
}

function describeProgress({ partitions, verdict, state }: VerificationBody): string {
  const sum = (read: (partition: VerifiedPartitionBody) => number) =>
    partitions.reduce((all, one) => all + read(one), 0)
  const done = partitions.filter((one) => one.state !== 'waiting' && one.state !== 'running').length
  const differences = sum((one) => one.different + one.missing + one.extra)
  const counted =
    `${plural(
      sum((one) => one.records),
      'record',
    )} in ${groupDigits(done)} of ${plural(partitions.length, 'partition')} compared, ` +
    `${groupDigits(sum((one) => one.blockRecords))} of them as blocks`
  const superseded = sum((one) => one.superseded)
  const compaction =
    superseded === 0 ? '' : `; ${plural(superseded, 'record')} on one side only, explained by compaction`
  const end = {
    equal: 'Both sides are equal',
    different: `${plural(differences, 'difference')} found`,
    incomplete: 'Not complete',
  }
  return `${verdict === null ? state : end[verdict]}: ${counted}${compaction}.`
}
