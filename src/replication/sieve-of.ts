import type { Clock, Events } from '../core/index.ts'
import { editContents } from '../kafka/index.ts'
import type { ReplicationEvents } from './events.ts'
import type { FlowSpec } from './flows/flow.ts'
import type { RefusedRecord } from './flows/plan-rules.ts'
import type { SieveOptions } from './flows/sieve.ts'
import { refusedFault } from './flows/trouble.ts'
import type { IncidentLog } from './incidents/incident-log.ts'
import type { LinkSpec } from './link-options.ts'
import { resolvePolicies } from './policies.ts'
import type { Quarantine } from './quarantine.ts'
import { compileTransform } from './transform.ts'

interface SieveContext {
  readonly spec: Pick<LinkSpec, 'name' | 'source' | 'policies' | 'transform'>
  readonly engine: { readonly quarantine: Quarantine }
  readonly incidents: IncidentLog
  readonly clock: Clock
  readonly events: Events<ReplicationEvents>
}

/** What the flows of a link leave out or change, and do with records that the target refuses. */
export function sieveOptionsOf({ spec, engine, incidents, clock, events }: SieveContext): SieveOptions {
  const { recordRefused: policy } = spec.policies ?? resolvePolicies()
  const change = spec.transform && compileTransform(spec.transform)
  const action = policy === 'quarantine' ? 'quarantined' : 'skipped'
  return {
    clock,
    onRefused: policy,
    edit: change && editContents(change),
    codec: spec.transform?.recompress,
    changesHeaders: spec.transform?.headers !== undefined,
    keep: async (records, { flow, tenure }) => {
      for (const { from, to, fault } of rangesOf(flow, records)) {
        const about = { flow, code: fault.code, reason: fault.message, action, source: { from, to } } as const
        await incidents.record(tenure, about)
      }
      const { topic, partition } = flow.key
      const origin = { link: spec.name, region: spec.source, topic, partition }
      if (policy === 'quarantine') await engine.quarantine.keep(origin, records, tenure.signal)
    },
    tell: ({ fromOffset, toOffset, error: code, detail: reason }, { key: { topic, targetTopic, partition } }) => {
      const ref = { link: spec.name, topic, targetTopic, partition }
      events.emit('flow:record-refused', { ...ref, policy, fromOffset, toOffset, code, reason })
    },
  }
}

/** Neighbours that are refused for the same reason are one incident. */
function rangesOf(flow: FlowSpec, records: readonly RefusedRecord[]) {
  const ranges: { from: number; to: number; error: string; fault: ReturnType<typeof refusedFault> }[] = []
  for (const record of records) {
    const { fromOffset: from, toOffset: to, error } = record
    const last = ranges.at(-1)
    if (last !== undefined && last.to === from && last.error === error) last.to = to
    else ranges.push({ from, to, error, fault: refusedFault(flow.key, record) })
  }
  return ranges
}
