import type { AclBinding } from '../../kafka/index.ts'
import { ANY } from '../authorizer-model.ts'

/**
 * How a name or a glob of a policy is said to Kafka, which knows names, beginnings, and `*`: pure. Every other glob has to
 * be written out for the topics that exist, again whenever one comes.
 */
export type PatternOfNames =
  | { readonly kind: 'entry'; readonly name: string; readonly pattern: AclBinding['pattern'] }
  | { readonly kind: 'followed'; matches(topic: string): boolean }

export function readPattern(text: string): PatternOfNames {
  if (!/[*?]/.test(text)) return { kind: 'entry', name: text, pattern: 'literal' }
  const head = /^(?<head>[^*?]*)\*+$/.exec(text)?.groups?.['head']
  if (head === '') return { kind: 'entry', name: ANY, pattern: 'literal' }
  if (head !== undefined) return { kind: 'entry', name: head, pattern: 'prefixed' }
  const body = text
    .replace(/[\\^$.|+()[\]{}/]/g, '\\$&')
    .replace(/\*+/g, '.*')
    .replace(/\?/g, '.')
  const expression = new RegExp(`^${body}$`, 's')
  // Topics that Kafka and Isthmus keep for themselves are meant only where the glob says so.
  const isHidden = (topic: string) => topic.startsWith('__') && !text.startsWith('__')
  return { kind: 'followed', matches: (topic) => !isHidden(topic) && expression.test(topic) }
}
