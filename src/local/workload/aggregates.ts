import type { OutgoingRecord } from './records.ts'
import { TOPICS } from './topics.ts'
import { type Aggregate, meanOf } from './windows.ts'

/**
 * One record of `sensors.aggregates`: the state of a window after another reading. A later record with the same key
 * replaces it. The devices of a site are spread over the partitions of the readings, so a site's window is published
 * in parts, one a partition; `foldAggregates` puts them together.
 */
export interface AggregateRecord extends Aggregate {
  readonly scope: 'device' | 'site'
  /** The device, or `site/kind`: a site has one aggregate a kind. */
  readonly subject: string
  readonly site: string
  readonly kind: string
  /** The partition of the readings that this part of a site's window comes from; null for a device. */
  readonly part: number | null
  readonly windowEnd: number
  readonly mean: number
  /** True where the window takes no more readings. */
  readonly isClosed: boolean
}

export function aggregateKey({ scope, subject, windowStart, part }: AggregateRecord): string {
  return `${scope}:${subject}:${windowStart}${part === null ? '' : `:${part}`}`
}

export function toAggregateRecord(
  aggregate: Aggregate,
  about: Pick<AggregateRecord, 'scope' | 'subject' | 'site' | 'kind' | 'part' | 'isClosed'>,
  windowMs: number,
): AggregateRecord {
  return { ...about, ...aggregate, windowEnd: aggregate.windowStart + windowMs, mean: meanOf(aggregate) }
}

export function toAggregateMessage(record: AggregateRecord): OutgoingRecord {
  return { topic: TOPICS.aggregates, key: aggregateKey(record), value: JSON.stringify(record) }
}
