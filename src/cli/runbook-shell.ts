import { spawn } from 'node:child_process'
import type { CommandOutcome, Values } from '../runbooks/index.ts'
import type { CliIo } from './io.ts'

interface ShellOptions {
  readonly io: Pick<CliIo, 'env'>
  /** Its variables beside those of the person. */
  readonly values: Values
  readonly signal: AbortSignal
}

/** A script of a runbook, in the shell of the person. Only the command line does this; the API has no shell. */
export function runShell(script: string, { io, values, signal }: ShellOptions): Promise<CommandOutcome> {
  return new Promise((resolve) => {
    const said = { out: '', err: '' }
    const child = spawn('/bin/sh', ['-eu', '-c', script], {
      env: { ...io.env, ...values },
      stdio: ['ignore', 'pipe', 'pipe'],
      signal,
    })
    child.stdout.on('data', (data: Buffer) => (said.out += data.toString()))
    child.stderr.on('data', (data: Buffer) => (said.err += data.toString()))
    const settle = (exitCode: number, more = '') => {
      resolve({ exitCode, stdout: said.out, stderr: `${said.err}${more}` })
    }
    child.on('error', (error) => settle(127, error.message))
    child.on('close', (code) => settle(code ?? 128))
  })
}
