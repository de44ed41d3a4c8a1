import type { Batch, IHeaders } from 'kafkajs'
import { invariant } from '../../core/index.ts'

/** A record on its way to a topic; the timestamp is the time of sending, not the event time in the value. */
export interface OutgoingRecord {
  readonly topic: string
  readonly key: string
  readonly value: string | null
  readonly headers?: Readonly<Record<string, string>>
  /** Set where the partition is not chosen by the key. */
  readonly partition?: number
}

/** An entry of the analytics' state; a null value deletes it. */
export interface ChangelogEntry {
  readonly key: string
  readonly value: string | null
}

/** Where a batch of records begins that a consumer is about to process. */
export interface ReadBatch {
  readonly group: string
  readonly topic: string
  readonly partition: number
  readonly firstOffset: bigint
}

/** Groups records by topic, in the shape that kafkajs sends in one call. Order within a topic is kept. */
export function toTopicMessages(records: readonly OutgoingRecord[], timestampMs: number): TopicMessagesOut[] {
  const byTopic = new Map<string, MessageOut[]>()
  for (const { topic, key, value, headers, partition } of records) {
    const messages = byTopic.get(topic) ?? []
    byTopic.set(topic, messages)
    messages.push({
      key,
      value,
      timestamp: String(timestampMs),
      ...(headers === undefined ? {} : { headers: { ...headers } }),
      ...(partition === undefined ? {} : { partition }),
    })
  }
  return [...byTopic].map(([topic, messages]) => ({ topic, messages }))
}

export interface TopicMessagesOut {
  topic: string
  messages: MessageOut[]
}

export interface MessageOut {
  key: string
  value: string | null
  timestamp: string
  headers?: Record<string, string>
  partition?: number
}

/** Text of a header; undefined where the record has none of that name. */
export function headerText(headers: IHeaders | undefined, name: string): string | undefined {
  const header = headers?.[name]
  const first = Array.isArray(header) ? header[0] : header
  return first === undefined ? undefined : first.toString()
}

export function readBatchOf(group: string, { topic, partition, messages }: Batch): ReadBatch {
  const [first] = messages
  invariant(first !== undefined, `an empty batch of ${topic}-${partition}`)
  return { group, topic, partition, firstOffset: BigInt(first.offset) }
}

/** The offset after this one, as text: kafkajs carries offsets as text. */
export function offsetAfter(offset: string): string {
  invariant(/^\d+$/.test(offset), `offset ${offset}`)
  return String(BigInt(offset) + 1n)
}
