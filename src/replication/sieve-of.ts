import type { Clock, Events, LinkName, RegionName } from '../core/index.ts'
import { editContents } from '../kafka/index.ts'
import type { ReplicationEvents } from './events.ts'
import { Sieve } from './flows/sieve.ts'
import type { FlowKey } from './offset-map/index.ts'
import { type ResolvedPolicies, resolvePolicies } from './policies.ts'
import type { Quarantine } from './quarantine.ts'
import { compileTransform, type LinkTransform } from './transform.ts'

/** What a flow does with records that the target refuses, as its link says. */
export function sieveOf(
  { topic, targetTopic, partition }: FlowKey,
  {
    spec,
    engine,
    clock,
    events,
  }: {
    readonly spec: {
      readonly name: LinkName
      readonly source: RegionName
      readonly policies?: ResolvedPolicies
      readonly transform?: LinkTransform | undefined
    }
    readonly engine: { readonly quarantine: Quarantine }
    readonly clock: Clock
    readonly events: Events<ReplicationEvents>
  },
): Sieve {
  const { recordRefused: policy } = spec.policies ?? resolvePolicies()
  const change = spec.transform && compileTransform(spec.transform)
  const ref = { link: spec.name, topic, targetTopic, partition }
  const origin = { link: spec.name, region: spec.source, topic, partition }
  return new Sieve({
    clock,
    onRefused: policy,
    edit: change && editContents(change),
    codec: spec.transform?.recompress,
    changesHeaders: spec.transform?.headers !== undefined,
    keep: async (records, signal) => {
      if (policy === 'quarantine') await engine.quarantine.keep(origin, records, signal)
    },
    tell: ({ fromOffset, toOffset, error: code, detail: reason }) =>
      events.emit('flow:record-refused', { ...ref, policy, fromOffset, toOffset, code, reason }),
  })
}
