import { setTimeout as delay } from 'node:timers/promises'
import type { RbacRule } from '../../../src/kubernetes/index.ts'
import { type KubeServer, RESTRICTED } from './kube-server.ts'

const RBAC = '/apis/rbac.authorization.k8s.io/v1'
const SETTLE_MS = 20_000

/** Gives the restricted user of the server these rules in a namespace, and none of before; waits until they hold. */
export async function grant(server: KubeServer, namespace: string, rules: readonly RbacRule[]): Promise<void> {
  const path = `${RBAC}/namespaces/${namespace}`
  const granted = rules.map(({ apiGroups, resources, resourceNames, verbs }) => {
    return { apiGroups, resources, resourceNames, verbs }
  })
  await server.call('DELETE', `${path}/roles/isthmus`)
  await server.call('POST', `${path}/roles`, { metadata: { name: 'isthmus' }, rules: granted })
  await server.call('POST', `${path}/rolebindings`, {
    metadata: { name: 'isthmus' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'isthmus' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: RESTRICTED.user }],
  })
  for (const rule of rules) {
    for (const verb of rule.verbs) await untilAllowed(server, namespace, { rule, verb, isAllowed: true })
  }
}

export interface Right {
  readonly rule: RbacRule
  readonly verb: string
}

/** Each verb of each rule. */
export function rightsOf(rules: readonly RbacRule[]): Right[] {
  return rules.flatMap((rule) => rule.verbs.map((verb) => ({ rule, verb })))
}

/** Gives all but one, and waits until that is gone. */
export async function grantAllBut(
  server: KubeServer,
  namespace: string,
  { rules, without }: { readonly rules: readonly RbacRule[]; readonly without: Right },
): Promise<void> {
  const left = rules.map((rule) => {
    return rule === without.rule ? { ...rule, verbs: rule.verbs.filter((verb) => verb !== without.verb) } : rule
  })
  const granted = left.filter(({ verbs }) => verbs.length > 0)
  await grant(server, namespace, granted)
  await untilAllowed(server, namespace, { ...without, isAllowed: false })
}

async function untilAllowed(
  server: KubeServer,
  namespace: string,
  { rule, verb, isAllowed }: Right & { readonly isAllowed: boolean },
): Promise<void> {
  const [group, name] = [rule.apiGroups[0], rule.resourceNames?.[0]]
  const [resource, subresource] = rule.resources[0]?.split('/') ?? []
  const spec = { user: RESTRICTED.user, resourceAttributes: { namespace, verb, group, resource, subresource, name } }
  for (const until = Date.now() + SETTLE_MS; ; await delay(20)) {
    const review = await server.call('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', { spec })
    if ((review.body.status as { allowed: boolean }).allowed === isAllowed) return
    if (Date.now() > until) throw new Error(`${verb} ${resource} is ${isAllowed ? 'not ' : ''}allowed`)
  }
}
