import { type KubernetesClient, kinds } from '../../kubernetes/index.ts'
import { pageRevision, type Root } from './root.ts'

/** Of one sweep; the rest waits for the next. */
const REMOVALS_MAX = 200

/**
 * Removes pages that were replaced, or that a commit has made and never named. One that is newer than the root is left
 * alone: the commit that has made it may be about to name it.
 */
export async function sweepPages(
  client: KubernetesClient,
  { root, labelSelector }: { readonly root: Root; readonly labelSelector: string },
  signal: AbortSignal,
): Promise<void> {
  const named = new Set(root.pages.map(({ name }) => name))
  const pages = await client.list(kinds.authorityPage, { labelSelector, isMetadataOnly: true }, signal)
  const names = pages.map(({ metadata }) => metadata.name)
  const swept = names.filter((name) => !named.has(name) && pageRevision(name) <= root.revision)
  for (const name of swept.slice(0, REMOVALS_MAX)) await client.remove(kinds.authorityPage, name, signal)
}
