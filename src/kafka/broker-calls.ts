import { type Fault, isFault, type Random, randomBelow, withSignal } from '../core/index.ts'
import type { Broker, ClusterMetadata } from './cluster.ts'
import type { ClusterView } from './cluster-view.ts'
import type { BrokerAddress } from './connection.ts'
import type { Connections } from './connections.ts'
import { kafkaFaults } from './faults.ts'
import { requestFault } from './request-fault.ts'
import type { Api } from './wire/api.ts'
import { metadataApi } from './wire/metadata.ts'
import { rememberAnswer } from './wire/remember-answer.ts'
import type { ApiName } from './wire/versions.ts'

/**
 * Control calls to one broker or to whichever answers. After the first answer the advertised addresses are used; when
 * several of those fail in one call, the bootstrap addresses are tried again. Nothing is repeated here on the same
 * broker: each call makes one bounded pass and then says what failed.
 */
const KNOWN_BROKERS_TRIED_MAX = 3

export interface BrokerCallsOptions {
  readonly cluster: string
  readonly bootstrap: readonly BrokerAddress[]
  readonly connections: Connections
  readonly view: ClusterView
  readonly random: Random
}

export class BrokerCalls {
  readonly #options: BrokerCallsOptions
  readonly #allMetadataApi = rememberAnswer(metadataApi)

  constructor(options: BrokerCallsOptions) {
    this.#options = options
  }

  /** Asks one broker after the other until one answers. */
  async callAny<Request, Response>(
    api: Api<Request, Response>,
    request: Request,
    signal: AbortSignal,
  ): Promise<Response> {
    const { cluster, bootstrap } = this.#options
    let failure: unknown
    for (const address of this.#candidates()) {
      try {
        return await this.#call(address, api, request, signal)
      } catch (error) {
        signal.throwIfAborted()
        if (!mayAnotherAnswer(error)) throw error
        // What TLS objects to says more than a refused connection of another broker.
        if (!isFault(failure, 'KAFKA_TLS_FAILED')) failure = error
      }
    }
    if (isFault(failure, 'KAFKA_TLS_FAILED')) throw failure
    const address = bootstrap.map(({ host, port }) => `${host}:${port}`).join(', ')
    const reason = (failure as Fault | undefined)?.message.replace(`${cluster}: `, '') ?? 'no address'
    throw kafkaFaults.fault('KAFKA_UNREACHABLE', { cluster, address, reason }, failure)
  }

  /** Asks one broker; where its address is unknown, metadata is read first. */
  async callNode<Request, Response>(
    nodeId: number,
    api: Api<Request, Response>,
    request: Request,
    signal: AbortSignal,
  ): Promise<Response> {
    return this.#call(await this.addressOf(nodeId, signal), api, request, signal)
  }

  /** The version spoken with a broker; undefined where it does not serve the API to us. */
  async versionOf(nodeId: number, api: ApiName, signal: AbortSignal): Promise<number | undefined> {
    const address = await this.addressOf(nodeId, signal)
    return (await this.#options.connections.share(address, signal)).versionOf(api)
  }

  async addressOf(nodeId: number, signal: AbortSignal): Promise<Broker> {
    const { cluster, view } = this.#options
    if (view.broker(nodeId) === undefined) await this.readMetadata([], signal)
    const broker = view.broker(nodeId)
    if (broker === undefined) {
      const reason = 'it is not among the live brokers'
      throw kafkaFaults.fault('KAFKA_UNREACHABLE', { cluster, address: `broker ${nodeId}`, reason })
    }
    return broker
  }

  async readMetadata(topics: 'all' | readonly string[], signal: AbortSignal): Promise<ClusterMetadata> {
    const { cluster, connections, view } = this.#options
    const { errorCode, ...metadata } =
      topics === 'all'
        ? await this.callAny(this.#allMetadataApi, { topics: null }, signal)
        : await this.callAny(metadataApi, { topics }, signal)
    if (errorCode !== 0) throw requestFault(cluster, 'Metadata', errorCode)
    view.apply(metadata, topics === 'all' ? 'all' : 'named')
    connections.retire(({ nodeId, host, port }) => {
      const broker = view.broker(nodeId)
      return broker === undefined ? view.brokers.length > 0 : broker.host !== host || broker.port !== port
    })
    return metadata
  }

  async #call<Request, Response>(
    address: BrokerAddress,
    api: Api<Request, Response>,
    request: Request,
    signal: AbortSignal,
  ): Promise<Response> {
    const connection = await this.#options.connections.share(address, signal)
    return withSignal(connection.call(api, request), signal)
  }

  #candidates(): BrokerAddress[] {
    const { bootstrap, connections, view, random } = this.#options
    const known = shuffle(view.brokers, random)
    const connected = known.filter((broker) => connections.hasOpen(broker))
    const others = known.filter((broker) => !connections.hasOpen(broker))
    return [...[...connected, ...others].slice(0, KNOWN_BROKERS_TRIED_MAX), ...bootstrap]
  }
}

/** Wrong credentials, missing rights and unreadable answers are the same at every broker. */
function mayAnotherAnswer(error: unknown): boolean {
  return isFault(error) && (error.retriable || error.code === 'KAFKA_TLS_FAILED')
}

function shuffle<Item>(items: readonly Item[], random: Random): Item[] {
  const shuffled = [...items]
  for (let last = shuffled.length - 1; last > 0; last--) {
    const other = randomBelow(random, last + 1)
    const held = shuffled[last] as Item
    shuffled[last] = shuffled[other] as Item
    shuffled[other] = held
  }
  return shuffled
}
