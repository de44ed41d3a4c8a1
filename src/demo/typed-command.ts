import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Scope } from './scope.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/**
 * Runs a command as a person would type it in the folder of the checkout, and shows it with its output. Resolves with
 * the exit code.
 */
export function typeCommand(words: readonly string[], { signal, say }: Pick<Scope, 'signal' | 'say'>): Promise<number> {
  const [program = '', ...args] = words
  say(`\n$ ${words.map(quote).join(' ')}`)
  return new Promise((resolve, reject) => {
    const child = spawn(program === 'node' ? process.execPath : program, args, {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      signal,
    })
    for (const stream of [child.stdout, child.stderr]) {
      let rest = ''
      stream.on('data', (chunk: Buffer) => {
        const lines = `${rest}${chunk.toString()}`.split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) say(`  ${line}`)
      })
      stream.on('end', () => rest !== '' && say(`  ${rest}`))
    }
    child.once('error', reject)
    child.once('close', (code) => resolve(code ?? -1))
  })
}

function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `"${word.replaceAll('"', '\\"')}"`
}
