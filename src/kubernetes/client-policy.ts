import type { RetryContext } from '../core/index.ts'
import type { KubernetesAccess } from './access.ts'
import { KubernetesClient } from './client.ts'
import { kubernetesFaults } from './faults.ts'
import { CLOSED, explainUnusable, GATE_LABEL, isClosed } from './judge-client-policy.ts'
import { type KubernetesObject, kinds } from './objects.ts'

export type PolicyPosition = 'open' | 'closed'

/**
 * A NetworkPolicy of the operator that admits clients to the brokers of a region. It is closed by a label in its selector
 * that no pod has, and opened by taking that away: its rules, and whatever else stands in it, stay the operator's. Calls
 * throw the faults of `KubernetesClient`, and `KUBERNETES_POLICY_UNUSABLE` where closing it would keep nobody out.
 */
export class ClientPolicy {
  /** For messages, such as `NetworkPolicy kafka-clients in Kubernetes, namespace kafka`. */
  readonly title: string
  readonly #name: string
  readonly #client: KubernetesClient

  constructor(name: string, access: KubernetesAccess, context: Omit<RetryContext, 'signal'>) {
    this.#client = new KubernetesClient(access, context)
    this.#name = name
    this.title = `NetworkPolicy ${name} in ${this.#client.where}`
  }

  async look(signal: AbortSignal): Promise<PolicyPosition> {
    const policy = await this.#client.get(kinds.networkPolicy, this.#name, signal)
    return isClosed(policy ?? this.#refuse('it is not there')) ? 'closed' : 'open'
  }

  /** Whether it is so now; false where somebody else changed the policy at the same time. */
  async move(to: PolicyPosition, signal: AbortSignal): Promise<boolean> {
    const policy = await this.#find(to, signal)
    if (isClosed(policy) === (to === 'closed')) return true
    const { kind } = await this.#patch(policy, to, signal)
    return kind === 'written'
  }

  /** Whether it could be closed and may be changed, without a change. */
  async check(signal: AbortSignal): Promise<void> {
    await this.#patch(await this.#find('closed', signal), 'closed', signal, { isDryRun: true })
  }

  async close(): Promise<void> {
    await this.#client.close()
  }

  async #find(to: PolicyPosition, signal: AbortSignal): Promise<KubernetesObject> {
    const all = await this.#client.list(kinds.networkPolicy, {}, signal)
    const policy = all.find(({ metadata }) => metadata.name === this.#name) ?? this.#refuse('it is not there')
    const trouble = to === 'closed' ? explainUnusable(policy, all) : undefined
    return trouble === undefined ? policy : this.#refuse(trouble)
  }

  #patch(
    { metadata: { resourceVersion } }: KubernetesObject,
    to: PolicyPosition,
    signal: AbortSignal,
    terms: { readonly isDryRun?: boolean } = {},
  ) {
    const metadata = { name: this.#name, ...(resourceVersion !== undefined && { resourceVersion }) }
    const matchLabels = { [GATE_LABEL]: to === 'closed' ? CLOSED : null }
    return this.#client.patch(kinds.networkPolicy, { metadata, spec: { podSelector: { matchLabels } } }, signal, terms)
  }

  #refuse(reason: string): never {
    const facts = { policy: `NetworkPolicy ${this.#name}`, where: this.#client.where, reason }
    throw kubernetesFaults.fault('KUBERNETES_POLICY_UNUSABLE', facts)
  }
}
