import { canonicalJson } from '../core/index.ts'
import type { KubernetesObject } from './objects.ts'

/**
 * Whether a NetworkPolicy that admits clients can also keep them out. Pure.
 *
 * Policies only ever add to what is admitted, and pods that none of them selects admit everybody: a policy that selects
 * nothing keeps clients out only where another one still selects the same pods, and does not admit the clients itself.
 * Source: Kubernetes, Network Policies, "The two sorts of pod isolation".
 */
export const GATE_LABEL = 'isthmus.dev/gate'
export const CLOSED = 'closed'

interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>>
  readonly matchExpressions?: readonly unknown[]
}

interface PolicySpec {
  readonly podSelector?: Selector
  /** Without it a policy is for ingress. */
  readonly policyTypes?: readonly string[]
  readonly ingress?: readonly { readonly from?: readonly unknown[]; readonly ports?: readonly unknown[] }[]
}

/** What is selected while the label is there is nothing: no pod has it. */
export function isClosed(policy: KubernetesObject): boolean {
  return specOf(policy).podSelector?.matchLabels?.[GATE_LABEL] === CLOSED
}

/** Why closing it would keep nobody out, a sentence; undefined where it would. `all`: the policies of its namespace. */
export function explainUnusable(policy: KubernetesObject, all: readonly KubernetesObject[]): string | undefined {
  if (!isForIngress(policy)) return 'it is for egress only'
  const others = all.filter(({ metadata }) => metadata.name !== policy.metadata.name)
  const isolating = others.filter((other) => isForIngress(other) && selectsAllOf(other, policy))
  if (isolating.length === 0) {
    return 'no other policy selects the same pods, and pods that no policy selects admit everybody'
  }
  const open = isolating.find((other) => (specOf(other).ingress ?? []).some(admitsEverybody))
  return open && `${open.metadata.name} admits everybody to the same pods`
}

function specOf({ spec }: KubernetesObject): PolicySpec {
  return spec ?? {}
}

function isForIngress(policy: KubernetesObject): boolean {
  return specOf(policy).policyTypes?.includes('Ingress') ?? true
}

/** By what both say: each condition of the other is one of its own. */
function selectsAllOf(other: KubernetesObject, policy: KubernetesObject): boolean {
  const own = specOf(policy).podSelector ?? {}
  const { matchLabels = {}, matchExpressions = [] } = specOf(other).podSelector ?? {}
  const ownExpressions = (own.matchExpressions ?? []).map(canonicalJson)
  return (
    Object.entries(matchLabels).every(([key, value]) => own.matchLabels?.[key] === value) &&
    matchExpressions.every((expression) => ownExpressions.includes(canonicalJson(expression)))
  )
}

function admitsEverybody({ from = [], ports = [] }: NonNullable<PolicySpec['ingress']>[number]): boolean {
  return from.length === 0 && ports.length === 0
}
