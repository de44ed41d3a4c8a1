import { pause } from '../core/index.ts'
import type { CliIo } from './io.ts'
import { reportError } from './output.ts'

const EVERY_MS = 2_000
const CLEAR_SCREEN = '\u001B[H\u001B[2J'

/** `--watch`: until ctrl-c. A restart of the process behind the API does not end it. */
export async function showAgain(io: CliIo, show: () => Promise<string>): Promise<void> {
  while (!io.signal.aborted) {
    try {
      const text = await show()
      io.out(`${io.isTerminal ? CLEAR_SCREEN : ''}${text}`)
    } catch (error) {
      if (!io.signal.aborted) reportError(error, io)
    }
    await pause(io.clock, EVERY_MS, io.signal)
  }
}
