import { type Command, Option } from 'commander'
import type { CommandContext } from './io.ts'
import { LOG_LEVELS, type ProcessVerbs, type RunOptions } from './process-verbs.ts'

export function addRun(program: Command, { io, exit }: CommandContext, verbs: ProcessVerbs): void {
  program
    .command('run')
    .summary('run Isthmus: copy what the configuration file says, serve the API')
    .description(
      'Runs until SIGTERM or ctrl-c, then hands its work over within 10 seconds; a second signal ends it at once. ' +
        'Logs are JSON lines on standard output.',
    )
    .requiredOption('-c, --config <file>', 'the configuration file')
    .addOption(
      new Option(
        '--role <role>',
        'what this process does: controller decides and moves failover groups, replicator copies, agent stands in a ' +
          'region, watches from there and keeps its gate; each serves the API',
      )
        .choices(['all', 'controller', 'replicator', 'agent'])
        .default('all'),
    )
    .option('--region <name>', 'the region that this process stands in; default: health.standsIn of the configuration')
    .addOption(
      new Option('--log-level <level>', 'how much is logged').choices(LOG_LEVELS).default('info').env('LOG_LEVEL'),
    )
    .addHelpText(
      'after',
      '\nExits with 2 where the configuration is wrong, with 5 where another process took over its work.' +
        '\n\nExample:\n  isthmus run --config isthmus.yaml',
    )
    .action(async (options: RunOptions) => exit(await verbs.run(options, io.signal)))
}
