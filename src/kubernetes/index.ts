/** The face of the room: objects of a Kubernetes API server. */
export type { KubernetesAccess } from './access.ts'
export { ClientPolicy, type PolicyPosition } from './client-policy.ts'
export { KubernetesClient, type ObjectOutcome } from './client.ts'
export { kubernetesAccess, kubernetesKeys } from './options.ts'
export { type RbacFeature, type RbacNames, type RbacRule, rbacRules } from './rbac-rules.ts'
export { type KubernetesObject, kinds, type ResourceKind } from './objects.ts'
