import { unreachable } from '../core/index.ts'
import type { KubernetesAccess } from '../kubernetes/index.ts'
import type { Authority } from './authority.ts'
import { type AuthorityContext, DocumentAuthority } from './document-authority.ts'
import type { DocumentStore } from './document-store.ts'
import type { EtcdConnection } from './etcd/gateway.ts'
import { EtcdStore } from './etcd/etcd-store.ts'
import { KubernetesStore } from './custom-resources/kubernetes-store.ts'
import type { MemoryStore } from './memory-store.ts'
import { SqliteStore } from './sqlite-store.ts'

/** Where the authority is stored. */
export type AuthorityOptions =
  /** A file of this machine; relative paths start at the working directory. */
  | { readonly kind: 'sqlite'; readonly path: string }
  /** Every key starts with `prefix` (`/isthmus/`). */
  | ({ readonly kind: 'etcd'; readonly prefix?: string } & EtcdConnection)
  /** Custom resources beside the object `name` (`isthmus`), see k8s/crds. */
  | ({ readonly kind: 'kubernetes'; readonly name?: string } & KubernetesAccess)
  /** Shared by whoever has the store: for simulation and tests. */
  | { readonly kind: 'memory'; readonly store: MemoryStore }

/** Connects with the first call; nothing is sent or opened before. */
export function openAuthority(options: AuthorityOptions, context: AuthorityContext): Authority {
  return new DocumentAuthority(openStore(options, context), context)
}

export function openStore(options: AuthorityOptions, context: AuthorityContext): DocumentStore {
  switch (options.kind) {
    case 'sqlite':
      return new SqliteStore({ path: options.path, context })
    case 'etcd':
      return new EtcdStore({ ...options, context })
    case 'kubernetes':
      return new KubernetesStore({ ...options, context })
    case 'memory':
      return options.store
    default:
      return unreachable(options)
  }
}
