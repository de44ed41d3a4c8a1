import type { KnownCopy, TopicPartitionId } from './copy-path.ts'

/** Of tens of thousands of copies those that may lie on a way from one partition: a few. Pure. */
export class CopyIndex {
  readonly #byEnd = new Map<string, { readonly copy: KnownCopy; readonly place: number }[]>()

  constructor(copies: readonly KnownCopy[]) {
    for (const [place, copy] of copies.entries()) {
      const { sourceTopicId, targetTopicId, key } = copy.flow
      for (const topicId of new Set([sourceTopicId, targetTopicId])) {
        const text = textOf({ topicId, partition: key.partition })
        const known = this.#byEnd.get(text)
        if (known === undefined) this.#byEnd.set(text, [{ copy, place }])
        else known.push({ copy, place })
      }
    }
  }

  /** In the order that they came in; of all that are tied to the partition, however indirectly. */
  near(at: TopicPartitionId): KnownCopy[] {
    const found = new Map<number, KnownCopy>()
    const seen = new Set([at.topicId])
    for (const topicId of seen) {
      for (const { copy, place } of this.#byEnd.get(textOf({ topicId, partition: at.partition })) ?? []) {
        found.set(place, copy)
        seen.add(copy.flow.sourceTopicId).add(copy.flow.targetTopicId)
      }
    }
    return [...found].sort(([one], [other]) => one - other).map(([, copy]) => copy)
  }

  /** Where the first of its copies stands: by this order, maps are read one after the other. */
  placeOf({ topicId, partition }: TopicPartitionId): number {
    return this.#byEnd.get(textOf({ topicId, partition }))?.[0]?.place ?? -1
  }
}

function textOf({ topicId, partition }: TopicPartitionId): string {
  return `${topicId}/${partition}`
}
