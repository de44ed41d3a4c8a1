/**
 * What Isthmus may do in its namespace, and nothing else: the Role of the chart is made from this. A test takes away each
 * verb of each rule, and sees something fail.
 */
export interface RbacRule {
  /** The part of the configuration that needs it; without that part it is to be left out. */
  readonly feature: RbacFeature
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  /** Only the objects of these names. Where it is missing the names are made up on the way, or chosen by the operator. */
  readonly resourceNames?: readonly string[]
  readonly verbs: readonly string[]
}

/** `authority`: `authority.kind: kubernetes`, of controllers and agents alike. */
export type RbacFeature = 'authority'

export interface RbacNames {
  /** `authority.name` of the configuration. */
  readonly authority: string
}

/** All rules of all features, for these names. */
export function rbacRules({ authority }: RbacNames): readonly RbacRule[] {
  const ownGroup = { apiGroups: ['isthmus.dev'] } as const
  return [
    // KubernetesStore: the root is read, replaced and watched. A create cannot be held to a name.
    {
      feature: 'authority',
      ...ownGroup,
      resources: ['authorities'],
      resourceNames: [authority],
      verbs: ['get', 'update', 'watch'],
    },
    { feature: 'authority', ...ownGroup, resources: ['authorities'], verbs: ['create'] },
    // KubernetesStore and PageCache make and read pages, sweepPages lists and removes those that are no longer named.
    {
      feature: 'authority',
      ...ownGroup,
      resources: ['authoritypages'],
      verbs: ['create', 'get', 'list', 'delete'],
    },
  ]
}
