import type { AclBinding } from '../../kafka/index.ts'
import { ANY, EVERYONE } from '../authorizer-model.ts'

/** Entries that let in more than most people mean: pure. They are told, not refused. */
export interface Lint {
  readonly code: 'everyone' | 'wildcard-write' | 'all-on-cluster'
  /** `region`: no policy of this owner asks for it. */
  readonly of: 'policy' | 'region'
  readonly binding: AclBinding
  readonly reason: string
}

const REASONS: Readonly<Record<Lint['code'], string>> = {
  everyone: 'it lets in everyone who can connect, also principals that are made later',
  'wildcard-write': 'it may write to every topic, also to those that Kafka and Isthmus keep for themselves',
  'all-on-cluster': 'it may change ACLs and configs, and act as a broker',
}

export function lintEntries(bindings: readonly AclBinding[], of: Lint['of']): Lint[] {
  return bindings
    .filter(({ permission }) => permission === 'allow')
    .flatMap((binding) => codesOf(binding).map((code): Lint => ({ code, of, binding, reason: REASONS[code] })))
}

function codesOf({ principal, resource, pattern, name, operation }: AclBinding): Lint['code'][] {
  const isEveryName = pattern === 'literal' && name === ANY
  const mayWrite = operation === 'write' || operation === 'all'
  return [
    ...(principal === EVERYONE ? (['everyone'] as const) : []),
    ...(resource === 'topic' && isEveryName && mayWrite ? (['wildcard-write'] as const) : []),
    ...(resource === 'cluster' && operation === 'all' ? (['all-on-cluster'] as const) : []),
  ]
}
