import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { checkNoSecret } from './secrets.ts'

export interface CommandResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

const ROOT = resolve(import.meta.dirname, '../..')
const LIMIT_MS = 60_000

/** The `isthmus` command of the checkout, as a process of its own. */
export function runIsthmus(args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<CommandResult> {
  return runLauncher('isthmus', args, env)
}

/** A launcher of `bin/` in the folder of the checkout. */
export function runLauncher(
  name: 'isthmus' | 'demo',
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<CommandResult> {
  return collect(process.execPath, [`bin/${name}.js`, ...args], env)
}

/** A command line as a person would type it in the folder of the checkout. */
export function runShell(line: string): Promise<CommandResult> {
  return collect('/bin/sh', ['-c', line], process.env)
}

function collect(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<CommandResult> {
  const child = spawn(program, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: LIMIT_MS })
  const texts = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk: Buffer) => (texts.stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (texts.stderr += chunk.toString()))
  return new Promise((settle, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      try {
        if (!args.includes('token')) checkNoSecret(texts.stdout + texts.stderr, args.join(' '))
        settle({ code, ...texts })
      } catch (error) {
        reject(error)
      }
    })
  })
}
