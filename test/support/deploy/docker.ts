import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

export const ROOT = resolve(import.meta.dirname, '../../..')

export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface DockerOptions {
  readonly signal?: AbortSignal
  readonly env?: Readonly<Record<string, string>>
}

/** Runs docker in the checkout; what it answers is a result. */
export function runDocker(args: readonly string[], { signal, env }: DockerOptions = {}): Promise<Ran> {
  return new Promise((settle, reject) => {
    const child = spawn('docker', args, {
      cwd: ROOT,
      env: { ...process.env, DOCKER_BUILDKIT: '1', BUILDKIT_PROGRESS: 'plain', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(signal && { signal }),
    })
    let [stdout, stderr] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    child.on('error', reject)
    child.on('close', (code) => settle({ code: code ?? 1, stdout, stderr }))
  })
}

/** The same, where anything but success is an error. Answers what was printed. */
export async function docker(args: readonly string[], options: DockerOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await runDocker(args, options)
  if (code !== 0) throw new Error(`docker ${args.slice(0, 3).join(' ')} ended with ${code}: ${stderr.slice(-2_000)}`)
  return stdout.trim()
}

/** Builds the image of the checkout under a name, with this machine's own way to the package registry. */
export async function buildImage(name: string, options: DockerOptions = {}): Promise<void> {
  const npmrc = join(homedir(), '.npmrc')
  const secret = existsSync(npmrc) ? ['--secret', `id=npmrc,src=${npmrc}`] : []
  await docker(['build', '--network', 'host', ...secret, '--tag', name, '.'], options)
}
