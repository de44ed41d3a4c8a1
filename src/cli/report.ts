import { writeFileSync } from 'node:fs'
import { type Command, Option } from 'commander'
import { EXIT } from './exit-codes.ts'
import { cliFaults } from './faults.ts'
import { getJson, getText } from './http.ts'
import type { CliIo, CommandContext, GlobalOptions } from './io.ts'
import { render } from './output.ts'

const FORMATS = { html: 'html', md: 'markdown', json: 'json' } as const

interface ReportFlags {
  readonly format?: keyof typeof FORMATS
  readonly file?: string
}

interface ReportOf {
  /** What the id is of. */
  readonly argument: string
  readonly summary: string
  readonly pathOf: (id: string, at: { readonly io: CliIo; readonly api: string }) => string | Promise<string>
}

/** `report` of moves and of drills: a page to read, to print, to keep. */
export function addReport(
  parent: Command,
  { io, exit }: CommandContext,
  { argument, summary, pathOf }: ReportOf,
): void {
  const name = parent.name()
  parent
    .command('report')
    .argument('<id>', argument)
    .summary(summary)
    .addOption(
      new Option('--format <format>', 'default: that of the name of the file, else md').choices(Object.keys(FORMATS)),
    )
    .option('-o, --file <file>', 'where to write it; standard output otherwise')
    .addHelpText(
      'after',
      `\nThe HTML needs nothing else and prints well.\n\nExample:\n  isthmus ${name} report ID -o report.html`,
    )
    .action(async (id: string, { format, file }: ReportFlags, command: Command) => {
      const { api, output } = command.optsWithGlobals<GlobalOptions>()
      const wanted = format ?? formatOf(file) ?? (output === 'table' ? 'md' : undefined)
      const path = `${await pathOf(id, { io, api })}/report`
      const text =
        wanted === undefined || wanted === 'json'
          ? render(
              await getJson<object>(io, api, path, { format: 'json' }),
              output === 'table' ? 'json' : output,
              String,
            )
          : await getText(io, api, path, { format: FORMATS[wanted] })
      const whole = `${text.trimEnd()}\n`
      if (file === undefined) io.out(whole)
      else write(file, whole)
      exit(EXIT.ok)
    })
}

function formatOf(file: string | undefined): keyof typeof FORMATS | undefined {
  const ending = /\.(html|md|json)$/.exec(file ?? '')?.[1]
  return ending as keyof typeof FORMATS | undefined
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text)
  } catch (error) {
    throw cliFaults.fault('CLI_FILE_UNWRITABLE', { file, reason: (error as Error).message }, error)
  }
}
