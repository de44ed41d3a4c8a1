import { type ChildProcess, spawn } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { Resolver } from 'node:dns/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findNamed } from '../../../bin/prerequisites.js'
import { localPorts } from '../../../src/local/index.ts'
import { eventually } from '../isthmus-process.ts'

/** BIND, as Debian's package `bind9` has it, with one zone and one TSIG key on a port of the loopback. */
export interface NameServerOptions {
  readonly zone: string
  readonly key: { readonly name: string; readonly algorithm: string; readonly secret: string }
  /** Of the zone, in its text form, beside SOA and NS. */
  readonly records?: readonly string[]
  /** Follows this one; else it takes updates itself. */
  readonly primary?: NameServer
  /** Which records the key may change. @defaultValue all of the zone */
  readonly policy?: string
}

const START_MS = 20_000

export class NameServer implements AsyncDisposable {
  readonly port: number
  readonly address: string
  readonly #folder: string
  readonly #options: NameServerOptions
  #child: ChildProcess | undefined
  #said = ''

  private constructor(folder: string, port: number, options: NameServerOptions) {
    this.#folder = folder
    this.#options = options
    this.port = port
    this.address = `127.0.0.1:${port}`
  }

  static async start(options: NameServerOptions): Promise<NameServer> {
    const { program, detail } = await findNamed()
    if (program === undefined) throw new Error(`${detail}; install the Debian package bind9`)
    const folder = await mkdtemp(join(tmpdir(), 'isthmus-named-'))
    const [port = 0] = await localPorts.take(1)
    // A copy: the profile that AppArmor has for the program itself lets it read no other folder than its own.
    await copyFile(program, join(folder, 'named'))
    await mkdir(join(folder, 'zones'))
    if (options.primary === undefined) await writeFile(join(folder, 'zones', 'zone.db'), zoneOf(options))
    const server = new NameServer(folder, port, options)
    await server.startAgain()
    return server
  }

  /** The addresses of a name, as this server gives them; none where it has none, or does not answer. */
  async addressesOf(name: string): Promise<string[]> {
    const resolver = new Resolver({ timeout: 1_000, tries: 1 })
    resolver.setServers([this.address])
    return await resolver.resolve4(name).catch(() => [])
  }

  freeze(): void {
    this.#child?.kill('SIGSTOP')
  }

  wake(): void {
    this.#child?.kill('SIGCONT')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    await rm(this.#folder, { recursive: true, force: true })
  }

  async stop(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((settle) => child.once('exit', settle))
    child.kill('SIGKILL')
    await ended
  }

  /** With what it has stored, and its key or another one. */
  async startAgain(key: Partial<NameServerOptions['key']> = {}): Promise<void> {
    await this.stop()
    const options = { ...this.#options, key: { ...this.#options.key, ...key } }
    await writeFile(join(this.#folder, 'named.conf'), configOf(options, this.#folder, this.port))
    const args = ['-g', '-c', join(this.#folder, 'named.conf'), '-n', '1', '-U', '1']
    const child = spawn(join(this.#folder, 'named'), args, { stdio: ['ignore', 'ignore', 'pipe'] })
    this.#child = child
    child.stderr?.on('data', (text: Buffer) => (this.#said = `${this.#said}${text.toString()}`.slice(-4_000)))
    const resolver = new Resolver({ timeout: 500, tries: 1 })
    resolver.setServers([this.address])
    await eventually(
      'the name server has its zone',
      async () => {
        if (child.exitCode !== null) throw new Error(`named ended with ${child.exitCode}: ${this.#said}`)
        return await resolver.resolveSoa(this.#options.zone).catch(() => undefined)
      },
      { limitMs: START_MS },
    )
  }
}

function configOf({ zone, key, primary, policy }: NameServerOptions, folder: string, port: number): string {
  const role =
    primary === undefined
      ? `type primary; update-policy { grant ${key.name} ${policy ?? 'zonesub ANY'}; };`
      : `type secondary; masterfile-format text; primaries { 127.0.0.1 port ${primary.port}; };`
  return `
key "${key.name}" { algorithm ${key.algorithm}; secret "${key.secret}"; };
controls { };
options {
  directory "${folder}"; pid-file "${folder}/named.pid"; session-keyfile "${folder}/session.key";
  managed-keys-directory "${folder}"; dnssec-validation no; recursion no; notify no; minimal-responses yes; min-refresh-time 1; min-retry-time 1;
  listen-on port ${port} { 127.0.0.1; }; listen-on-v6 { none; }; allow-transfer { any; };
};
zone "${zone}" { ${role} file "${folder}/zones/zone.db"; };
`
}

/** Secondaries look for a new serial number every second: nobody notifies them, so that they come late. */
function zoneOf({ zone, records = [] }: NameServerOptions): string {
  const head = `$ORIGIN ${zone}.\n$TTL 30\n@ SOA ns.${zone}. root.${zone}. 1 1 1 60 1\n@ NS ns.${zone}.\nns A 127.0.0.1\n`
  return `${head}${records.join('\n')}\n`
}
