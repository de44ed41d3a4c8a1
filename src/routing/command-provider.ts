import { access, constants, stat } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { routingFaults } from './faults.ts'
import type { ResolvedCommandEviction, ResolvedCommandRouting } from './resolve.ts'
import type { ClientMove, EvictionProvider, ProviderStep, RoutingProvider } from './provider.ts'

/**
 * Programs of the operator that move clients. They are run without a shell, with the group, the operation and both
 * regions in their environment, and have to bear being run again. Exit code 0 means done.
 */
export type RunProgram = (
  program: { readonly argv: readonly string[]; readonly env: NodeJS.ProcessEnv; readonly timeoutMs: number },
  signal: AbortSignal,
) => Promise<
  | { readonly kind: 'ran'; readonly code: number | string; readonly output: string }
  | { readonly kind: 'not-started'; readonly reason: string }
  | { readonly kind: 'late' }
>

export interface CommandProviderOptions {
  readonly run: RunProgram
  readonly env: Readonly<Record<string, string | undefined>>
}

type Action = 'switch' | 'check' | 'evict'

interface Program {
  readonly argv: readonly string[]
  readonly action: Action
  readonly timeoutMs: number
}

export function commandRouting(routing: ResolvedCommandRouting, options: CommandProviderOptions): RoutingProvider {
  const { switch: argv, check, timeoutMs } = routing
  return {
    name: nameOf(argv),
    switchTo: (move, signal) => runStep({ argv, action: 'switch', timeoutMs }, move, options, signal),
    async check(move, signal) {
      if (check === undefined) return { verdict: 'unchecked', reason: 'routing.check is not configured' }
      const end = await run({ argv: check, action: 'check', timeoutMs }, move, options, signal)
      if (end.kind === 'late') return { verdict: 'unknown', reason: 'routing.check did not end in time' }
      if (end.kind === 'not-started') return { verdict: 'unknown', reason: end.reason }
      if (end.code === 0) return { verdict: 'switched', reason: `routing.check says that clients find ${move.to}` }
      return { verdict: 'elsewhere', reason: `routing.check ended with ${end.code}` }
    },
    findTrouble: () => findAbsent(check === undefined ? [argv] : [argv, check], options),
  }
}

export function commandEviction(eviction: ResolvedCommandEviction, options: CommandProviderOptions): EvictionProvider {
  const { evict: argv, timeoutMs } = eviction
  return {
    name: nameOf(argv),
    evict: (move, signal) => runStep({ argv, action: 'evict', timeoutMs }, move, options, signal),
    findTrouble: () => findAbsent([argv], options),
  }
}

async function runStep(
  program: Program,
  move: ClientMove,
  options: CommandProviderOptions,
  signal: AbortSignal,
): Promise<ProviderStep> {
  const end = await run(program, move, options, signal)
  const name = nameOf(program.argv)
  if (end.kind === 'late') return { kind: 'unknown', reason: `${name} did not end within ${program.timeoutMs} ms` }
  if (end.kind === 'ran' && end.code === 0) return { kind: 'done', reason: `${name} succeeded` }
  const ending = end.kind === 'ran' ? `exit code ${end.code}` : end.reason
  const output = end.kind === 'ran' ? end.output.trim() || 'no output' : 'it was not started'
  const facts = { command: program.argv.join(' '), group: move.group, ending, output }
  return { kind: 'failed', fault: routingFaults.fault('ROUTING_COMMAND_FAILED', facts) }
}

function run(
  { argv, action, timeoutMs }: Program,
  { group, operation, from, to }: ClientMove,
  options: CommandProviderOptions,
  signal: AbortSignal,
): ReturnType<RunProgram> {
  const env = {
    ...options.env,
    ISTHMUS_ACTION: action,
    ISTHMUS_GROUP: group,
    ISTHMUS_OPERATION: operation,
    ISTHMUS_FROM: from,
    ISTHMUS_TO: to,
  }
  return options.run({ argv, env, timeoutMs }, signal)
}

/** A program that is not there is found before the move needs it. */
async function findAbsent(
  programs: readonly (readonly string[])[],
  { env }: CommandProviderOptions,
): Promise<string | undefined> {
  for (const [program = ''] of programs) {
    const places = program.includes('/')
      ? [program]
      : (env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, program))
    const found = await Promise.all(places.map(canRun))
    if (!found.includes(true)) return `${program}: there is no such program`
  }
  return undefined
}

async function canRun(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}

function nameOf([program = '']: readonly string[]): string {
  return program
}
