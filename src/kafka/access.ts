import type { ScramMechanism } from './wire/scram-mechanisms.ts'

// Access control lists: what a cluster's authorizer is told, and how it is asked. Users and quotas beside them.

export type { ScramMechanism }

/** What an ACL is about; `unknown` for what this version does not know. */
export type AclResource = 'topic' | 'group' | 'cluster' | 'transactional-id' | 'delegation-token' | 'user' | 'unknown'

export type AclOperation =
  | 'all'
  | 'read'
  | 'write'
  | 'create'
  | 'delete'
  | 'alter'
  | 'describe'
  | 'cluster-action'
  | 'describe-configs'
  | 'alter-configs'
  | 'idempotent-write'
  | 'create-tokens'
  | 'describe-tokens'
  | 'two-phase-commit'
  | 'unknown'

/** One access control list entry. */
export interface AclBinding {
  readonly resource: AclResource
  /** Of the resource, or its beginning; a literal `*` stands for every one. */
  readonly name: string
  readonly pattern: 'literal' | 'prefixed'
  /** As brokers write it: `User:orders`, or `User:*` for everyone. */
  readonly principal: string
  /** `*` or an address. */
  readonly host: string
  readonly operation: AclOperation
  readonly permission: 'allow' | 'deny'
}

/** What is left out matches everything. */
export interface AclFilter {
  readonly resource?: AclResource
  readonly permission?: AclBinding['permission']
  readonly principal?: string
}

/** Of one binding, in the order in which they were given. */
export interface AclOutcome {
  readonly errorCode: number
  readonly message: string | null
}

export interface AclDeletion extends AclOutcome {
  /** 0 where it was gone already. */
  readonly deleted: number
}

/** What a client may do itself. */
export interface OwnRights {
  readonly cluster: readonly AclOperation[]
  /** By topic; those that are not there, or may not be seen, are left out. */
  readonly topics: ReadonlyMap<string, readonly AclOperation[]>
}

export interface ScramUser {
  readonly user: string
  readonly credentials: readonly { readonly mechanism: ScramMechanism | 'unknown'; readonly iterations: number }[]
}

export interface NewScramCredential {
  readonly user: string
  readonly mechanism: ScramMechanism
  /** 4096 to 16384 for brokers. */
  readonly iterations: number
  readonly password: string
}

export interface UserOutcome extends AclOutcome {
  readonly user: string
}

/** The limits of one entity, such as a user, a client id, or both together. */
export interface ClientQuota {
  /** A null name stands for the default of its type. */
  readonly entity: readonly { readonly type: string; readonly name: string | null }[]
  readonly values: readonly { readonly key: string; readonly value: number }[]
}
