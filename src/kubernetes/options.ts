import { Type } from 'typebox'
import type { KubernetesAccess } from './access.ts'

/** How an API server is reached, in the configuration file; the same wherever one is. */
export const kubernetesKeys = {
  namespace: Type.Optional(
    Type.String({
      pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$',
      description:
        'For `kubernetes`: where the objects are. Default: the namespace of the pod, or that of the context in `kubeconfig`.',
      rule: 'not the name of a namespace',
      remedy: 'use lower-case letters, digits and dashes, up to 63, with a letter or digit at both ends',
    }),
  ),
  kubeconfig: Type.Optional(
    Type.String({
      minLength: 1,
      description:
        'For `kubernetes`: a kubeconfig file. Default: the service account of the pod that Isthmus runs in. A relative path starts at the configuration file.',
    }),
  ),
  context: Type.Optional(
    Type.String({
      minLength: 1,
      description: 'For `kubernetes`: a context of the kubeconfig file. Default: its current one.',
    }),
  ),
}

/** What those keys say, without what is not given. */
export function kubernetesAccess({
  namespace,
  kubeconfig,
  context,
}: {
  readonly namespace: string | undefined
  readonly kubeconfig: string | undefined
  readonly context: string | undefined
}): KubernetesAccess {
  return {
    ...(namespace !== undefined && { namespace }),
    ...(kubeconfig !== undefined && { kubeconfig }),
    ...(context !== undefined && { contextName: context }),
  }
}
