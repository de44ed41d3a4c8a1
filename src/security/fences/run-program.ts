import { spawn } from 'node:child_process'
import type { Clock } from '../../core/index.ts'

const OUTPUT_BYTES_MAX = 4_096
/** What a stopped program may take to end before it is killed. */
const KILL_GRACE_MS = 2_000
/** What is still said once it has ended is waited for so long: a child in the background may hold its output for ever. */
const OUTPUT_GRACE_MS = 200

export interface Program {
  readonly argv: readonly string[]
  readonly env: NodeJS.ProcessEnv
  readonly timeoutMs: number
  readonly clock: Clock
}

/** How a program of the operator ended; `late` has been killed. */
export type ProgramEnd =
  | { readonly kind: 'ran'; readonly code: number | string; readonly output: string }
  | { readonly kind: 'not-started'; readonly reason: string }
  | { readonly kind: 'late' }

/**
 * Without a shell. The program and what it starts are one process group, so that a late one ends as a whole, also where
 * its leader has gone. One that has ended in time has ended, whatever it leaves in the background.
 */
export async function runProgram(options: Program, signal: AbortSignal): Promise<ProgramEnd> {
  const { argv, env, timeoutMs, clock } = options
  signal.throwIfAborted()
  const [program = '', ...args] = argv
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    const streams = [child.stdout, child.stderr]
    let output = ''
    let isLate = false
    for (const stream of streams) {
      stream.setEncoding('utf8').on('data', (text: string) => (output = `${output}${text}`.slice(-OUTPUT_BYTES_MAX)))
    }
    const settle = () => {
      leave()
      for (const stream of streams) stream.destroy()
      if (isLate) signalGroup(child.pid, 'SIGKILL')
      if (!isLate) resolve({ kind: 'ran', code: child.exitCode ?? child.signalCode ?? 'unknown', output })
      else if (signal.aborted) reject(signal.reason as Error)
      else resolve({ kind: 'late' })
    }
    const kill = () => {
      signalGroup(child.pid, 'SIGKILL')
      timer = clock.setTimer(OUTPUT_GRACE_MS, settle)
    }
    const stop = () => {
      if (isLate) return
      isLate = true
      timer.cancel()
      signalGroup(child.pid, 'SIGTERM')
      timer = clock.setTimer(KILL_GRACE_MS, kill)
    }
    let timer = clock.setTimer(timeoutMs, stop)
    signal.addEventListener('abort', stop, { once: true })
    const leave = () => {
      timer.cancel()
      signal.removeEventListener('abort', stop)
    }
    child.once('error', (error) => {
      leave()
      resolve({ kind: 'not-started', reason: error.message })
    })
    child.once('exit', () => {
      // The rest of a late one has the time that is left until it is killed.
      if (isLate) return
      leave()
      timer = clock.setTimer(OUTPUT_GRACE_MS, settle)
    })
    child.once('close', settle)
  })
}

function signalGroup(leader: number | undefined, name: NodeJS.Signals): void {
  if (leader === undefined) return
  try {
    process.kill(-leader, name)
  } catch (error) {
    // All of it has ended, or what is left of it is another user's.
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ESRCH' && code !== 'EPERM') throw error
  }
}
