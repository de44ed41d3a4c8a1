import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describeError } from '../../../src/core/index.ts'
import { checkNoSecret } from '../secrets.ts'

export interface NewcomerOptions {
  /** Where they are typed. */
  readonly folder: string
  readonly blocks: readonly string[]
  readonly env: NodeJS.ProcessEnv
  /** Commands that begin like this and end with this code are given again, twice at most, as the page says. */
  readonly again: { readonly begin: string; readonly code: number }
  readonly signal: AbortSignal
  readonly log: (line: string) => void
}

/** A command that did not end with 0. */
export interface FailedCommand {
  readonly code: number
  readonly line: string
}

const SCRIPT = 'typed'
const COUNTED = 'counted'
const FAILED = 'failed'

/**
 * Somebody who types blocks of commands into one shell: what fails is noted, and the next command is another one. What
 * the commands leave running ends with it.
 */
export class Newcomer implements AsyncDisposable {
  readonly #options: NewcomerOptions
  #shell: ChildProcess | undefined

  constructor(options: NewcomerOptions) {
    this.#options = options
  }

  async type(): Promise<{ readonly commands: number; readonly failed: readonly FailedCommand[] }> {
    const { folder, blocks, env, again, signal, log } = this.#options
    const [counted, failed] = [join(folder, COUNTED), join(folder, FAILED)]
    // What a loop waits for is no failure, nor a command of its own each time.
    const traps = [
      `trap 'echo "$LINENO" >> ${counted}' DEBUG`,
      // As it was typed: BASH_COMMAND is what the function of the page has called.
      `trap 'typeAgain "$?" "$(sed -n "$LINENO"p "$0")"' ERR`,
      'typeAgain() {',
      '  local code=$1 line=$2 attempt',
      '  for attempt in 1 2; do',
      `    [ "$code" = ${again.code} ] && [[ $line == '${again.begin}'* ]] || break`,
      '    $line; code=$?',
      '  done',
      `  [ "$code" = 0 ] || printf '%s\\t%s\\n' "$code" "$line" >> ${failed}`,
      '}',
    ]
    const script = join(folder, SCRIPT)
    writeFileSync(script, [...traps, ...blocks, ''].join('\n'))
    const shell = spawn('bash', [script], {
      cwd: folder,
      env,
      detached: true,
      signal,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#shell = shell
    for (const stream of [shell.stdout, shell.stderr]) {
      stream.on('data', (data: Buffer) => {
        const text = data.toString()
        checkNoSecret(text, 'what the commands print')
        log(text.trimEnd())
      })
    }
    // Its own end: what it has left in the background holds its output open.
    await once(shell, 'exit')
    return {
      commands: new Set(linesOf(counted)).size,
      failed: linesOf(failed).map((text) => {
        const [code, ...line] = text.split('\t')
        return { code: Number(code), line: line.join('\t') }
      }),
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const pid = this.#shell?.pid
    if (pid === undefined) return
    try {
      process.kill(-pid, 'SIGTERM')
    } catch (error) {
      this.#options.log(`nothing was left running: ${describeError(error)}`)
    }
  }
}

function linesOf(file: string): string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : []
}
