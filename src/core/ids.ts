/**
 * Branded names. They are parsed once at the edge (config, API) and cost nothing at run time;
 * inside, a `TopicName` can no longer be passed where a `RegionName` is meant.
 */
declare const brand: unique symbol
type Branded<Kind extends string> = string & { readonly [brand]: Kind }

export type RegionName = Branded<'RegionName'>
export type LinkName = Branded<'LinkName'>

const NAME_PATTERN = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

/** True for a name that is safe in topics, metrics labels, URLs and Kubernetes: lower-case letters, digits, dashes, up to 63. */
export function isName(text: string): boolean {
  return NAME_PATTERN.test(text)
}

export function regionName(text: string): RegionName {
  return text as RegionName
}

export function linkName(text: string): LinkName {
  return text as LinkName
}
