/** Objects of one namespace. Reads are linearizable: they name no resource version, so etcd's majority is asked. */
import { createInterface } from 'node:readline'
import { eitherSignal, type RetryContext } from '../core/index.ts'
import type { KubernetesAccess } from './access.ts'
import { GONE, readStatus } from './answers.ts'
import { type ApiCall, ApiCalls } from './api-calls.ts'
import type { KubernetesObject, ResourceKind } from './objects.ts'

export type ObjectOutcome =
  | { readonly kind: 'written'; readonly object: KubernetesObject }
  /** Made by somebody else before, or changed since it was read. */
  | { readonly kind: 'conflict' }
  | { readonly kind: 'absent' }

export interface ListQuery {
  /** @defaultValue all of them */
  readonly labelSelector?: string
  /** Leaves out everything but the metadata. */
  readonly isMetadataOnly?: boolean
}

export interface WriteTerms {
  /** The server judges it, rights and definitions included, and changes nothing. */
  readonly isDryRun?: boolean
}

export interface WatchQuery {
  readonly name: string
  /** Of what was read: only changes after it are told. */
  readonly resourceVersion: string
  /** The watch ends after this long, since a frozen server says nothing. */
  readonly forMs: number
}

const PAGE_ITEMS = 500
const LIST_PAGES_MAX = 100
const METADATA_ONLY = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1'

/**
 * Throws `KUBERNETES_UNREACHABLE`, `KUBERNETES_REFUSED`, `KUBERNETES_ACCESS_UNUSABLE` and, where it writes,
 * `KUBERNETES_OUTCOME_UNKNOWN`. Connects with the first call.
 */
export class KubernetesClient {
  /** For messages, such as `Kubernetes, namespace kafka`. */
  readonly where: string
  readonly #calls: ApiCalls
  readonly #context: Omit<RetryContext, 'signal'>

  constructor(access: KubernetesAccess, context: Omit<RetryContext, 'signal'>) {
    this.#calls = new ApiCalls(access, context)
    this.#context = context
    this.where = this.#calls.where
  }

  async get(kind: ResourceKind, name: string, signal: AbortSignal): Promise<KubernetesObject | undefined> {
    const { status, body } = await this.#calls.read({ method: 'GET', kind, name }, signal)
    return status === 200 ? (body as KubernetesObject) : undefined
  }

  /** In the order of names; at most 50,000. */
  async list(kind: ResourceKind, query: ListQuery, signal: AbortSignal): Promise<readonly KubernetesObject[]> {
    const found: KubernetesObject[] = []
    const { labelSelector, isMetadataOnly = false } = query
    let next = ''
    for (let page = 0; page < LIST_PAGES_MAX; page++) {
      const asked = {
        limit: String(PAGE_ITEMS),
        ...(labelSelector && { labelSelector }),
        ...(next !== '' && { continue: next }),
      }
      const headers: Record<string, string> = isMetadataOnly ? { accept: METADATA_ONLY } : {}
      const { body } = await this.#calls.read({ method: 'GET', kind, query: asked, headers }, signal)
      // An empty list of metadata has null.
      const { items, metadata } = body as { items: KubernetesObject[] | null; metadata?: { continue?: string } }
      found.push(...(items ?? []))
      next = metadata?.continue ?? ''
      if (next === '') break
    }
    return found
  }

  async create(kind: ResourceKind, object: KubernetesObject, signal: AbortSignal): Promise<ObjectOutcome> {
    return this.#write({ method: 'POST', kind, body: { ...typeOf(kind), ...object } }, signal)
  }

  /** Refused as a conflict unless the object still has the resource version that is given with it. */
  async replace(
    kind: ResourceKind,
    object: KubernetesObject,
    signal: AbortSignal,
    terms: WriteTerms = {},
  ): Promise<ObjectOutcome> {
    const { name } = object.metadata
    const body = { ...typeOf(kind), ...object }
    return this.#write({ method: 'PUT', kind, name, body, ...queryOf(terms) }, signal)
  }

  /** The same of its status alone, and nothing else of it. */
  async replaceStatus(kind: ResourceKind, object: KubernetesObject, signal: AbortSignal): Promise<ObjectOutcome> {
    const { name } = object.metadata
    const body = { ...typeOf(kind), ...object }
    return this.#write({ method: 'PUT', kind, name, subresource: 'status', body }, signal)
  }

  /** A JSON merge patch (RFC 7386); a conflict only where the patch names a resource version. */
  async patch(
    kind: ResourceKind,
    patch: KubernetesObject,
    signal: AbortSignal,
    terms: WriteTerms = {},
  ): Promise<ObjectOutcome> {
    const { name } = patch.metadata
    const headers = { 'content-type': 'application/merge-patch+json' }
    return this.#write({ method: 'PATCH', kind, name, body: patch, headers, ...queryOf(terms) }, signal)
  }

  async remove(kind: ResourceKind, name: string, signal: AbortSignal): Promise<ObjectOutcome> {
    return this.#write({ method: 'DELETE', kind, name }, signal)
  }

  /**
   * The object after each change, undefined after its removal. Ends with the signal, with its time, when the server ends
   * it, and when what it should begin with is too old (410 Gone): whoever watches reads again after each end.
   */
  async *watch(
    kind: ResourceKind,
    { name, resourceVersion, forMs }: WatchQuery,
    signal: AbortSignal,
  ): AsyncGenerator<KubernetesObject | undefined> {
    const timeoutSeconds = String(Math.max(1, Math.ceil(forMs / 1_000)))
    const query = { watch: 'true', fieldSelector: `metadata.name=${name}`, resourceVersion, timeoutSeconds }
    const call: ApiCall = { method: 'GET', kind, query }
    const stop = new AbortController()
    const either = eitherSignal(signal, stop.signal)
    const timer = this.#context.clock.setTimer(forMs, () => stop.abort())
    try {
      const answer = await this.#calls.stream(call, either.signal)
      if ('body' in answer) {
        if (answer.status === GONE) return
        throw this.#calls.faultOf(answer, call)
      }
      for await (const line of createInterface({ input: answer, signal: either.signal })) {
        const { type, object } = JSON.parse(line) as { type: string; object: KubernetesObject }
        if (type === 'ERROR') {
          const { code = 0 } = readStatus(object)
          if (code === GONE) return
          throw this.#calls.faultOf({ status: code, body: object }, call)
        }
        yield type === 'DELETED' ? undefined : object
      }
    } catch (error) {
      if (!either.signal.aborted) throw this.#calls.toFault(error, call)
    } finally {
      timer.cancel()
      stop.abort()
      either.release()
    }
  }

  async close(): Promise<void> {
    await this.#calls.close()
  }

  async #write(call: ApiCall, signal: AbortSignal): Promise<ObjectOutcome> {
    const { status, body } = await this.#calls.write(call, signal)
    if (status === 409) return { kind: 'conflict' }
    return status === 404 ? { kind: 'absent' } : { kind: 'written', object: body as KubernetesObject }
  }
}

function queryOf({ isDryRun = false }: WriteTerms): Pick<ApiCall, 'query'> {
  return isDryRun ? { query: { dryRun: 'All' } } : {}
}

function typeOf({ apiVersion, kind }: ResourceKind): Pick<KubernetesObject, 'apiVersion' | 'kind'> {
  return { apiVersion, kind }
}
