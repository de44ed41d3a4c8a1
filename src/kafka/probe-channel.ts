import { withSignal } from '../core/index.ts'
import type { ProbeChannel } from './cluster.ts'
import type { BrokerConnection } from './connection.ts'
import { requestFault } from './request-fault.ts'
import type { Api } from './wire/api.ts'
import { describeConfigsApi } from './wire/describe-configs.ts'
import { describeQuorumApi } from './wire/describe-quorum.ts'
import { fetchApi } from './wire/fetch.ts'
import { metadataApi } from './wire/metadata.ts'
import { nameTopics, produceApi } from './wire/produce.ts'

/** The calls of a look at one broker; the signal ends the waiting for each of them. */
export function openProbeChannel(cluster: string, connection: BrokerConnection, signal: AbortSignal): ProbeChannel {
  const { host, port } = connection.address
  const call = <Request, Response>(api: Api<Request, Response>, request: Request) =>
    withSignal(connection.call(api, request), signal)
  return {
    address: `${host}:${port}`,
    certificateEndsMs: connection.certificateEndsMs,
    versions: connection.versions,
    async metadata(topics) {
      const { errorCode, ...metadata } = await call(metadataApi, { topics: topics === 'all' ? null : topics })
      if (errorCode !== 0) throw requestFault(cluster, 'Metadata', errorCode)
      return metadata
    },
    async topicSettings(topics, names) {
      const described = await call(describeConfigsApi, { kind: 'topic', names: topics, settings: names })
      return described.map(({ name, errorCode, entries }) => ({ topic: name, errorCode, entries }))
    },
    async describeQuorum() {
      const { errorCode, quorum } = await call(describeQuorumApi, null)
      const code = errorCode || (quorum?.errorCode ?? 0)
      if (code !== 0 || quorum === undefined) throw requestFault(cluster, 'DescribeQuorum', code)
      const { leaderId, leaderEpoch, voters, observers } = quorum
      return { leaderId, leaderEpoch, voters, observers }
    },
    fetch: (request) => call(fetchApi, request),
    produce: async (request) => nameTopics(await call(produceApi, request), request.batches),
    close: () => connection.destroy(),
  }
}
