import { type Command, Option } from 'commander'
import type { EventBody } from '../api/contract/index.ts'
import { pause } from '../core/index.ts'
import { readEventStream } from './event-stream.ts'
import { EXIT } from './exit-codes.ts'
import { openStream } from './http.ts'
import type { CliIo, CommandContext, GlobalOptions, OutputFormat } from './io.ts'
import { render } from './output.ts'

interface EventsOptions {
  readonly group?: string
  readonly kind?: string
  readonly severity?: string
  readonly follow?: true
}

const RECONNECT_MS = 2_000

export function addEvents(program: Command, { io, exit }: CommandContext): void {
  program
    .command('events')
    .summary('what happens: moves, fences, verdicts on regions, gaps')
    .description(
      'Shows the events that the process behind the API has kept, the oldest first. What the journal tells is seen on ' +
        'every process with failover groups, everything else on the process that saw it.',
    )
    .option('-f, --follow', 'go on with what happens next, until ctrl-c')
    .option('-g, --group <name>', 'only this failover group')
    .option('-k, --kind <kind>', 'only this kind, such as fence:lost, or fence for all of them')
    .addOption(
      new Option('-s, --severity <level>', 'only what weighs as much, or more').choices(['info', 'warning', 'error']),
    )
    .addHelpText(
      'after',
      '\nWith --output json each event is a line of its own. Exits with 4 where the API goes away without --follow.',
    )
    .action(async ({ follow, ...filters }: EventsOptions, command: Command) => {
      const { api, output } = command.optsWithGlobals<GlobalOptions>()
      await show(io, { api, output, filters, isFollowing: follow === true })
      exit(EXIT.ok)
    })
}

interface Wish {
  readonly api: string
  readonly output: OutputFormat
  readonly filters: Omit<EventsOptions, 'follow'>
  readonly isFollowing: boolean
}

/** A stream that ends is taken up where it was, for as long as somebody follows. */
async function show(io: CliIo, wish: Wish): Promise<void> {
  const { api, filters, isFollowing } = wish
  let lastEventId: string | undefined
  let trouble = ''
  for (;;) {
    try {
      const query = { ...filters, from: 'oldest', follow: String(isFollowing), lastEventId }
      const stream = await openStream(io, api, '/api/v1/events', query)
      trouble = ''
      for await (const { id, event, data } of readEventStream(stream)) {
        lastEventId = id ?? lastEventId
        if (event !== undefined) print(io, wish, event, data)
      }
    } catch (error) {
      if (io.signal.aborted) return
      if (!isFollowing || lastEventId === undefined) throw error
      const reason = error instanceof Error ? error.message : String(error)
      if (reason !== trouble) io.err(`${reason}; it is tried again\n`)
      trouble = reason
    }
    if (!isFollowing || io.signal.aborted) return
    await pause(io.clock, RECONNECT_MS, io.signal)
    if (io.signal.aborted) return
  }
}

function print(io: CliIo, { output, isFollowing }: Wish, event: string, data: string): void {
  if (event === 'reset' || event === 'end') {
    const { reason } = JSON.parse(data) as { reason: string }
    if (event === 'reset') io.err(`events may be missing here: ${reason}\n`)
    else if (isFollowing) io.err(`the stream ended: ${reason}\n`)
    return
  }
  // The API hands them on as one line of JSON each.
  if (output === 'json') return io.out(`${data}\n`)
  const body = JSON.parse(data) as EventBody
  io.out(`${output === 'yaml' ? '---\n' : ''}${render(body, output, renderEvent)}\n`)
}

export function renderEvent({ at, severity, kind, sentence }: EventBody): string {
  return `${at}  ${severity.padEnd(7)}  ${kind}  ${sentence}`
}
