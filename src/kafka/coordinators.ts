import { isFault, retry, type RetryContext } from '../core/index.ts'
import type { BrokerCalls } from './broker-calls.ts'
import type { ClusterView } from './cluster-view.ts'
import { NETWORK_EXCEPTION, staleAfter } from './errors.ts'
import { requestFault } from './request-fault.ts'
import { retryProtocol } from './retry-delays.ts'
import type { Api } from './wire/api.ts'
import { type CoordinatorKind, findCoordinatorApi } from './wire/find-coordinator.ts'

/**
 * Finds and remembers which broker coordinates a group or a transactional id. An entry is dropped when its broker
 * says that it is not the coordinator (14, 15, 16) or cannot be reached.
 */
const REMEMBERED_MAX = 100_000
/** Keys asked for in one request. */
const KEYS_PER_REQUEST = 2_000

export type LocatedKey = { readonly key: string } & ({ readonly nodeId: number } | { readonly errorCode: number })

export interface CoordinatorCall<Request, Response> {
  readonly kind: CoordinatorKind
  readonly key: string
  readonly api: Api<Request, Response>
  readonly request: Request
  /** The code that decides about the whole call; 0 where the answer is to be returned. */
  codeOf(response: Response): number
  readonly deadlineMs: number
}

export interface CoordinatorsOptions {
  readonly cluster: string
  readonly calls: BrokerCalls
  readonly view: ClusterView
}

export class Coordinators {
  readonly #options: CoordinatorsOptions
  readonly #nodes = new Map<string, number>()

  constructor(options: CoordinatorsOptions) {
    this.#options = options
  }

  async locate(kind: CoordinatorKind, keys: readonly string[], signal: AbortSignal): Promise<LocatedKey[]> {
    const unknown = keys.filter((key) => !this.#nodes.has(idOf(kind, key)))
    const failed = new Map<string, number>()
    for (let at = 0; at < unknown.length; at += KEYS_PER_REQUEST) {
      const some = unknown.slice(at, at + KEYS_PER_REQUEST)
      const found = await this.#options.calls.callAny(findCoordinatorApi, { kind, keys: some }, signal)
      for (const { key, nodeId, host, port, errorCode } of found) {
        if (errorCode === 0) this.#remember(idOf(kind, key), { nodeId, host, port })
        else failed.set(key, errorCode)
      }
    }
    return keys.map((key) => {
      const nodeId = this.#nodes.get(idOf(kind, key))
      return nodeId === undefined ? { key, errorCode: failed.get(key) ?? NETWORK_EXCEPTION } : { key, nodeId }
    })
  }

  drop(kind: CoordinatorKind, keys: readonly string[]): void {
    for (const key of keys) this.#nodes.delete(idOf(kind, key))
  }

  /** One request to the coordinator of one key, repeated while the fault is retriable and the deadline lets it. */
  call<Request, Response>(call: CoordinatorCall<Request, Response>, context: RetryContext): Promise<Response> {
    return retry((signal) => this.#callOnce(call, signal), retryProtocol(call.deadlineMs), context)
  }

  async #callOnce<Request, Response>(call: CoordinatorCall<Request, Response>, signal: AbortSignal): Promise<Response> {
    const { kind, key, api, request } = call
    const { calls, cluster } = this.#options
    const [located] = await this.locate(kind, [key], signal)
    if (located === undefined || 'errorCode' in located) {
      throw requestFault(cluster, 'FindCoordinator', located?.errorCode ?? NETWORK_EXCEPTION, key)
    }
    let response: Response
    try {
      response = await calls.callNode(located.nodeId, api, request, signal)
    } catch (error) {
      if (isFault(error)) this.drop(kind, [key])
      throw error
    }
    const code = call.codeOf(response)
    if (staleAfter(code) === 'coordinator') this.drop(kind, [key])
    if (code !== 0) throw requestFault(cluster, api.name, code, key)
    return response
  }

  #remember(id: string, node: { nodeId: number; host: string; port: number }): void {
    if (this.#nodes.size >= REMEMBERED_MAX) this.#nodes.clear()
    this.#nodes.set(id, node.nodeId)
    this.#options.view.noteBroker(node)
  }
}

function idOf(kind: CoordinatorKind, key: string): string {
  return `${kind} ${key}`
}
