import { EXIT, type ExitCode } from '../cli/index.ts'
import { unreachable } from '../core/index.ts'
import { parseRequest } from './options.ts'
import { sendOrder } from './remote.ts'

/**
 * `npm run demo`: real Kafka regions on this machine, a sensor fleet that writes to the active one, its topics copied to
 * the others, and a windowed analytics group that moves along. Runs until it is interrupted.
 */
/** Resolves with the exit code: 0 after an interrupt, 2 for arguments that are not understood. */
export async function runDemo(args: readonly string[], signal: AbortSignal): Promise<ExitCode> {
  const request = parseRequest(args)
  switch (request.kind) {
    case 'help':
      process.stdout.write(request.text)
      return EXIT.ok
    case 'refused':
      process.stderr.write(request.text)
      return EXIT.usage
    case 'order': {
      const { isDone, text } = await sendOrder(request.port, request.order, signal)
      ;(isDone ? process.stdout : process.stderr).write(`${isDone ? '' : 'isthmus demo: '}${text}\n`)
      return isDone ? EXIT.ok : EXIT.refused
    }
    case 'stage':
      // Loaded here: an order to a demo that runs needs none of it.
      return (await import('./play.ts')).playStage(request.options, signal)
    default:
      return unreachable(request)
  }
}
