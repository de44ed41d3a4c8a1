import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FlowBody, FlowsBody, StatusBody } from '../../src/api/contract/index.ts'
import { nodeFlags } from '../../bin/node.js'
import { localPorts } from '../../src/local/index.ts'
import { checkNoSecret } from './secrets.ts'

/** Folder for whole logs that outlive the test: for whoever looks for the cause of a failure. */
const KEPT = process.env['ISTHMUS_TEST_KEEP']

/** How long an ended process's last lines are waited for. */
const LAST_LINES_MS = 1_000

/** `isthmus run` as a process of its own, to be killed, frozen and woken. */
export interface IsthmusOptions {
  readonly regions: readonly RegionEntry[]
  /** YAML of everything below `regions`, such as links. */
  readonly rest: string
  /** More keys of `api`, in YAML's flow style. @defaultValue open to everyone on this machine */
  readonly api?: string
  readonly logLevel?: string
  /** @defaultValue all */
  readonly role?: 'all' | 'controller' | 'replicator' | 'agent'
  /** That it stands in. @defaultValue what the YAML says */
  readonly region?: string
  /** Beside what this process has. */
  readonly env?: Readonly<Record<string, string>>
}

type ProcessOptions = Pick<IsthmusOptions, 'logLevel' | 'role' | 'region' | 'env'>

export interface RegionEntry {
  readonly name: string
  readonly bootstrap: readonly string[]
  /** More keys of the region, in YAML's flow style, such as `tls: {}`. */
  readonly access?: string
}

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export class IsthmusProcess implements AsyncDisposable {
  readonly apiUrl: string
  readonly configFile: string
  /** The last lines of its log. */
  readonly log: string[] = []
  readonly exited: Promise<Exit>
  readonly #child: ChildProcess
  readonly #folder: string
  #leak: unknown

  static async start(options: IsthmusOptions): Promise<IsthmusProcess> {
    const [port] = await localPorts.take(1)
    const folder = mkdtempSync(join(tmpdir(), 'isthmus-process-'))
    const file = join(folder, 'isthmus.yaml')
    const regions = options.regions.map(({ name, bootstrap, access }) => {
      const keys = [`name: ${name}`, `bootstrap: [${bootstrap.join(', ')}]`, ...(access === undefined ? [] : [access])]
      return `  - { ${keys.join(', ')} }`
    })
    const api = `api: { listen: "127.0.0.1:${port}", ${options.api ?? 'anonymous: admin'} }`
    writeFileSync(file, ['apiVersion: isthmus/v1', 'regions:', ...regions, options.rest, api, ''].join('\n'))
    return new IsthmusProcess(file, folder, `http://127.0.0.1:${port}`, options)
  }

  /** With the text of a whole configuration, whose API is to listen at the default address: it gets a port of its own. */
  static async startWith(config: string): Promise<IsthmusProcess> {
    const [port] = await localPorts.take(1)
    const folder = mkdtempSync(join(tmpdir(), 'isthmus-process-'))
    const file = join(folder, 'isthmus.yaml')
    writeFileSync(file, config.replace('listen: 127.0.0.1:8080', `listen: 127.0.0.1:${port}`))
    return new IsthmusProcess(file, folder, `http://127.0.0.1:${port}`, {})
  }

  private constructor(file: string, folder: string, apiUrl: string, options: ProcessOptions) {
    this.apiUrl = apiUrl
    this.configFile = file
    this.#folder = folder
    const main = resolve(import.meta.dirname, '../../src/main.ts')
    const { logLevel = 'info', role = 'all', region, env = {} } = options
    const place = region === undefined ? [] : ['--region', region]
    const args = [main, 'run', '--config', file, '--role', role, ...place, '--log-level', logLevel]
    this.#child = spawn(process.execPath, [...nodeFlags, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    })
    const read = [this.#child.stdout, this.#child.stderr].map((stream) => this.#read(stream))
    const exited = new Promise<Exit>((settle) => this.#child.on('exit', (code, signal) => settle({ code, signal })))
    this.exited = exited.then(async (exit) => {
      // What it started itself may hold its output open.
      await Promise.race([Promise.all(read), sleep(LAST_LINES_MS, undefined, { ref: false })])
      return exit
    })
  }

  /** Every line of it into the log, until its end. */
  async #read(stream: Readable | null): Promise<void> {
    if (stream === null) return
    const lines = createInterface({ input: stream }).on('line', (line) => {
      this.log.push(line)
      this.#look(line, 'the log')
      if (KEPT !== undefined) appendFileSync(join(KEPT, `${basename(this.#folder)}.log`), `${line}\n`)
      if (this.log.length > 2_000) this.log.splice(0, 1_000)
    })
    await once(lines, 'close')
  }

  /** What leaks makes the test fail at its end. */
  #look(text: string, where: string): void {
    try {
      checkNoSecret(text, where)
    } catch (error) {
      this.#leak ??= error
    }
  }

  get pid(): number {
    return this.#child.pid ?? -1
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** SIGKILL: no goodbye. */
  async kill(): Promise<Exit> {
    this.#child.kill('SIGKILL')
    return this.exited
  }

  freeze(): void {
    this.#child.kill('SIGSTOP')
  }

  wake(): void {
    this.#child.kill('SIGCONT')
  }

  /** SIGTERM, and its answer. */
  async terminate(): Promise<Exit> {
    this.#child.kill('SIGTERM')
    return this.exited
  }

  /** Undefined while it does not answer. */
  async status(): Promise<StatusBody | undefined> {
    try {
      const response = await fetch(`${this.apiUrl}/api/v1/status`, { signal: AbortSignal.timeout(5_000) })
      return response.ok ? ((await response.json()) as StatusBody) : undefined
    } catch {
      return undefined
    }
  }

  /** Every flow of a link. */
  async flows(link: string): Promise<FlowBody[]> {
    const flows: FlowBody[] = []
    for (let after = ''; ; ) {
      const query = new URLSearchParams({ limit: '1000', ...(after !== '' && { after }) })
      const page = JSON.parse(await this.get(`/api/v1/links/${link}/flows?${query.toString()}`)) as FlowsBody
      flows.push(...page.flows)
      if (page.next === null) return flows
      after = page.next
    }
  }

  /** Text of a GET on its API. */
  async get(path: string): Promise<string> {
    const response = await fetch(`${this.apiUrl}${path}`, { signal: AbortSignal.timeout(60_000) })
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`)
    return response.text()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.isRunning) {
      this.#look(commandLineOf(this.pid), 'the command line')
      await this.kill()
    }
    rmSync(this.#folder, { recursive: true, force: true })
    if (this.#leak !== undefined) throw this.#leak
  }
}

/** As everybody on the machine sees it; empty where there is no such file. */
function commandLineOf(pid: number): string {
  const file = `/proc/${pid}/cmdline`
  return existsSync(file) ? readFileSync(file, 'utf8') : ''
}

/** Looks again every `everyMs` until there is an answer; throws after `limitMs`, with the log's end. */
export async function eventually<Answer>(
  what: string,
  look: () => Promise<Answer | undefined>,
  options: { readonly limitMs: number; readonly everyMs?: number; readonly signal?: AbortSignal },
): Promise<Answer> {
  const endsAtMs = performance.now() + options.limitMs
  for (;;) {
    options.signal?.throwIfAborted()
    const answer = await look()
    if (answer !== undefined) return answer
    if (performance.now() > endsAtMs) throw new Error(`${what}: not within ${options.limitMs} ms`)
    await sleep(options.everyMs ?? 200)
  }
}
