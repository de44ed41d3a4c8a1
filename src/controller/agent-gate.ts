import type { Authority } from '../authority/index.ts'
import type { Config } from '../config/index.ts'
import { type Clock, type Events, type Random, type RegionName, regionName } from '../core/index.ts'
import { type GroupDocument, groupKey, isWritePaused, readGroupDocument } from '../failover/index.ts'
import { ClientPolicy } from '../kubernetes/index.ts'
import {
  CommandDoor,
  type FenceCommand,
  type GateDoor,
  type GateWish,
  PolicyDoor,
  RegionGate,
  type ResolvedGate,
  type SecurityEvents,
} from '../security/index.ts'

export interface AgentGateOptions {
  readonly config: Pick<Config, 'regions' | 'failoverGroups' | 'health'>
  readonly authority: Pick<Authority, 'read' | 'where'>
  readonly env: FenceCommand['env']
  readonly clock: Clock
  readonly random: Random
  readonly events: Events<SecurityEvents>
}

/** The gate of the region that the agent stands in, over the authority's documents; undefined where it has none. */
export function openAgentGate(options: AgentGateOptions): RegionGate | undefined {
  const { config, authority, clock, events } = options
  const region = regionName(config.health.standsIn)
  const gate = config.regions.get(region)?.gate
  if (gate === undefined) return undefined
  // A group that only drills move has no clients: a drill opens no gate, and keeps none open.
  const own = config.failoverGroups.filter(({ regions, canaryOf }) => regions.includes(region) && canaryOf === null)
  const groups = own.map(({ name }) => name)
  const ask = async (signal: AbortSignal) => {
    const stored = await Promise.all(groups.map((group) => authority.read(groupKey(group), signal)))
    const documents = stored.flatMap((document) => (document === undefined ? [] : [readGroupDocument(document.value)]))
    return gateWishOf(documents, { region, groups, where: authority.where })
  }
  return new RegionGate({ region, door: doorOf(gate, region, options), ask, clock, events })
}

function doorOf(
  gate: ResolvedGate,
  region: RegionName,
  { env, clock, random }: Pick<AgentGateOptions, 'env' | 'clock' | 'random'>,
): GateDoor {
  if (gate.kind === 'command') return new CommandDoor({ region, command: gate, env, clock })
  return new PolicyDoor(new ClientPolicy(gate.policy, gate.access, { clock, random }), clock)
}

/**
 * Pure: what the documents of a region's groups ask of its gate. Where none is recorded, no controller has run yet, or the
 * agent asks another authority than they do: it stays as it is. Undefined where those that are recorded do not say it, as
 * the region may be active for another one. Listeners do not know topics: they are open while the region is active for any
 * of its groups, because an agent fences no active region; the fences of the others stand behind them.
 */
export function gateWishOf(
  documents: readonly GroupDocument[],
  { region, groups, where }: { readonly region: string; readonly groups: readonly string[]; readonly where: string },
): GateWish | undefined {
  if (documents.length === 0) {
    const reason = `the authority at ${where} answers, and has no record of ${groups.join(', ')}`
    const remedy = 'start a controller, or have the agent ask the authority that the controllers do'
    return { want: 'as-is', reason, warning: `the gate of ${region} stays as it is: ${reason}; ${remedy}` }
  }
  const told = (list: readonly GroupDocument[]) =>
    list.map(({ group, epoch }) => `${group} (epoch ${epoch})`).join(', ')
  const isHere = (document: GroupDocument) => document.active === region && !isBeingLost(document, region)
  const active = documents.filter(isHere)
  const elsewhere = documents.filter((document) => !isHere(document))
  if (active.length > 0) {
    const isPaused = active.every(({ operation }) => operation !== undefined && isWritePaused(operation))
    const warning =
      elsewhere.length === 0
        ? undefined
        : `a gate is for all groups of a region: that of ${region} stays open for ${told(active)}, though the region is ` +
          `not active for ${told(elsewhere)}`
    if (isPaused) return { want: 'as-is', reason: `a move holds up writes to ${region} for ${told(active)}`, warning }
    return { want: 'open', reason: `${region} is active for ${told(active)}`, warning }
  }
  if (documents.length < groups.length) return undefined
  return { want: 'closed', reason: `${region} is not active for ${told(elsewhere)}`, warning: undefined }
}

/** Before the commit of a failover the region that it leaves may be back, and nobody has fenced it there yet. */
function isBeingLost({ operation }: GroupDocument, region: string): boolean {
  return operation?.kind === 'failover' && operation.from === region && isWritePaused(operation)
}
