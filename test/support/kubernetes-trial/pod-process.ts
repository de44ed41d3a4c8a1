import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { parse, stringify } from 'yaml'
import { nodeFlags } from '../../../bin/node.js'
import { localPorts } from '../../../src/local/index.ts'

const MAIN = resolve(import.meta.dirname, '../../../src/main.ts')
const MOUNTED = '/etc/isthmus/config/isthmus.yaml'
const LOG_LINES = 400

/** What a rendered Deployment says of its pods. */
export interface PodTemplate {
  readonly spec: {
    readonly automountServiceAccountToken: boolean
    readonly containers: readonly {
      readonly command?: readonly string[]
      readonly args: readonly string[]
      readonly env?: readonly { readonly name: string; readonly value: string }[]
    }[]
  }
}

export interface PodOptions {
  readonly template: PodTemplate
  /** Of the ConfigMap that is mounted. */
  readonly config: string
  /** Who the service account is, in place of the token that a pod has mounted. */
  readonly kubeconfig: string
  readonly folder: string
}

type Keys = Record<string, unknown>

interface Own {
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly port: number
  readonly configFile: string
}

/**
 * A pod of a rendered Deployment as a process of this machine, with its own arguments, variables and ConfigMap. Only what
 * no two processes of one machine can share is its own: the address that it listens at, and where its token is.
 */
export class PodProcess implements AsyncDisposable {
  readonly port: number
  readonly configFile: string
  readonly log: string[] = []
  readonly #child: ChildProcess
  readonly #exited: Promise<unknown>

  static async start({ template, config, kubeconfig, folder }: PodOptions): Promise<PodProcess> {
    const [container] = template.spec.containers
    if (container === undefined || container.command !== undefined) throw new Error('no pod of Isthmus')
    if (!template.spec.automountServiceAccountToken) throw new Error('the pod has no token')
    const [port = 0] = await localPorts.take(1)
    const file = `${folder}/pod-${port}.yaml`
    writeFileSync(file, localConfig(config, { listen: `127.0.0.1:${port}`, kubeconfig }))
    const args = container.args.map((arg) => arg.replace(MOUNTED, file))
    const env = Object.fromEntries((container.env ?? []).map(({ name, value }) => [name, value]))
    return new PodProcess({ args, env, port, configFile: file })
  }

  private constructor({ args, env, port, configFile }: Own) {
    this.port = port
    this.configFile = configFile
    this.#child = spawn(process.execPath, [...nodeFlags, MAIN, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...env },
    })
    this.#exited = once(this.#child, 'exit')
    if (this.#child.stdout === null) throw new Error('a process without output')
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      this.log.push(line)
      if (this.log.length > LOG_LINES) this.log.shift()
    })
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  freeze(): void {
    this.#child.kill('SIGSTOP')
  }

  wake(): void {
    this.#child.kill('SIGCONT')
  }

  /** As its readiness probe sees it. */
  async isReady(): Promise<boolean> {
    const { ok } = await fetch(`http://127.0.0.1:${this.port}/readyz`).catch(() => ({ ok: false }))
    return ok
  }

  /** kill -9. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exited
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.isRunning) return
    this.wake()
    this.#child.kill('SIGTERM')
    const late = setTimeout(() => this.#child.kill('SIGKILL'), 15_000)
    await this.#exited
    clearTimeout(late)
  }
}

function localConfig(text: string, { listen, kubeconfig }: { readonly listen: string; readonly kubeconfig: string }) {
  const config = parse(text) as {
    api: Keys
    authority: Keys
    kubernetes: Keys
    failoverGroups: Record<'routing' | 'eviction', Keys[]>[]
  }
  const { api, authority, kubernetes, failoverGroups } = config
  const groups = failoverGroups.map((group) => {
    const here = (providers: readonly Keys[]) => providers.map((provider) => ({ ...provider, kubeconfig }))
    return { ...group, routing: here(group.routing), eviction: here(group.eviction) }
  })
  return stringify({
    ...config,
    api: { ...api, listen },
    authority: { ...authority, kubeconfig },
    kubernetes: { ...kubernetes, kubeconfig },
    failoverGroups: groups,
  })
}
