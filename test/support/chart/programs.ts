import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { findKubernetesTools } from '../../../bin/prerequisites.js'

const { programs } = await findKubernetesTools()

export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs `helm`, `kubectl` or `kubeconform`; whatever they answer is a result. */
export function runTool(
  name: 'helm' | 'kubectl' | 'kubeconform',
  args: readonly string[],
  {
    signal,
    kubeconfig,
    input,
  }: { readonly signal: AbortSignal; readonly kubeconfig?: string; readonly input?: string },
): Promise<Ran> {
  // Nothing of the user's own: neither his clusters nor his plugins.
  const env = {
    PATH: process.env['PATH'],
    HOME: '/nonexistent',
    KUBECONFIG: kubeconfig ?? '/dev/null',
    TMPDIR: process.env['TMPDIR'],
  }
  return new Promise((resolve, reject) => {
    const child = spawn(programs[name] ?? name, args, {
      signal,
      env: { ...env, HELM_CACHE_HOME: '/tmp', HELM_NO_PLUGINS: '1' },
    })
    let [stdout, stderr] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    child.on('error', reject)
    child.on('close', (code) => resolve({ code: code ?? 1, stdout, stderr }))
    child.stdin.on('error', () => undefined)
    child.stdin.end(input ?? '')
  })
}

/** A program that goes on until it is told to end, line by line. */
export class WatchedTool implements Disposable {
  readonly lines: string[] = []
  readonly #child: ChildProcess

  constructor(name: 'kubectl', args: readonly string[], kubeconfig: string) {
    const env = { PATH: process.env['PATH'], HOME: '/nonexistent', KUBECONFIG: kubeconfig }
    const child = spawn(programs[name] ?? name, args, { env, stdio: ['ignore', 'pipe', 'ignore'] })
    child.on('error', () => undefined)
    createInterface({ input: child.stdout }).on('line', (line) => this.lines.push(line))
    this.#child = child
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL')
  }
}
