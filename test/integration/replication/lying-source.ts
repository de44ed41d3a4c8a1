import { type BrokerChannel, type Cluster, readBatch } from '../../../src/kafka/index.ts'
import { modelCrc32c } from '../../unit/kafka/records/model.ts'

const CRC_AT = 17
const ATTRIBUTES_AT = 21

interface Lie {
  readonly text: string
  /** Of the same length. */
  readonly instead: string
}

/** A source that gives other bytes for a text in its records, with a checksum that fits: a copy of it differs. */
export function lyingSource(cluster: Cluster, lie: Lie): Cluster {
  return withMethod(cluster, 'openChannel', async (...args: Parameters<Cluster['openChannel']>) => {
    const channel = await cluster.openChannel(...args)
    return withMethod(channel, 'fetch', async (request: Parameters<BrokerChannel['fetch']>[0]) => {
      const response = await channel.fetch(request)
      for (const { records } of response.partitions) falsify(records, lie)
      return response
    })
  })
}

function falsify(records: Buffer, { text, instead }: Lie): void {
  for (let at = 0; at < records.length; ) {
    const header = readBatch(records, at)
    if (header === undefined) return
    const batch = records.subarray(at, at + header.sizeBytes)
    const found = batch.lastIndexOf(text)
    if (found >= 0) {
      batch.write(instead, found)
      batch.writeUInt32BE(modelCrc32c(batch.subarray(ATTRIBUTES_AT)), CRC_AT)
    }
    at += header.sizeBytes
  }
}

/** The same object but for one method. */
function withMethod<Subject extends object, Name extends keyof Subject>(
  subject: Subject,
  name: Name,
  method: Subject[Name],
): Subject {
  return new Proxy(subject, {
    get: (_, property) => {
      if (property === name) return method
      const value: unknown = Reflect.get(subject, property, subject)
      return typeof value === 'function' ? (value.bind(subject) as unknown) : value
    },
  })
}
