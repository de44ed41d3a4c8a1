import type { BrokerChannel, FetchRequest, FetchResponse, ProduceRequest, ProduceResponse } from './cluster.ts'
import type { BrokerConnection } from './connection.ts'
import { fetchApi } from './wire/fetch.ts'
import { nameTopics, produceApi } from './wire/produce.ts'

/** The data path's view of one connection: Fetch and Produce, pipelined in call order. */
export function openBrokerChannel(connection: BrokerConnection): BrokerChannel {
  return {
    nodeId: connection.address.nodeId,
    get isOpen() {
      return connection.isOpen
    },
    onClose: (listener) => connection.onClose(listener),
    fetch: (request: FetchRequest): Promise<FetchResponse> => connection.call(fetchApi, request),
    async produce(request: ProduceRequest): Promise<ProduceResponse> {
      return nameTopics(await connection.call(produceApi, request), request.batches)
    },
    close: () => connection.close(),
  }
}
