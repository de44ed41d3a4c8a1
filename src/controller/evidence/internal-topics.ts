import type { Reader } from './readers.ts'

/**
 * Topics that applications keep for themselves and cannot do without: pure. Kafka Streams names its own after the
 * application; those of Connect are settings of its workers, which nothing tells, so they are known by the three names
 * that belong together.
 */
const STREAMS = /-(?:changelog|repartition)$/
const CONNECT = /^(?<stem>.*?)[-._]?(?<part>config|offset|status)(?:s|es)?$/

export interface InternalTopicsQuestion {
  readonly readers: readonly Pick<Reader, 'groupId' | 'protocolType'>[]
  /** Every topic of the source. */
  readonly topics: readonly string[]
  readonly isSelected: (topic: string) => boolean
}

export function findInternalOutside({ readers, topics, isSelected }: InternalTopicsQuestion): string[] {
  const outside = topics.filter((topic) => !isSelected(topic))
  const streams = outside.filter(
    (topic) => STREAMS.test(topic) && readers.some(({ groupId }) => topic.startsWith(`${groupId}-`)),
  )
  const hasConnect = readers.some(({ groupId, protocolType }) => {
    return protocolType === 'connect' || groupId.startsWith('connect-')
  })
  return hasConnect ? [...streams, ...findConnectTopics(topics).filter((topic) => !isSelected(topic))] : streams
}

function findConnectTopics(topics: readonly string[]): string[] {
  const parts = topics.flatMap((topic) => {
    const { stem, part } = CONNECT.exec(topic)?.groups ?? {}
    return stem === undefined || part === undefined ? [] : [{ topic, stem, part }]
  })
  const trios = [...Map.groupBy(parts, ({ stem }) => stem).values()].filter((of) => {
    return new Set(of.map(({ part }) => part)).size === 3
  })
  return trios.flat().map(({ topic }) => topic)
}
