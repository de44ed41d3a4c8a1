import { writeFileSync } from 'node:fs'
import type { Command } from 'commander'
import { EXIT } from './exit-codes.ts'
import { cliFaults } from './faults.ts'
import type { CommandContext, GlobalOptions } from './io.ts'
import { render } from './output.ts'
import type { ImportReport, ProcessVerbs } from './process-verbs.ts'

const TITLES: readonly (readonly [ImportReport['differences'][number]['kind'], string])[] = [
  ['file', 'Files to make; secrets are never written into a configuration:'],
  ['decide', 'To be decided by you:'],
  ['differs', 'What is different:'],
  ['same', 'What stays as it is:'],
]

export function addImport(program: Command, { io, exit }: CommandContext, verbs: ProcessVerbs): void {
  const parent = program.command('import').summary('make a configuration of that of another tool')
  parent
    .command('mm2')
    .argument('<file>', 'a properties file of MirrorMaker 2, or a KafkaMirrorMaker2 of Strimzi')
    .summary('go on with what MirrorMaker 2 copies')
    .description(
      'Writes a configuration with a link for each flow that is enabled, and tells what differs. Reads one file and ' +
        'connects to nothing. No secret is written: it names the files that are to be made.',
    )
    .option('-o, --file <file>', 'where the configuration goes, if nothing is there; standard output otherwise')
    .addHelpText('after', '\nExample:\n  isthmus import mm2 connect-mirror-maker.properties -o isthmus.yaml')
    .action(async (from: string, { file }: { readonly file?: string }, command: Command) => {
      const { output } = command.optsWithGlobals<GlobalOptions>()
      const report = await verbs.importMm2(from)
      if (file !== undefined) write(file, report.config)
      else if (output === 'table') io.out(report.config)
      const told = renderDifferences(report, file)
      if (output !== 'table') io.out(`${render(report, output, String)}\n`)
      else if (file === undefined) io.err(`${told}\n`)
      else io.out(`${told}\n`)
      exit(EXIT.ok)
    })
}

function renderDifferences({ differences }: ImportReport, file: string | undefined): string {
  const parts = TITLES.flatMap(([kind, title]) => {
    const of = differences.filter((one) => one.kind === kind)
    return of.length === 0 ? [] : [[title, ...of.map(renderDifference)].join('\n')]
  })
  const head = file === undefined ? [] : [`${file} is written; check it with: isthmus check --config ${file} --online`]
  return [...head, ...parts].join('\n\n')
}

function renderDifference({ key, value, line, isthmus, todo }: ImportReport['differences'][number]): string {
  const place = line === null ? '' : `line ${line}: `
  const shown = value === null || value === '' ? key : `${key} = ${value}`
  return [`  ${place}${shown}`, `    ${isthmus}`, ...(todo === '' ? [] : [`    what to do: ${todo}`])].join('\n')
}

/** Never over a configuration that is there. */
function write(file: string, text: string): void {
  try {
    writeFileSync(file, text, { flag: 'wx' })
  } catch (error) {
    throw cliFaults.fault('CLI_FILE_UNWRITABLE', { file, reason: (error as Error).message }, error)
  }
}
