import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { findEtcd } from '../../../bin/prerequisites.js'
import { createAuthority, localPorts } from '../../../src/local/index.ts'

/** The program, where this machine has it. */
export const etcdProgram: string | undefined = (await findEtcd()).program

export interface EtcdOptions {
  /** @defaultValue 1 */
  readonly members?: number
  /** `mutual`: clients need a certificate too. @defaultValue plaintext */
  readonly tls?: 'server' | 'mutual'
}

interface Member {
  readonly name: string
  readonly clientUrl: string
  readonly peerUrl: string
  readonly folder: string
  process: ChildProcess | undefined
}

export interface EtcdFiles {
  readonly ca: string
  readonly cert?: string | undefined
  readonly key?: string | undefined
}

const START_MS = 30_000

/** An etcd cluster on this machine, whose members can be killed, frozen and started again with their data. */
export class EtcdServer implements AsyncDisposable {
  readonly endpoints: readonly string[]
  /** Of a client, where the cluster speaks TLS. */
  readonly tls: EtcdFiles | undefined
  readonly #isMutual: boolean
  readonly #folder: string
  readonly #members: readonly Member[]

  private constructor(folder: string, members: readonly Member[], tls: { files?: EtcdFiles; isMutual: boolean }) {
    this.#folder = folder
    this.#members = members
    this.#isMutual = tls.isMutual
    const { ca, cert, key } = tls.files ?? {}
    this.tls = ca === undefined ? undefined : tls.isMutual ? { ca, cert, key } : { ca }
    this.endpoints = members.map(({ clientUrl }) => clientUrl)
  }

  static async start({ members: count = 1, tls }: EtcdOptions = {}): Promise<EtcdServer> {
    const folder = await mkdtemp(join(tmpdir(), 'isthmus-etcd-'))
    const ports = await localPorts.take(count * 2)
    const files = tls && (await writeCertificates(folder))
    const scheme = tls === undefined ? 'http' : 'https'
    const members = Array.from({ length: count }, (_, at): Member => {
      return {
        name: `m${at}`,
        clientUrl: `${scheme}://127.0.0.1:${ports[at * 2]}`,
        peerUrl: `http://127.0.0.1:${ports[at * 2 + 1]}`,
        folder: join(folder, `m${at}`),
        process: undefined,
      }
    })
    const server = new EtcdServer(folder, members, { ...(files && { files }), isMutual: tls === 'mutual' })
    await server.startAll()
    return server
  }

  async startAll(): Promise<void> {
    for (const member of this.#members) this.#launch(member)
    await Promise.all(this.#members.map((member) => this.#untilHealthy(member)))
  }

  /** kill -9. */
  async kill(at: number): Promise<void> {
    const member = this.#members[at] as Member
    const { process: child } = member
    if (child === undefined) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGCONT')
    child.kill('SIGKILL')
    await gone
    member.process = undefined
  }

  async killAll(): Promise<void> {
    await Promise.all(this.#members.map((_, at) => this.kill(at)))
  }

  async restartAll(): Promise<void> {
    await this.killAll()
    await this.startAll()
  }

  freeze(at: number): void {
    this.#members[at]?.process?.kill('SIGSTOP')
  }

  thaw(at: number): void {
    this.#members[at]?.process?.kill('SIGCONT')
  }

  /** The index of the member that leads. */
  async leader(): Promise<number> {
    for (const [at, member] of this.#members.entries()) {
      const status = (await this.#ask(member, '/v3/maintenance/status')) as {
        header?: { member_id?: string }
        leader?: string
      }
      if (status.leader !== undefined && status.leader === status.header?.member_id) return at
    }
    throw new Error('no member leads')
  }

  /** As etcdctl would, at the first member; throws what is not a success. */
  async call(path: string, body: object): Promise<unknown> {
    return this.#ask(this.#members[0] as Member, path, body)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.killAll()
    await rm(this.#folder, { recursive: true, force: true })
  }

  #launch(member: Member): void {
    if (member.process !== undefined) return
    const { name, clientUrl, peerUrl, folder } = member
    const cluster = this.#members.map((other) => `${other.name}=${other.peerUrl}`).join()
    const flags = [
      ['--name', name],
      ['--data-dir', folder],
      ['--listen-client-urls', clientUrl],
      ['--advertise-client-urls', clientUrl],
      ['--listen-peer-urls', peerUrl],
      ['--initial-advertise-peer-urls', peerUrl],
      ['--initial-cluster', cluster],
      ['--logger', 'zap'],
      ['--log-level', 'error'],
    ].flat()
    const files = (part: string) => join(this.#folder, part)
    const tls = ['--cert-file', files('server.pem'), '--key-file', files('server.key')]
    const clients = ['--trusted-ca-file', files('ca.pem'), '--client-cert-auth']
    const args = this.tls === undefined ? flags : [...flags, ...tls, ...(this.#isMutual ? clients : [])]
    member.process = spawn(etcdProgram ?? 'etcd', args, { stdio: ['ignore', 'ignore', 'inherit'] })
  }

  async #untilHealthy(member: Member): Promise<void> {
    const until = Date.now() + START_MS
    for (;;) {
      try {
        await this.#ask(member, '/v3/kv/range', { key: Buffer.from('health').toString('base64') })
        return
      } catch (error) {
        // With logins switched on, even a refusal is a sign of life.
        if (String(error).includes('user name is empty')) return
        if (Date.now() > until) throw error
        await delay(50)
      }
    }
  }

  async #ask(member: Member, path: string, body: object = {}): Promise<unknown> {
    const text =
      this.tls === undefined
        ? await this.#askPlain(member, path, body)
        : await askSecurely(new URL(path, member.clientUrl), JSON.stringify(body), this.tls)
    return JSON.parse(text) as unknown
  }

  async #askPlain(member: Member, path: string, body: object): Promise<string> {
    const answer = await fetch(new URL(path, member.clientUrl), { method: 'POST', body: JSON.stringify(body) })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${path}: ${text}`)
    return text
  }
}

function askSecurely(url: URL, body: string, tls: EtcdFiles): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method: 'POST', ...tls }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (part: string) => {
        text += part
      })
      answer.on('end', () =>
        answer.statusCode === 200 ? resolve(text) : reject(new Error(`${url.pathname}: ${text}`)),
      )
    })
    asked.on('error', reject)
    asked.end(body)
  })
}

async function writeCertificates(folder: string): Promise<EtcdFiles> {
  const issuer = await createAuthority({ commonName: 'etcd tests', now: new Date() })
  const server = await issuer.issueCertificate({ commonName: 'etcd', ips: ['127.0.0.1'], dnsNames: ['localhost'] })
  const client = await issuer.issueCertificate({ commonName: 'isthmus' })
  await writeFile(join(folder, 'ca.pem'), issuer.certificate)
  await writeFile(join(folder, 'server.pem'), server.certificate)
  await writeFile(join(folder, 'server.key'), server.privateKey)
  return { ca: issuer.certificate, cert: client.certificate, key: client.privateKey }
}
