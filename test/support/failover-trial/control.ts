import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { nodeFlags } from '../../../bin/node.js'
import type { FailoverGroupBody, OperationBody } from '../../../src/api/contract/index.ts'
import { eventually, type IsthmusProcess } from '../isthmus-process.ts'

/** A failover group as its operator meets it: the API, and the command line as a process of its own. */
export const GROUP = 'orders'
const MAIN = resolve(import.meta.dirname, '../../../src/main.ts')
const MOVE_LIMIT_MS = 180_000

export interface MoveOptions {
  readonly to: string
  readonly kind: OperationBody['kind']
  readonly more?: readonly string[]
}

export interface CommandEnd {
  readonly code: number | null
  readonly output: string
}

/** Undefined while it does not answer. */
export async function readGroup({ apiUrl }: Pick<IsthmusProcess, 'apiUrl'>): Promise<FailoverGroupBody | undefined> {
  try {
    const url = `${apiUrl}/api/v1/failover-groups/${GROUP}`
    const response = await fetch(url, { signal: AbortSignal.timeout(5_000) })
    return response.ok ? ((await response.json()) as FailoverGroupBody) : undefined
  } catch {
    return undefined
  }
}

/** `isthmus KIND GROUP --to REGION --yes --wait`. */
export function moveByCommand(
  { apiUrl }: Pick<IsthmusProcess, 'apiUrl'>,
  { kind, to, more = [] }: MoveOptions,
  signal: AbortSignal,
): Promise<CommandEnd> {
  const words = [kind, GROUP, '--to', to, '--reason', 'a trial', '--by', 'trial', '--yes', '--wait', ...more]
  return runCommand(apiUrl, words, signal)
}

export function runCommand(apiUrl: string, words: readonly string[], signal: AbortSignal): Promise<CommandEnd> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(MOVE_LIMIT_MS)])
  const child = spawn(process.execPath, [...nodeFlags, MAIN, ...words, '--api', apiUrl], {
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: limit,
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  return new Promise((settle, reject) => {
    child.once('error', reject)
    child.once('close', (code) => settle({ code, output }))
  })
}

/** Asks again while guards still object, as they do to a group that has just begun or moved. */
export async function untilPlanned(
  isthmus: IsthmusProcess,
  move: Omit<MoveOptions, 'more'>,
  { limitMs = 180_000, signal }: { readonly limitMs?: number; readonly signal: AbortSignal },
): Promise<void> {
  let last = 'no answer'
  const look = async () => {
    if (!isthmus.isRunning) throw new Error(`isthmus ended: ${isthmus.log.slice(-8).join('\n')}`)
    const plan = await fetch(`${isthmus.apiUrl}/api/v1/failover-groups/${GROUP}/plans`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(move),
      signal: AbortSignal.timeout(20_000),
    }).catch(() => undefined)
    if (plan === undefined) return undefined
    const body = (await plan.json()) as { blocking?: string[]; guards?: { name: string; evidence: string }[] }
    const { blocking = ['?'], guards = [] } = body
    if (plan.ok && blocking.length === 0) return true
    const why = guards.filter(({ name }) => blocking.includes(name)).map(({ name, evidence }) => `${name}: ${evidence}`)
    last = why.length === 0 ? JSON.stringify(body).slice(0, 600) : why.join('; ')
    return undefined
  }
  await eventually('a move can be made', look, { limitMs, everyMs: 500, signal }).catch((error: unknown) => {
    throw new Error(`${move.kind} to ${move.to} is not possible: ${last}`, { cause: error })
  })
}
