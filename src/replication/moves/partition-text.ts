import type { TopicPartition } from '../../kafka/index.ts'

/** For messages and as a key. */
export function textOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`
}

const NAMED_MAX = 5

/** A list for a sentence: the first few, and how many more. */
export function listOf(names: readonly string[]): string {
  const more = names.length > NAMED_MAX ? ` and ${names.length - NAMED_MAX} more` : ''
  return `${names.slice(0, NAMED_MAX).join(', ')}${more}`
}
