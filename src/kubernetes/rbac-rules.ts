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

/**
 * `authority`: `authority.kind: kubernetes`, of every process. `objects`: the key `kubernetes`, of controllers. `routing`: a
 * provider of kind `kubernetes`, and `rollout`: one of that kind; of controllers, in the namespace of the provider.
 * `policies`: a gate or an eviction by NetworkPolicies, of agents or controllers, in the namespace of those.
 */
export type RbacFeature = 'authority' | 'objects' | 'policies' | 'routing' | 'rollout'

export interface RbacNames {
  /** `authority.name` of the configuration. */
  readonly authority: string
  /** `service` and `configMap` of the providers. */
  readonly services: readonly string[]
  readonly configMaps: readonly string[]
  /** Of gates and evictions. */
  readonly networkPolicies: readonly string[]
}

/** All rules of all features, for these names. */
export function rbacRules({ authority, services, configMaps, networkPolicies }: RbacNames): readonly RbacRule[] {
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
    // GroupObjects (controller/custom-resources) makes and shows groups, OperationObjects takes and shows operations.
    { feature: 'objects', ...ownGroup, resources: ['failovergroups'], verbs: ['list', 'create'] },
    { feature: 'objects', ...ownGroup, resources: ['failoveroperations'], verbs: ['list'] },
    { feature: 'objects', ...ownGroup, resources: ['failovergroups/status'], verbs: ['update'] },
    { feature: 'objects', ...ownGroup, resources: ['failoveroperations/status'], verbs: ['update'] },
    // ObjectEvents tells of both.
    { feature: 'objects', apiGroups: ['events.k8s.io'], resources: ['events'], verbs: ['create'] },
    // kubernetesRouting (routing/switched-object.ts) reads the object and replaces it.
    ...[
      { resources: ['services'], resourceNames: services },
      { resources: ['configmaps'], resourceNames: configMaps },
    ].flatMap((named) => {
      const rule = { feature: 'routing', apiGroups: [''], ...named, verbs: ['get', 'update'] } as const
      return named.resourceNames.length === 0 ? [] : [rule]
    }),
    // ClientPolicy (kubernetes/client-policy.ts) opens and closes its own, and looks at what else selects the same pods.
    ...(networkPolicies.length === 0
      ? []
      : [
          {
            feature: 'policies',
            apiGroups: ['networking.k8s.io'],
            resources: ['networkpolicies'],
            resourceNames: networkPolicies,
            verbs: ['get', 'patch'],
          } as const,
          {
            feature: 'policies',
            apiGroups: ['networking.k8s.io'],
            resources: ['networkpolicies'],
            verbs: ['list'],
          } as const,
        ]),
    // rolloutEviction (routing/rollout.ts) looks for the annotated ones, and changes their template.
    ...['deployments', 'statefulsets'].map((resource) => {
      return { feature: 'rollout', apiGroups: ['apps'], resources: [resource], verbs: ['list', 'patch'] } as const
    }),
  ]
}
