// Here, so that no test waits until it is loaded.
import '@kubernetes/client-node'
import { type ChildProcess, spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parse } from 'yaml'
import { findApiServer, findEtcd } from '../../../bin/prerequisites.js'
import type { KubernetesObject } from '../../../src/kubernetes/index.ts'
import { createAuthority, localPorts } from '../../../src/local/index.ts'

const [apiServer, etcd] = await Promise.all([findApiServer(), findEtcd()])
/** Whether this machine has both programs. */
export const hasKubernetes: boolean = apiServer.found && etcd.found

/** Somebody without any rights, but those that a test grants. */
export const RESTRICTED = { user: 'isthmus', token: 'isthmustoken' } as const

const START_MS = 150_000
const TOKENS = `admintoken,admin,admin,"system:masters"\n${RESTRICTED.token},${RESTRICTED.user},${RESTRICTED.user}\n`
const CRDS = new URL('../../../k8s/crds/', import.meta.url)
type Program = 'etcd' | 'kube-apiserver'

interface Own {
  readonly folder: string
  readonly ports: readonly number[]
  readonly ca: string
  readonly program: string | undefined
}

/** What the server answered to a call of the test itself. */
export interface KubeAnswer {
  readonly status: number
  /** Of an object, a list or a `Status`. */
  readonly body: KubernetesObject & { readonly message?: string; readonly items?: readonly KubernetesObject[] }
}

export interface KubeServerOptions {
  /** With those of `k8s/crds` established. @defaultValue true */
  readonly hasDefinitions?: boolean
  /** Path of another kube-apiserver. @defaultValue that of this machine */
  readonly program?: string | undefined
}

/** A real API server with its etcd and no controllers: what is declared stays as it was written. */
export class KubeServer implements AsyncDisposable {
  /** Of an administrator. */
  readonly kubeconfig: string
  readonly #folder: string
  readonly #ports: readonly number[]
  readonly #ca: string
  readonly #program: string
  readonly #processes = new Map<Program, ChildProcess>()

  private constructor({ folder, ports, ca, program }: Own) {
    this.#folder = folder
    this.#ports = ports
    this.#ca = ca
    this.#program = program ?? 'kube-apiserver'
    this.kubeconfig = join(folder, 'admin.kubeconfig')
  }

  static async start({ hasDefinitions = true, program }: KubeServerOptions = {}): Promise<KubeServer> {
    const folder = await mkdtemp(join(tmpdir(), 'isthmus-kube-'))
    const ports = await localPorts.take(3)
    const issuer = await createAuthority({ commonName: 'kube tests', now: new Date() })
    const own = await issuer.issueCertificate({
      commonName: 'kube-apiserver',
      ips: ['127.0.0.1'],
      dnsNames: ['localhost'],
    })
    const signing = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
    await writeFile(join(folder, 'ca.pem'), issuer.certificate)
    await writeFile(join(folder, 'server.pem'), own.certificate)
    await writeFile(join(folder, 'server.key'), own.privateKey)
    await writeFile(join(folder, 'sa.key'), signing.export({ type: 'pkcs1', format: 'pem' }))
    await writeFile(join(folder, 'tokens.csv'), TOKENS)
    const server = new KubeServer({ folder, ports, ca: issuer.certificate, program: program ?? apiServer.program })
    await server.#writeKubeconfig(server.kubeconfig, 'admintoken', 'default')
    try {
      await server.startAll()
      if (hasDefinitions) await server.#establishDefinitions()
    } catch (error) {
      await server[Symbol.asyncDispose]()
      throw error
    }
    return server
  }

  get url(): string {
    return `https://127.0.0.1:${this.#ports[2]}`
  }

  /** Path of one of its own files, such as `sa.key`. */
  file(name: string): string {
    return join(this.#folder, name)
  }

  async startAll(): Promise<void> {
    this.#launch('etcd', this.#etcdFlags())
    this.#launch('kube-apiserver', this.#apiServerFlags())
    await this.#untilReady()
  }

  /** kill -9. */
  async kill(program: Program): Promise<void> {
    const child = this.#processes.get(program)
    if (child === undefined) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGCONT')
    child.kill('SIGKILL')
    await gone
    this.#processes.delete(program)
  }

  async killAll(): Promise<void> {
    await this.kill('kube-apiserver')
    await this.kill('etcd')
  }

  async restartAll(): Promise<void> {
    await this.killAll()
    await this.startAll()
  }

  freeze(): void {
    this.#processes.get('kube-apiserver')?.kill('SIGSTOP')
  }

  thaw(): void {
    this.#processes.get('kube-apiserver')?.kill('SIGCONT')
  }

  /** A namespace of its own for a test. */
  async makeNamespace(name: string): Promise<string> {
    await this.call('POST', '/api/v1/namespaces', { metadata: { name } })
    return name
  }

  /** As kubectl would, as an administrator. */
  call(method: string, path: string, body?: object, type = 'application/json'): Promise<KubeAnswer> {
    return this.#ask(method, path, { body, headers: { 'content-type': type } })
  }

  #ask(
    method: string,
    path: string,
    { headers, body: sent }: { readonly headers: Readonly<Record<string, string>>; readonly body?: object | undefined },
  ): Promise<KubeAnswer> {
    return new Promise((resolve, reject) => {
      const options = { method, ca: this.#ca, headers: { authorization: 'Bearer admintoken', ...headers } }
      const asked = request(new URL(path, this.url), options, (answer) => {
        let text = ''
        answer.setEncoding('utf8').on('data', (part: string) => {
          text += part
        })
        answer.on('end', () => {
          const body = text.startsWith('{') ? (JSON.parse(text) as object) : { message: text }
          resolve({ status: answer.statusCode ?? 0, body: { metadata: { name: '' }, ...body } })
        })
      })
      asked.on('error', reject)
      asked.end(sent && JSON.stringify(sent))
    })
  }

  /** What `kubectl get` would show of a collection. */
  async table(path: string): Promise<{ columns: readonly string[]; cells: readonly (readonly unknown[])[] }> {
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io'
    const { body } = await this.#ask('GET', path, { headers: { accept } })
    const { columnDefinitions, rows } = body as unknown as {
      columnDefinitions: { name: string; priority: number }[]
      rows: { cells: unknown[] }[]
    }
    const columns = columnDefinitions.filter(({ priority }) => priority === 0).map(({ name }) => name)
    return { columns, cells: rows.map(({ cells }) => cells) }
  }

  /** A kubeconfig of somebody with this token. */
  async writeKubeconfig(name: string, token: string, namespace: string): Promise<string> {
    const path = join(this.#folder, `${name}.kubeconfig`)
    await this.#writeKubeconfig(path, token, namespace)
    return path
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.killAll()
    await rm(this.#folder, { recursive: true, force: true })
  }

  #launch(program: Program, flags: readonly string[]): void {
    if (this.#processes.has(program)) return
    const path = program === 'etcd' ? (etcd.program ?? program) : this.#program
    this.#processes.set(program, spawn(path, flags, { stdio: 'ignore' }))
  }

  #etcdFlags(): string[] {
    const [client, peer] = this.#ports.map((port) => `http://127.0.0.1:${port}`)
    return [
      `--data-dir=${join(this.#folder, 'etcd')}`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=default=${peer}`,
      '--log-level=error',
      // Only processes are killed here, never the machine.
      '--unsafe-no-fsync',
    ]
  }

  #apiServerFlags(): string[] {
    const file = (name: string) => this.file(name)
    return [
      `--etcd-servers=http://127.0.0.1:${this.#ports[0]}`,
      '--bind-address=127.0.0.1',
      '--advertise-address=127.0.0.1',
      `--secure-port=${this.#ports[2]}`,
      `--tls-cert-file=${file('server.pem')}`,
      `--tls-private-key-file=${file('server.key')}`,
      `--token-auth-file=${file('tokens.csv')}`,
      `--service-account-issuer=${this.url}`,
      `--service-account-key-file=${file('sa.key')}`,
      `--service-account-signing-key-file=${file('sa.key')}`,
      '--service-cluster-ip-range=10.0.0.0/24',
      '--authorization-mode=RBAC',
      '--endpoint-reconciler-type=none',
      // Without controllers no namespace has a service account.
      '--disable-admission-plugins=ServiceAccount',
      `--cert-dir=${this.#folder}`,
    ]
  }

  async #untilReady(): Promise<void> {
    const until = Date.now() + START_MS
    for (;;) {
      const answer = await this.call('GET', '/readyz').catch(String)
      if (typeof answer === 'object' && answer.status === 200) return
      const code = this.#processes.get('kube-apiserver')?.exitCode
      if (typeof code === 'number') throw new Error(`kube-apiserver ended with ${code}`)
      if (Date.now() > until) throw new Error(`kube-apiserver is not ready: ${JSON.stringify(answer)}`)
      await delay(100)
    }
  }

  /** The first object of a kind can only be made once its definition is served. */
  async #establishDefinitions(): Promise<void> {
    for (const file of (await readdir(CRDS)).filter((name) => name.endsWith('.yaml'))) {
      const definition = parse(await readFile(new URL(file, CRDS), 'utf8')) as {
        metadata: { name: string }
        spec: { group: string; names: { plural: string }; versions: { name: string }[] }
      }
      const made = await this.call('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', definition)
      if (made.status !== 201) throw new Error(`${file}: ${JSON.stringify(made.body)}`)
      const { group, names, versions } = definition.spec
      const path = `/apis/${group}/${versions[0]?.name}/${names.plural}`
      for (const until = Date.now() + START_MS; (await this.call('GET', path)).status !== 200; await delay(50)) {
        if (Date.now() > until) throw new Error(`${file} is not served`)
      }
    }
  }

  async #writeKubeconfig(path: string, token: string, namespace: string): Promise<void> {
    const cluster = { server: this.url, 'certificate-authority-data': Buffer.from(this.#ca).toString('base64') }
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'test',
      clusters: [{ name: 'test', cluster }],
      users: [{ name: 'test', user: { token } }],
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'test', namespace } }],
    }
    await writeFile(path, JSON.stringify(config))
  }
}
