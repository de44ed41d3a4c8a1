import { createHash } from 'node:crypto'
import type { DecodedRecord, NewRecord } from '../../kafka/index.ts'

/** Where a record stood that was salvaged from a region that was lost, as its headers say. */
export interface RecordOrigin {
  readonly region: string
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  /** Against whose reign the region was compared. */
  readonly epoch: number
  /** Id of the return that it was salvaged by. */
  readonly return: string
}

const PREFIX = 'isthmus.diverged.'
const TOPIC_NAME_MAX = 249
const HASH_CHARS = 8
const NAMES = {
  region: 'isthmus.source-region',
  topic: 'isthmus.topic',
  partition: 'isthmus.partition',
  offset: 'isthmus.offset',
  timestamp: 'isthmus.timestamp',
  epoch: 'isthmus.epoch',
  return: 'isthmus.return',
} as const

/** Pure: the topic on the active region that keeps what diverged of a topic. */
export function exportTopicOf(topic: string, epoch: number): string {
  const whole = `${PREFIX}${topic}.${epoch}`
  if (whole.length <= TOPIC_NAME_MAX) return whole
  const hash = createHash('sha256').update(topic).digest('hex').slice(0, HASH_CHARS)
  const room = TOPIC_NAME_MAX - PREFIX.length - HASH_CHARS - 2 - String(epoch).length
  return `${PREFIX}${topic.slice(0, room)}-${hash}.${epoch}`
}

export function isExportTopic(name: string, epoch: number): boolean {
  return name.startsWith(PREFIX) && name.endsWith(`.${epoch}`)
}

/** The record as it was, with its origin behind its own headers. */
export function withOrigin({ timestamp, key, value, headers }: DecodedRecord, origin: RecordOrigin): NewRecord {
  const added = Object.entries(NAMES).map(([part, name]) => {
    return [name, Buffer.from(String(origin[part as keyof RecordOrigin]))] as const
  })
  return { timestamp, key, value, headers: [...headers, ...added] }
}

/** Undefined where a record does not say where it comes from. Of headers of the same name the last one counts. */
export function originOf({ headers }: Pick<DecodedRecord, 'headers'>): RecordOrigin | undefined {
  const found = new Map(headers.map(([name, value]) => [String(name), value?.toString() ?? '']))
  const { region, topic, partition, offset, timestamp, epoch } = NAMES
  const [at, of, by] = [found.get(region), found.get(topic), found.get(NAMES.return)]
  const numbers = [partition, offset, timestamp, epoch].map((name) => Number(found.get(name) ?? Number.NaN))
  if (at === undefined || of === undefined || by === undefined || numbers.some((one) => !Number.isSafeInteger(one)))
    return undefined
  const [inPartition = 0, atOffset = 0, atMs = 0, inEpoch = 0] = numbers
  return {
    region: at,
    topic: of,
    partition: inPartition,
    offset: atOffset,
    timestamp: atMs,
    epoch: inEpoch,
    return: by,
  }
}
