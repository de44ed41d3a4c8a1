import { impliedLinkName, type LinkConfig } from '../config/index.ts'
import { linkName, regionName } from '../core/index.ts'
import type { LinkSpec } from '../replication/index.ts'

/** A link of the configuration as the replicator takes it. */
export function specOf({ consumerGroups, rename, failoverGroup, ...link }: LinkConfig): LinkSpec {
  return { ...link, groups: consumerGroups, isStandby: failoverGroup !== null, rename: rename ?? undefined }
}

/**
 * How a failover group is copied between any two of its regions. They differ in nothing but their regions, so that any
 * of those that the configuration implies says how.
 */
export function linkOfGroup(group: string, links: readonly LinkConfig[]) {
  const template = links.find(({ failoverGroup }) => failoverGroup === group)
  if (template === undefined) throw new TypeError(`failover group ${group} has no second region`)
  return (source: string, target: string, topics?: readonly string[]): LinkSpec => ({
    ...specOf(template),
    name: linkName(impliedLinkName(group, source, target)),
    source: regionName(source),
    target: regionName(target),
    isStandby: true,
    ...(topics !== undefined && { topics: { include: topics, exclude: [] } }),
  })
}
