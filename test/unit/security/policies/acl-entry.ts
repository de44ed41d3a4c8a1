import type { AclBinding } from '../../../../src/kafka/index.ts'

/** An ALLOW to write to `orders`, unless told otherwise. */
export function entryOf(more: Partial<AclBinding> = {}): AclBinding {
  return {
    resource: 'topic',
    name: 'orders',
    pattern: 'literal',
    principal: 'User:app',
    host: '*',
    operation: 'write',
    permission: 'allow',
    ...more,
  }
}
