import { spawn } from 'node:child_process'
import type { Clock } from '../../core/index.ts'

const OUTPUT_BYTES_MAX = 4_096
/** What a stopped program may take to end before it is killed. */
const KILL_GRACE_MS = 2_000

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

/** Without a shell. The program and what it starts are one process group, so that a late one ends as a whole. */
export async function runProgram(options: Program, signal: AbortSignal): Promise<ProgramEnd> {
  const { argv, env, timeoutMs, clock } = options
  signal.throwIfAborted()
  const [program = '', ...args] = argv
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    let isLate = false
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (output = `${output}${text}`.slice(-OUTPUT_BYTES_MAX)))
    }
    const end = (signalName: NodeJS.Signals) => {
      if (child.pid === undefined || child.exitCode !== null) return
      try {
        process.kill(-child.pid, signalName)
      } catch (error) {
        // It ended meanwhile.
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
      }
    }
    const stop = () => {
      isLate = true
      end('SIGTERM')
      killer = clock.setTimer(KILL_GRACE_MS, () => end('SIGKILL'))
    }
    let killer = clock.setTimer(timeoutMs, stop)
    const onAbort = () => {
      killer.cancel()
      stop()
    }
    signal.addEventListener('abort', onAbort, { once: true })
    const leave = () => {
      killer.cancel()
      signal.removeEventListener('abort', onAbort)
    }
    child.once('error', (error) => {
      leave()
      resolve({ kind: 'not-started', reason: error.message })
    })
    child.once('close', (code, killedBy) => {
      leave()
      if (signal.aborted) reject(signal.reason as Error)
      else resolve(isLate ? { kind: 'late' } : { kind: 'ran', code: code ?? killedBy ?? 'unknown', output })
    })
  })
}
