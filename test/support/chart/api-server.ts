import { type ChildProcess, spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findKubernetesTools } from '../../../bin/prerequisites.js'
import { createAuthority, localPorts } from '../../../src/local/index.ts'

const START_MS = 150_000

export interface KubeAnswer {
  readonly status: number
  readonly body: object
}

/** A real API server with its etcd and no controllers: what is declared stays as it was written, and nothing runs. */
export class ApiServer implements AsyncDisposable {
  /** Of an administrator. */
  readonly kubeconfig: string
  readonly #folder: string
  readonly #url: string
  readonly #ca: string
  readonly #children: ChildProcess[] = []

  private constructor(folder: string, port: number, ca: string) {
    this.#folder = folder
    this.#url = `https://127.0.0.1:${port}`
    this.#ca = ca
    this.kubeconfig = join(folder, 'kubeconfig')
  }

  static async start(): Promise<ApiServer> {
    const folder = await mkdtemp(join(tmpdir(), 'isthmus-kube-'))
    const [client = 0, peer = 0, port = 0] = await localPorts.take(3)
    const issuer = await createAuthority({ commonName: 'chart trial', now: new Date() })
    const own = await issuer.issueCertificate({ commonName: 'kube-apiserver', ips: ['127.0.0.1'] })
    const signing = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
    await writeFile(join(folder, 'server.pem'), own.certificate)
    await writeFile(join(folder, 'server.key'), own.privateKey)
    await writeFile(join(folder, 'sa.key'), signing.export({ type: 'pkcs1', format: 'pem' }))
    await writeFile(join(folder, 'tokens.csv'), 'admintoken,admin,admin,"system:masters"\n')
    const server = new ApiServer(folder, port, issuer.certificate)
    try {
      await server.#writeKubeconfig()
      const { programs } = await findKubernetesTools()
      server.#spawn(programs['etcd'], etcdFlags(folder, client, peer))
      server.#spawn(programs['kube-apiserver'], apiServerFlags(folder, client, port))
      await server.#untilReady()
      return server
    } catch (error) {
      await server[Symbol.asyncDispose]()
      throw error
    }
  }

  /** As kubectl would. */
  call(method: string, path: string, body?: object): Promise<KubeAnswer> {
    return new Promise((resolve, reject) => {
      const headers = { authorization: 'Bearer admintoken', 'content-type': 'application/json' }
      const asked = request(new URL(path, this.#url), { method, ca: this.#ca, headers }, (answer) => {
        let text = ''
        answer.setEncoding('utf8').on('data', (part: string) => (text += part))
        answer.on('end', () => {
          const parsed = text.startsWith('{') ? (JSON.parse(text) as object) : { text }
          resolve({ status: answer.statusCode ?? 0, body: parsed })
        })
      })
      asked.on('error', reject)
      asked.end(body && JSON.stringify(body))
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children.toReversed()) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      await gone
    }
    await rm(this.#folder, { recursive: true, force: true })
  }

  #spawn(program: string | undefined, flags: readonly string[]): void {
    this.#children.push(spawn(program ?? 'false', flags, { stdio: 'ignore' }))
  }

  async #untilReady(): Promise<void> {
    const until = performance.now() + START_MS
    for (;;) {
      const status = await this.call('GET', '/readyz').then(
        (answer) => answer.status,
        () => 0,
      )
      if (status === 200) return
      if (this.#children.some(({ exitCode }) => exitCode !== null)) throw new Error('etcd or kube-apiserver has ended')
      if (performance.now() > until) throw new Error(`kube-apiserver is not ready within ${START_MS / 1_000} s`)
      await sleep(100)
    }
  }

  async #writeKubeconfig(): Promise<void> {
    const cluster = { server: this.#url, 'certificate-authority-data': Buffer.from(this.#ca).toString('base64') }
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'trial',
      clusters: [{ name: 'trial', cluster }],
      users: [{ name: 'trial', user: { token: 'admintoken' } }],
      contexts: [{ name: 'trial', context: { cluster: 'trial', user: 'trial' } }],
    }
    await writeFile(this.kubeconfig, JSON.stringify(config))
  }
}

function etcdFlags(folder: string, client: number, peer: number): string[] {
  const [clientUrl, peerUrl] = [client, peer].map((port) => `http://127.0.0.1:${port}`)
  return [
    `--data-dir=${join(folder, 'etcd')}`,
    `--listen-client-urls=${clientUrl}`,
    `--advertise-client-urls=${clientUrl}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=default=${peerUrl}`,
    '--unsafe-no-fsync',
    '--log-level=error',
  ]
}

function apiServerFlags(folder: string, etcd: number, port: number): string[] {
  const file = (name: string) => join(folder, name)
  return [
    `--etcd-servers=http://127.0.0.1:${etcd}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    `--secure-port=${port}`,
    `--tls-cert-file=${file('server.pem')}`,
    `--tls-private-key-file=${file('server.key')}`,
    `--token-auth-file=${file('tokens.csv')}`,
    `--service-account-issuer=https://127.0.0.1:${port}`,
    `--service-account-key-file=${file('sa.key')}`,
    `--service-account-signing-key-file=${file('sa.key')}`,
    '--service-cluster-ip-range=10.0.0.0/24',
    '--authorization-mode=RBAC',
    '--endpoint-reconciler-type=none',
    // Without controllers no namespace has a service account.
    '--disable-admission-plugins=ServiceAccount',
    `--cert-dir=${folder}`,
  ]
}
