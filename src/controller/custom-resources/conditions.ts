import type { KubernetesObject } from '../../kubernetes/index.ts'

/** As Kubernetes has it everywhere, so that `kubectl wait --for=condition=…` works. */
export interface Condition {
  readonly type: string
  readonly status: 'True' | 'False' | 'Unknown'
  /** One word in capitals and small letters, for programs. */
  readonly reason: string
  /** A sentence, for people. */
  readonly message: string
  /** ISO 8601: of the last change of `status`. */
  readonly lastTransitionTime: string
  readonly observedGeneration: number
}

export type Said = Pick<Condition, 'status' | 'reason' | 'message'>

/** Pure. Times change only with the status of their condition; `object` is as it was read, `at` is ISO 8601. */
export function conditionsOf(
  object: KubernetesObject,
  at: string,
  said: Readonly<Record<string, Said>>,
): readonly Condition[] {
  const { conditions: before = [] } = (object.status ?? {}) as { readonly conditions?: readonly Condition[] }
  return Object.entries(said).map(([type, one]) => {
    const was = before.find((condition) => condition.type === type)
    const lastTransitionTime = was?.status === one.status ? was.lastTransitionTime : at
    return { type, ...one, lastTransitionTime, observedGeneration: object.metadata.generation ?? 0 }
  })
}
