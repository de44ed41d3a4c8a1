import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export type GuardedKind = 'process' | 'container' | 'network' | 'directory'

/** Entries told to the guard and not yet taken back; the guard runs while there are any. */
const entries = new Set<string>()
let guard: ChildProcess | undefined

/**
 * Tells the guard process (`guard.ts`) what to kill or remove should this process die. A process is named by its id
 * and must lead its own group. Name a container before creating it.
 */
export function guardEntry(kind: GuardedKind, name: string | number): void {
  const entry = `${kind} ${name}`
  if (entries.has(entry)) return
  entries.add(entry)
  guard ??= startGuard()
  guard.stdin?.write(`+ ${entry}\n`)
}

/** Takes an entry back: the thing is gone. The guard ends with its last entry. */
export function releaseEntry(kind: GuardedKind, name: string | number): void {
  const entry = `${kind} ${name}`
  if (!entries.delete(entry)) return
  guard?.stdin?.write(`- ${entry}\n`)
  if (entries.size > 0) return
  guard?.stdin?.end()
  guard = undefined
}

/** In a session of its own, so that Ctrl-C in the terminal does not reach it. */
function startGuard(): ChildProcess {
  const child = spawn(process.execPath, [fileURLToPath(new URL('guard.ts', import.meta.url))], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  child.on('error', reportLost)
  child.stdin.on('error', reportLost)
  child.unref()
  // The pipe must not keep this process alive either; the type of the stream hides that it is a socket.
  ;(child.stdin as unknown as { unref?: () => void }).unref?.()
  return child
}

/** A lost guard costs only the clean-up after a crash. */
function reportLost(error: Error): void {
  process.emitWarning(`the guard of local Kafka brokers is gone: ${error.message}`)
}
