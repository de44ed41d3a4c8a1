import { isFault, type RetryContext } from '../core/index.ts'
import { ClientPolicy } from '../kubernetes/index.ts'
import type { ResolvedPolicyEviction } from './resolve.ts'
import { type EvictionProvider, explainTrouble } from './provider.ts'
import { stepOf } from './switched-object.ts'

/**
 * Lets clients in to the region that has become active, then keeps them from the one that was left, by the NetworkPolicies
 * that admit them. Regions that it names no policy for are somebody else's.
 */
export function policyEviction(
  { access, policies: names }: ResolvedPolicyEviction,
  context: Omit<RetryContext, 'signal'>,
): EvictionProvider {
  const policies = new Map([...names].map(([region, name]) => [region, new ClientPolicy(name, access, context)]))
  return {
    name: `network policies ${[...names.values()].join(', ')}`,
    evict: ({ from, to }, signal) =>
      stepOf(async () => {
        const moves = [
          { region: to, position: 'open', done: 'lets clients in' },
          { region: from, position: 'closed', done: 'keeps clients out' },
        ] as const
        const done: string[] = []
        for (const { region, position, done: what } of moves) {
          const policy = policies.get(region)
          if (policy === undefined) continue
          const isThere = await policy.move(position, signal)
          if (!isThere) return { kind: 'unknown', reason: `${policy.title} was changed by somebody else meanwhile` }
          done.push(`${policy.title} ${what}`)
        }
        return { kind: 'done', reason: done.join('; ') || `it has no policy of ${from} or ${to}` }
      }),
    async findTrouble(signal) {
      try {
        for (const policy of policies.values()) await policy.check(signal)
        return undefined
      } catch (error) {
        if (!isFault(error)) throw error
        return explainTrouble(error)
      }
    },
  }
}
