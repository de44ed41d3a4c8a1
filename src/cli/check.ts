import type { Command } from 'commander'
import { EXIT } from './exit-codes.ts'
import type { CommandContext, GlobalOptions } from './io.ts'
import { plural, render } from './output.ts'
import type { CheckReport, ProcessVerbs } from './process-verbs.ts'

export function addCheck(program: Command, { io, exit }: CommandContext, verbs: ProcessVerbs): void {
  program
    .command('check')
    .summary('check a configuration file, and with --online the regions it names')
    .description('Reads the file as `run` would and shows everything that is wrong with it. Changes nothing anywhere.')
    .requiredOption('-c, --config <file>', 'the configuration file')
    .option('--online', 'also connect to every region: does it answer, can Isthmus log in, does it have topic ids')
    .addHelpText(
      'after',
      '\nExamples:\n  isthmus check --config isthmus.yaml\n  isthmus check --config isthmus.yaml --online',
    )
    .action(async (options: { config: string; online?: true }, command: Command) => {
      const { output } = command.optsWithGlobals<GlobalOptions>()
      const report = await verbs.check({ config: options.config, online: options.online === true }, io.signal)
      io.out(`${render(report, output, renderCheck)}\n`)
      exit(report.ok ? EXIT.ok : EXIT.usage)
    })
}

export function renderCheck(report: CheckReport): string {
  const { errors, warnings, regions } = report
  const head =
    errors.length > 0
      ? `${report.file}: ${plural(errors.length, 'problem')} to correct.`
      : `${report.file} is valid: ${plural(report.regionCount, 'region')}, ${plural(report.linkCount, 'link')}.`
  const lines = regions.map(({ region, ok, finding, remedy }) => {
    return ok
      ? `  ok      ${region}: ${finding}`
      : `  failed  ${region}: ${finding}${remedy === '' ? '' : `; ${remedy}`}`
  })
  return [head, ...errors.map((text) => `  ${text}`), ...warnings.map((text) => `  ${text}`), ...lines].join('\n')
}
