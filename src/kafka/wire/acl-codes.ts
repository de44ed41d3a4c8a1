import type { Reader, Writer } from '@platformatic/kafka'
import type { AclBinding, AclFilter, AclOperation, AclResource } from '../cluster.ts'

/** What ACLs are called on the wire: `org.apache.kafka.common.acl` and `...resource` of Kafka 4.3. */
const ANY = 1
const ALLOW = 3
const DENY = 2
const LITERAL = 3
const PREFIXED = 4

/** By code; 0 is what the broker itself does not know, 1 stands for any in filters. */
const RESOURCES: readonly AclResource[] = [
  'unknown',
  'unknown',
  'topic',
  'group',
  'cluster',
  'transactional-id',
  'delegation-token',
  'user',
]
const OPERATIONS: readonly AclOperation[] = [
  'unknown',
  'unknown',
  'all',
  'read',
  'write',
  'create',
  'delete',
  'alter',
  'describe',
  'cluster-action',
  'describe-configs',
  'alter-configs',
  'idempotent-write',
  'create-tokens',
  'describe-tokens',
  'two-phase-commit',
]

/** A binding, and, in the same layout, the filter that matches it and nothing else. */
export function writeBinding(writer: Writer, binding: AclBinding): void {
  writer
    .appendInt8(RESOURCES.indexOf(binding.resource))
    .appendString(binding.name)
    .appendInt8(binding.pattern === 'literal' ? LITERAL : PREFIXED)
    .appendString(binding.principal)
    .appendString(binding.host)
    .appendInt8(OPERATIONS.indexOf(binding.operation))
    .appendInt8(binding.permission === 'allow' ? ALLOW : DENY)
}

export function writeFilter(writer: Writer, { resource, permission, principal }: AclFilter): void {
  writer
    .appendInt8(resource === undefined ? ANY : RESOURCES.indexOf(resource))
    .appendString(null)
    .appendInt8(ANY)
    .appendString(principal ?? null)
    .appendString(null)
    .appendInt8(ANY)
    .appendInt8(permission === undefined ? ANY : permission === 'allow' ? ALLOW : DENY)
}

/** A set of operations, a bit for each. */
export function readOperations(reader: Reader): readonly AclOperation[] {
  const bits = reader.readInt32()
  return OPERATIONS.filter((operation, code) => operation !== 'unknown' && (bits & (1 << code)) !== 0)
}

/** The part that names the resource. */
export function readResource(reader: Reader): Pick<AclBinding, 'resource' | 'name' | 'pattern'> {
  const resource = RESOURCES[reader.readInt8()] ?? 'unknown'
  const name = reader.readString()
  return { resource, name, pattern: reader.readInt8() === PREFIXED ? 'prefixed' : 'literal' }
}

/** The part that says who may or may not do what. */
export function readEntry(reader: Reader): Pick<AclBinding, 'principal' | 'host' | 'operation' | 'permission'> {
  const principal = reader.readString()
  const host = reader.readString()
  const operation = OPERATIONS[reader.readInt8()] ?? 'unknown'
  return { principal, host, operation, permission: reader.readInt8() === ALLOW ? 'allow' : 'deny' }
}
