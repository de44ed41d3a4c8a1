/**
 * An API server in this process: objects with resource versions, conflicts, pages of lists, watches that go stale. It
 * knows no schemas, no admission and no rights. The conformance suites of what is built on it run against it and
 * against a real one alike.
 */
// Here, so that no test waits until it is loaded.
import '@kubernetes/client-node'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { KubernetesObject } from '../../../src/kubernetes/index.ts'

/** What happens to a request: `lost` is done without an answer, `late` when the test says so. */
export type ApiMishap = 'lost' | 'late' | 'hang-up' | { readonly status: number; readonly message: string }

export interface ApiRequest {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly authorization: string | undefined
  readonly body: KubernetesObject | undefined
}

interface Change {
  readonly version: number
  readonly path: string
  readonly event: string
}

export class FakeApiServer implements AsyncDisposable {
  readonly kubeconfig: string
  readonly requests: ApiRequest[] = []
  readonly objects = new Map<string, KubernetesObject>()
  /** Asked before each request. */
  mishap: (request: ApiRequest) => ApiMishap | undefined = () => undefined
  /** Watches from before this version are told 410 Gone. */
  oldestVersion = 0
  readonly #server: Server
  readonly #folder: string
  readonly #changes: Change[] = []
  readonly #late: (() => void)[] = []
  readonly #watching = new Map<ServerResponse, string>()
  #version = 100

  private constructor(server: Server, folder: string) {
    this.#server = server
    this.#folder = folder
    this.kubeconfig = join(folder, 'kubeconfig')
    server.on('request', (request, response) => void this.#serve(request, response))
  }

  static async start(): Promise<FakeApiServer> {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const fake = new FakeApiServer(server, await mkdtemp(join(tmpdir(), 'isthmus-api-')))
    const { port } = server.address() as AddressInfo
    const cluster = { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true }
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'fake',
      clusters: [{ name: 'fake', cluster }],
      users: [{ name: 'fake', user: { token: 'first' } }],
      contexts: [{ name: 'fake', context: { cluster: 'fake', user: 'fake', namespace: 'kafka' } }],
    }
    await writeFile(fake.kubeconfig, JSON.stringify(config))
    return fake
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
    await rm(this.#folder, { recursive: true, force: true })
  }

  /** Does what was late. */
  deliverLate(): void {
    for (const apply of this.#late.splice(0)) apply()
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = []
    for await (const part of incoming as AsyncIterable<Buffer>) parts.push(part)
    const url = new URL(incoming.url ?? '', 'http://fake')
    const text = Buffer.concat(parts).toString('utf8')
    const request: ApiRequest = {
      method: incoming.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      authorization: incoming.headers.authorization,
      body: text === '' ? undefined : (JSON.parse(text) as KubernetesObject),
    }
    this.requests.push(request)
    const mishap = this.mishap(request)
    if (mishap === 'hang-up') return void incoming.socket.destroy()
    if (typeof mishap === 'object') return answer(response, mishap.status, statusOf(mishap.status, mishap.message))
    if (mishap === 'late') return void this.#late.push(() => this.#apply(request))
    if (request.query.get('watch') === 'true') return this.#watch(request, response)
    const [status, body] = this.#apply(request)
    if (mishap !== 'lost') answer(response, status, body)
  }

  #apply(given: ApiRequest): readonly [number, object] {
    const request = this.#ofStatus(given)
    const { method, path, body } = request
    const name = path.split('/').at(-1)
    const found = this.objects.get(path)
    if (method === 'POST') {
      const at = `${path}/${body?.metadata.name}`
      if (this.objects.has(at)) return [409, statusOf(409, 'already exists', body?.metadata.name)]
      return [201, this.#put(at, 'ADDED', { ...body, metadata: { ...body?.metadata, uid: at } } as KubernetesObject)]
    }
    if (method === 'GET' && isCollection(path)) return [200, this.#list(request)]
    if (found === undefined) return [404, statusOf(404, `${path} not found`, name)]
    if (method === 'DELETE') {
      this.objects.delete(path)
      this.#tell(path, 'DELETED', found)
      return [200, found]
    }
    if (method === 'GET') return [200, found]
    return this.#change(request, found)
  }

  /** A write to `…/status` is one to the object that leaves everything else as it is. */
  #ofStatus(request: ApiRequest): ApiRequest {
    const { path, body } = request
    if (!path.endsWith('/status') || body === undefined) return request
    const object = path.slice(0, -'/status'.length)
    return {
      ...request,
      path: object,
      body: { ...this.objects.get(object), metadata: body.metadata, status: body.status },
    }
  }

  #change({ method, path, query, body }: ApiRequest, found: KubernetesObject): readonly [number, object] {
    const { resourceVersion } = body?.metadata ?? {}
    if (resourceVersion !== undefined && resourceVersion !== found.metadata.resourceVersion) {
      return [409, statusOf(409, 'the object has been modified', found.metadata.name)]
    }
    const changed = (method === 'PATCH' ? merge(found, body) : body) as KubernetesObject
    const { uid } = found.metadata
    const next = { ...changed, metadata: { ...changed.metadata, uid } }
    return [200, query.get('dryRun') === 'All' ? next : this.#put(path, 'MODIFIED', next)]
  }

  #put(path: string, type: string, object: KubernetesObject): KubernetesObject {
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#version + 1) } }
    this.objects.set(path, stored)
    this.#tell(path, type, stored)
    return stored
  }

  #tell(path: string, type: string, object: KubernetesObject): void {
    const change = { version: ++this.#version, path, event: `${JSON.stringify({ type, object })}\n` }
    this.#changes.push(change)
    for (const [response, watched] of this.#watching) if (watched === path) response.write(change.event)
  }

  #list({ path, query }: ApiRequest): object {
    const [label, value] = (query.get('labelSelector') ?? '').split('=')
    const after = query.get('continue') ?? ''
    const names = [...this.objects.keys()].filter((at) => at.startsWith(`${path}/`) && at > after).sort()
    const matching = names.filter((at) => {
      return label === '' || this.objects.get(at)?.metadata.labels?.[label ?? ''] === value
    })
    const page = matching.slice(0, Number(query.get('limit') ?? 1e9))
    const next = page.length < matching.length ? { continue: page.at(-1) } : {}
    return { metadata: next, items: page.length === 0 ? null : page.map((at) => this.objects.get(at)) }
  }

  #watch({ path, query }: ApiRequest, response: ServerResponse): void {
    const from = Number(query.get('resourceVersion'))
    const watched = `${path}/${query.get('fieldSelector')?.split('=')[1]}`
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
    if (from < this.oldestVersion) {
      response.end(`${JSON.stringify({ type: 'ERROR', object: statusOf(410, 'too old resource version') })}\n`)
      return
    }
    for (const { version, path: at, event } of this.#changes)
      if (version > from && at === watched) response.write(event)
    this.#watching.set(response, watched)
    response.once('close', () => this.#watching.delete(response))
    const timeout = setTimeout(() => response.end(), Number(query.get('timeoutSeconds')) * 1_000)
    response.once('close', () => clearTimeout(timeout))
  }
}

/** RFC 7386. */
function merge(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch
  const merged = { ...(target as object) } as Record<string, unknown>
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key]
    else merged[key] = merge(merged[key], value)
  }
  return merged
}

/** Plurals stand in the last place, or names do. */
function isCollection(path: string): boolean {
  return path.split('/').slice(path.startsWith('/api/') ? 3 : 4).length === 3
}

function statusOf(code: number, message: string, name?: string): object {
  return { kind: 'Status', code, message, ...(name !== undefined && { details: { name } }) }
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
