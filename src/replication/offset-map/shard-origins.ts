import { type CopiedFlow, flowKeyText, keyOf, type MapEntry, type Producer } from './entry.ts'
import { formatEntryKey } from './entry-key.ts'
import { closingOf } from './segments.ts'

/**
 * Which flows one partition of the map topic knows, and nothing else of them: a `ShardMap` without its segments, for
 * whoever has to know what is a copy of what and never asks for an offset. Entries count as they do there.
 */
export class ShardOrigins {
  readonly #flows = new Map<string, { readonly copied: CopiedFlow; readonly newestKey: string }>()
  readonly #producerIds = new Set<bigint>()
  #writer: Producer | undefined

  /** Takes the next entry of the log in. */
  apply(entry: MapEntry): void {
    if (entry.kind === 'tombstone') {
      const { key } = entry
      if (key.kind !== 'flow') return
      const text = flowKeyText(key.flow)
      if (this.#flows.get(text)?.newestKey === formatEntryKey(key)) this.#flows.delete(text)
      return
    }
    if (!this.#isCurrent(entry)) return
    this.#writer = { producerId: entry.producerId, producerEpoch: entry.producerEpoch }
    this.#producerIds.add(entry.producerId)
    if (entry.kind !== 'flow') return
    const { flow: key, sourceClusterId, sourceTopicId, targetTopicId } = entry
    const last = entry.segments.at(-1)
    const closedAt = last && closingOf(last)
    const copied = { key, sourceClusterId, sourceTopicId, targetTopicId, closedAt }
    this.#flows.set(flowKeyText(key), { copied, newestKey: formatEntryKey(keyOf(entry)) })
  }

  flows(): CopiedFlow[] {
    return [...this.#flows.values()].map(({ copied }) => copied)
  }

  #isCurrent({ producerId, producerEpoch }: Producer): boolean {
    if (this.#writer?.producerId === producerId) return producerEpoch >= this.#writer.producerEpoch
    return !this.#producerIds.has(producerId)
  }
}
