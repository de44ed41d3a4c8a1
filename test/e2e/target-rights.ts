import {
  type AclEntry,
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  type Admin,
  ResourcePatternTypes,
} from 'kafkajs'

/** A right that the principal of Isthmus has to be given in a region that it copies to. */
export interface Right {
  readonly resource: 'topic' | 'group' | 'transactional-id'
  readonly operation: 'create' | 'read' | 'write' | 'alter' | 'alter-configs' | 'delete'
}

/**
 * All that Isthmus needs in a target region. `describe` and `describe-configs` are implied. The topics are the copies
 * and Isthmus's own (`__isthmus.`), the groups those whose positions are kept in step and that of the replicators
 * (`__isthmus.shards`).
 */
export const TARGET_RIGHTS: readonly Right[] = [
  { resource: 'topic', operation: 'create' },
  { resource: 'topic', operation: 'read' },
  { resource: 'topic', operation: 'write' },
  { resource: 'topic', operation: 'alter' },
  { resource: 'topic', operation: 'alter-configs' },
  { resource: 'topic', operation: 'delete' },
  { resource: 'group', operation: 'read' },
  { resource: 'transactional-id', operation: 'write' },
]

const RESOURCES = {
  topic: AclResourceTypes.TOPIC,
  group: AclResourceTypes.GROUP,
  'transactional-id': AclResourceTypes.TRANSACTIONAL_ID,
}

const OPERATIONS = {
  create: AclOperationTypes.CREATE,
  read: AclOperationTypes.READ,
  write: AclOperationTypes.WRITE,
  alter: AclOperationTypes.ALTER,
  'alter-configs': AclOperationTypes.ALTER_CONFIGS,
  delete: AclOperationTypes.DELETE,
}

/** Grants every right on each name prefix of its kind. */
export async function grantRights(
  admin: Admin,
  rights: readonly Right[],
  options: { readonly principal: string; readonly prefixes: Readonly<Record<Right['resource'], readonly string[]>> },
): Promise<void> {
  const { principal, prefixes } = options
  const acl = rights.flatMap(({ resource, operation }) =>
    prefixes[resource].map(
      (resourceName): AclEntry => ({
        principal,
        host: '*',
        resourceName,
        resourceType: RESOURCES[resource],
        resourcePatternType: ResourcePatternTypes.PREFIXED,
        operation: OPERATIONS[operation],
        permissionType: AclPermissionTypes.ALLOW,
      }),
    ),
  )
  await admin.createAcls({ acl })
}
