/** A resource of the API, as its addresses name it. */
export interface ResourceKind {
  /** Such as `v1` or `coordination.k8s.io/v1`. */
  readonly apiVersion: string
  readonly kind: string
  readonly plural: string
}

export interface ObjectMetadata {
  readonly name: string
  readonly namespace?: string
  readonly uid?: string
  /** Changes with every write to the object; to be compared for equality only. */
  readonly resourceVersion?: string
  readonly generation?: number
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly deletionTimestamp?: string
}

/** Whoever reads `spec`, `status` or `data` checks their shape. */
export interface KubernetesObject {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata: ObjectMetadata
  readonly spec?: unknown
  readonly status?: unknown
  readonly data?: unknown
}

/** The group of Isthmus's own resources. */
const OWN = 'isthmus.dev/v1'

export const kinds = {
  service: { apiVersion: 'v1', kind: 'Service', plural: 'services' },
  configMap: { apiVersion: 'v1', kind: 'ConfigMap', plural: 'configmaps' },
  deployment: { apiVersion: 'apps/v1', kind: 'Deployment', plural: 'deployments' },
  event: { apiVersion: 'events.k8s.io/v1', kind: 'Event', plural: 'events' },
  networkPolicy: { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', plural: 'networkpolicies' },
  statefulSet: { apiVersion: 'apps/v1', kind: 'StatefulSet', plural: 'statefulsets' },
  failoverGroup: { apiVersion: OWN, kind: 'FailoverGroup', plural: 'failovergroups' },
  failoverOperation: { apiVersion: OWN, kind: 'FailoverOperation', plural: 'failoveroperations' },
  authority: { apiVersion: OWN, kind: 'Authority', plural: 'authorities' },
  authorityPage: { apiVersion: OWN, kind: 'AuthorityPage', plural: 'authoritypages' },
} satisfies Readonly<Record<string, ResourceKind>>

/** Where the objects of a kind are, or one of them. */
export function pathOf({ apiVersion, plural }: ResourceKind, namespace: string, name?: string): string {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
  const all = `${root}/namespaces/${encodeURIComponent(namespace)}/${plural}`
  return name === undefined ? all : `${all}/${encodeURIComponent(name)}`
}
