import { type Command, InvalidArgumentError, Option } from 'commander'
import type { GroupBody, TranslateBody } from '../api/contract/index.ts'
import { EXIT } from './exit-codes.ts'
import { cliFaults } from './faults.ts'
import { getJson } from './http.ts'
import type { CommandContext, GlobalOptions } from './io.ts'
import { groupDigits, render, renderTable } from './output.ts'

interface TranslateOptions {
  readonly link: string
  readonly topic?: string
  readonly partition?: number
  readonly offset?: number
  readonly direction: string
  readonly group?: string
}

const NOTES: Readonly<Record<string, string>> = {
  exact: 'the very same record',
  hole: 'that offset holds no record; this is the next one',
  'before-start': 'that offset is from before the copy began; this is its first',
  'not-copied': 'that offset is not copied yet; this is the end of the copy',
}

export function addOffsetsTranslate(program: Command, { io, exit }: CommandContext): void {
  program
    .command('offsets')
    .summary('translate offsets between the regions of a link')
    .command('translate')
    .summary('translate one offset, or all positions of a group')
    .description('Translates exactly: the same record, or the first one after it where there is none at that offset.')
    .requiredOption('-l, --link <name>', 'the link')
    .option('-t, --topic <name>', 'the topic, by its name at the source')
    .option('-p, --partition <number>', 'the partition', wholeNumber)
    .option('-o, --offset <number>', 'the offset', wholeNumber)
    .addOption(
      new Option('-d, --direction <way>', 'which side the offset is from')
        .choices(['source-to-target', 'target-to-source'])
        .default('source-to-target'),
    )
    .option('-g, --group <name>', 'instead of topic, partition and offset: all positions of this consumer group')
    .addHelpText(
      'after',
      '\nExamples:\n  isthmus offsets translate --link eu-to-us --topic orders --partition 3 --offset 120417' +
        '\n  isthmus offsets translate --link eu-to-us --group billing',
    )
    .action(async (options: TranslateOptions, command: Command) => {
      const { api, output } = command.optsWithGlobals<GlobalOptions>()
      const answer = await getJson<TranslateBody>(io, api, '/api/v1/offsets/translate', queryOf(options))
      io.out(`${render(answer, output, renderTranslation)}\n`)
      exit(EXIT.ok)
    })
}

function queryOf({ link, topic, partition, offset, direction, group }: TranslateOptions) {
  const named = [topic, partition, offset].filter((part) => part !== undefined).length
  if (group !== undefined && named === 0) return { link, group }
  if (group === undefined && named === 3) return { link, topic, partition, offset, direction }
  throw cliFaults.fault('CLI_TRANSLATE_UNCLEAR')
}

function wholeNumber(text: string): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value))
    throw new InvalidArgumentError('It has to be a whole number.')
  return value
}

export function renderTranslation({ offset, group }: TranslateBody): string {
  if (group !== undefined) return renderGroup(group)
  if (offset === undefined) return 'The API gave no translation.'
  const here = `${offset.topic}-${offset.partition}`
  const there = `${offset.targetTopic}-${offset.partition}`
  const [from, to] = offset.direction === 'source-to-target' ? [here, there] : [there, here]
  const note = NOTES[offset.note] ?? offset.note
  return `${from} offset ${groupDigits(offset.from)} -> ${to} offset ${groupDigits(offset.to)} (${note})`
}

function renderGroup(group: GroupBody): string {
  const rows = group.positions.map((at) => [
    at.topic,
    at.targetTopic,
    at.partition,
    at.sourceOffset,
    at.targetOffset,
    at.rereadRecords,
  ])
  const head = `Group ${group.group} over link ${group.link} is ${group.state}: ${group.reason}`
  if (rows.length === 0) return `${head}\nIt has no position on this link.`
  return `${head}\n\n${renderTable(['TOPIC', 'ON TARGET', 'PARTITION', 'SOURCE', 'TARGET', 'REREAD'], rows)}`
}
