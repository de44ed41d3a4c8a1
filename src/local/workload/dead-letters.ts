/**
 * Dead letters: a record that fails its schema is kept as it was, with headers that say why and where it came from.
 * A record refused before it was sent names its source; one refused by a reader names topic, partition and offset.
 */
import type { IHeaders } from 'kafkajs'
import { headerText, type OutgoingRecord } from './records.ts'
import type { Refusal } from './schemas.ts'
import { TOPICS } from './topics.ts'

export const DEAD_LETTER_HEADERS = {
  reason: 'dead-letter-reason',
  path: 'dead-letter-path',
  detail: 'dead-letter-detail',
  source: 'dead-letter-source',
  topic: 'dead-letter-topic',
  partition: 'dead-letter-partition',
  offset: 'dead-letter-offset',
} as const

/** Where a refused record was met. */
export type DeadLetterOrigin =
  | { readonly kind: 'source'; readonly source: string }
  | { readonly kind: 'topic'; readonly topic: string; readonly partition: number; readonly offset: string }

export interface DeadLetter {
  readonly reason: string
  readonly path: string
  readonly detail: string
  readonly origin: DeadLetterOrigin
  readonly value: string | null
}

/** The record to send to `sensors.dead-letter`. */
export function toDeadLetter(
  record: { readonly key: string; readonly value: string | null; readonly headers?: Readonly<Record<string, string>> },
  refusal: Refusal,
  origin: DeadLetterOrigin,
): OutgoingRecord {
  const names = DEAD_LETTER_HEADERS
  const where: Record<string, string> =
    origin.kind === 'source'
      ? { [names.source]: origin.source }
      : {
          [names.topic]: origin.topic,
          [names.partition]: String(origin.partition),
          [names.offset]: origin.offset,
        }
  return {
    topic: TOPICS.deadLetter,
    key: record.key,
    value: record.value,
    headers: {
      ...record.headers,
      [names.reason]: refusal.reason,
      [names.path]: refusal.path,
      [names.detail]: refusal.detail.slice(0, 200),
      ...where,
    },
  }
}

/** Reads a dead letter back; undefined for a record that is none. */
export function parseDeadLetter(record: { value: Buffer | null; headers?: IHeaders }): DeadLetter | undefined {
  const read = (name: keyof typeof DEAD_LETTER_HEADERS) => headerText(record.headers, DEAD_LETTER_HEADERS[name])
  const reason = read('reason')
  const source = read('source')
  const topic = read('topic')
  if (reason === undefined || (source === undefined && topic === undefined)) return undefined
  return {
    reason,
    path: read('path') ?? '',
    detail: read('detail') ?? '',
    origin:
      source === undefined
        ? { kind: 'topic', topic: topic ?? '', partition: Number(read('partition')), offset: read('offset') ?? '' }
        : { kind: 'source', source },
    value: record.value === null ? null : record.value.toString(),
  }
}
