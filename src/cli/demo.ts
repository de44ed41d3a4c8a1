import type { Command } from 'commander'
import type { ExitCode } from './exit-codes.ts'
import type { CommandContext } from './io.ts'
import type { ProcessVerbs } from './process-verbs.ts'

/** The demo reads its own arguments. */
export function addDemo(program: Command, { io, exit }: CommandContext, demo: NonNullable<ProcessVerbs['demo']>): void {
  program
    .command('demo')
    .summary('bring up two Kafka regions on this machine and copy between them')
    .allowUnknownOption()
    .allowExcessArguments()
    .helpOption(false)
    .action(async (_options: object, command: Command) => exit((await demo(command.args, io.signal)) as ExitCode))
}
