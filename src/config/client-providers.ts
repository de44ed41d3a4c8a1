import { resolve } from 'node:path'
import {
  type ProviderFiles,
  type ResolvedEviction,
  type ResolvedRouting,
  resolveEviction,
  resolveRouting,
} from '../routing/index.ts'
import { loadAuthorities, type LoadContext, loadSecretFile } from './credentials.ts'
import type { Path } from './problems.ts'
import type { ConfigFile } from './schema.ts'

type GroupFile = NonNullable<ConfigFile['failoverGroups']>[number]
type RoutingFile = NonNullable<GroupFile['routing']>[number]

/** What moves the clients of a group, its files read. What lacks a key is left out: the rules have reported it. */
export function loadClientProviders(
  { name, routing = [], eviction = [] }: Pick<GroupFile, 'name' | 'routing' | 'eviction'>,
  path: Path,
  context: LoadContext,
): { readonly routing: ResolvedRouting[]; readonly eviction: ResolvedEviction[] } {
  const filesOf = (list: 'routing' | 'eviction', at: number, named: NamedFiles) =>
    loadFiles(named, [...path, list, at], context)
  return {
    routing: routing.flatMap((one, at) => resolveRouting(one, filesOf('routing', at, one)) ?? []),
    eviction: eviction.flatMap((one, at) => resolveEviction(one, name, filesOf('eviction', at, one)) ?? []),
  }
}

type NamedFiles = Pick<RoutingFile, 'caFile' | 'tokenFile' | 'key' | 'kubeconfig'>

function loadFiles(
  { caFile, tokenFile, key, kubeconfig }: NamedFiles,
  path: Path,
  context: LoadContext,
): ProviderFiles {
  const secretPath: Path = [...path, 'key', 'secretFile']
  const secret = loadSecretFile(key?.secretFile, secretPath, 'the secret of the key', context)
  if (secret !== undefined && !isBase64(secret.reveal())) {
    const remedy = 'write only the secret into it, as it stands between the quotes behind `secret` in the key'
    context.problems.error(secretPath, `"${key?.secretFile}" does not hold base64`, remedy)
  }
  return {
    authorities: loadAuthorities(caFile, [...path, 'caFile'], context),
    token: loadSecretFile(tokenFile, [...path, 'tokenFile'], 'the token', context),
    secret,
    kubeconfig: kubeconfig === undefined ? undefined : resolve(context.folder, kubeconfig),
  }
}

/** An empty one has been reported already. */
function isBase64(text: string): boolean {
  return /^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)
}
