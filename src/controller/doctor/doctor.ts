import type { AuthorityView, DoctorBody, SecurityView } from '../../api/index.ts'
import type { Config, FailoverGroupConfig } from '../../config/index.ts'
import { type Clock, describeError, isFault, type RegionName } from '../../core/index.ts'
import type { CredentialStatus } from '../../credentials/index.ts'
import type { GroupDesk, GroupDocument } from '../../failover/index.ts'
import type { Cluster } from '../../kafka/index.ts'
import type { NotificationStatus } from '../../observability/index.ts'
import type { RegionsStatus } from '../../regions/index.ts'
import { compileSelection, type ReplicationStatus } from '../../replication/index.ts'
import { Looks } from '../evidence/index.ts'
import { COULD_NOT_LOOK, type Finding, sortFindings } from './finding.ts'
import { findInCredentials } from './credential-findings.ts'
import { findInPlan } from './guard-findings.ts'
import { lookAtRegion } from './look-at-region.ts'
import { findInProcess, type GroupSeen } from './process-findings.ts'
import { findInRegion } from './region-findings.ts'
import { findInPolicies, findInProbes } from './security-findings.ts'

interface DoctorView {
  readonly groups: ReadonlyMap<string, { readonly desk: Pick<GroupDesk, 'plan'>; readonly writePauseMs: number }>
  readonly authority: Pick<AuthorityView, 'where' | 'backend' | 'fallsWith' | 'copies'>
}

export interface DoctorOptions {
  readonly config: Pick<Config, 'regions' | 'links' | 'failoverGroups' | 'health'>
  readonly clusters: ReadonlyMap<string, Cluster>
  readonly replication: () => Pick<ReplicationStatus, 'links'>
  readonly watch: { status(): RegionsStatus }
  /** Undefined in a process without failover groups; its view, in one that decides nothing. */
  readonly control:
    | {
        readonly view: DoctorView | undefined
        document(group: string): GroupDocument | undefined
        status(): { readonly authority: { readonly answers: boolean } }
      }
    | undefined
  /** Undefined in a process that decides nothing. */
  readonly security?:
    | {
        readonly policies: Pick<SecurityView['policies'], 'drift'>
        readonly probes: Pick<SecurityView['probes'], 'status'>
      }
    | undefined
  readonly delivery: { readonly notifications: { status(): readonly NotificationStatus[] } }
  readonly credentials: () => readonly CredentialStatus[]
  readonly clock: Clock
}

const HOUR_MS = 3_600_000
/** For links that no failover group implies. */
const LINK_OUTAGE_MS = 24 * HOUR_MS
const GROUPS_AT_ONCE = 4
const NO_POLICIES = { drifts: [], troubles: [] }

/**
 * Looks for what would go wrong one day, and changes nothing. What a move would be refused for it learns from plans of
 * switchovers, so that it sees what the guards see.
 */
export class Doctor {
  readonly #options: DoctorOptions
  #running: Promise<DoctorBody> | undefined

  constructor(options: DoctorOptions) {
    this.#options = options
  }

  /** Those who ask while it looks are given the same answer. */
  async examine(signal: AbortSignal): Promise<DoctorBody> {
    this.#running ??= this.#examine(signal).finally(() => {
      this.#running = undefined
    })
    return await this.#running
  }

  async #examine(signal: AbortSignal): Promise<DoctorBody> {
    const { clock, watch, credentials } = this.#options
    const [regions, groups, policies] = await Promise.all([
      this.#lookAtRegions(signal),
      this.#planAll(signal),
      this.#options.security?.policies.drift({}, signal),
    ])
    const findings = sortFindings([
      ...this.#lookAtProcess(),
      ...findInCredentials(credentials(), clock.nowMs()),
      ...regions,
      ...groups,
      ...findInPolicies(policies ?? NO_POLICIES),
      ...findInProbes(this.#options.security?.probes.status() ?? []),
    ])
    return {
      at: new Date(clock.nowMs()).toISOString(),
      process: watch.status().vantage,
      worst: findings[0]?.severity ?? null,
      findings,
    }
  }

  #lookAtProcess(): Finding[] {
    const { config, control, watch, replication, delivery, clock } = this.#options
    const { failoverGroups, regions, health } = config
    const authority = control?.view?.authority
    const names = [...new Set(failoverGroups.flatMap((group) => group.regions))]
    const groups = failoverGroups.map(({ name: group, regions: ranked, mode }): GroupSeen => {
      return { group, regions: ranked, mode, document: control?.document(group) }
    })
    return findInProcess({
      control: control &&
        authority && {
          answers: control.status().authority.answers,
          where: authority.where,
          backend: authority.backend,
          fallsWith: authority.fallsWith,
          copies: authority.copies(),
          groups,
        },
      watch: watch.status(),
      staleMs: health.reportStaleSeconds * 1_000,
      regions: names.map((region) => ({ region, hasGate: regions.get(region)?.gate !== undefined })),
      links: replication().links,
      notifications: delivery.notifications.status(),
      nowMs: clock.nowMs(),
    })
  }

  async #lookAtRegions(signal: AbortSignal): Promise<Finding[]> {
    const { config, clusters, clock } = this.#options
    const looks = new Looks({ clock }, signal)
    const found = await Promise.all(
      [...config.regions.values()].map(async ({ name: region, bootstrap }) => {
        const cluster = clusters.get(region)
        if (cluster === undefined) return []
        const copied = this.#topicsOf(region)
        const isCopied = (topic: string) => copied.some(({ has }) => has(topic))
        const keepMsOf = (topic: string) => {
          const times = copied.flatMap(({ has, keepMs }) => (keepMs !== undefined && has(topic) ? [keepMs] : []))
          return times.length === 0 ? undefined : Math.max(...times)
        }
        return findInRegion(
          await lookAtRegion({ region, bootstrap, cluster, looks, clock, isCopied, keepMsOf }, signal),
        )
      }),
    )
    return found.flat()
  }

  /** Which topics are copied at a region, and how long those that are copied from it have to be kept. */
  #topicsOf(region: RegionName) {
    const { failoverGroups, links } = this.#options.config
    const groups = failoverGroups
      .filter(({ regions }) => regions.includes(region))
      .map((group) => {
        const isActive = this.#activeOf(group) === region
        return { has: compileSelection(group.topics), keepMs: isActive ? group.objectives.outageMs : undefined }
      })
    const declared = links
      .filter(({ failoverGroup, source }) => failoverGroup === null && source === region)
      .map(({ topics }) => ({ has: compileSelection(topics), keepMs: LINK_OUTAGE_MS }))
    return [...groups, ...declared]
  }

  #activeOf({ name, regions }: FailoverGroupConfig): string | undefined {
    return this.#options.control?.document(name)?.active ?? regions[0]
  }

  async #planAll(signal: AbortSignal): Promise<Finding[]> {
    const names = [...(this.#options.control?.view?.groups.keys() ?? [])]
    const found: Finding[] = []
    for (let at = 0; at < names.length; at += GROUPS_AT_ONCE) {
      const some = names.slice(at, at + GROUPS_AT_ONCE).map((name) => this.#planGroup(name, signal))
      found.push(...(await Promise.all(some)).flat())
    }
    return found
  }

  /** A switchover to each standby, as `isthmus plan` would plan it; what a group that moves is at says nothing. */
  async #planGroup(name: string, signal: AbortSignal): Promise<Finding[]> {
    const { control } = this.#options
    const group = control?.view?.groups.get(name)
    const document = control?.document(name)
    if (group === undefined || document === undefined || document.operation !== undefined) return []
    const { desk, writePauseMs: writePauseLimitMs } = group
    const standbys = Object.entries(document.regions).filter(([, { role }]) => role === 'standby')
    const plans = standbys.map(async ([region]): Promise<Finding[]> => {
      try {
        const to = region as RegionName
        const wish = { kind: 'switchover', to, overrides: [], acceptLoss: false, writePauseLimitMs } as const
        return findInPlan(await desk.plan(wish, signal))
      } catch (error) {
        if (signal.aborted || !isFault(error)) throw error
        return [{ id: 'could-not-look', group: name, region, evidence: describeError(error), ...COULD_NOT_LOOK }]
      }
    })
    return (await Promise.all(plans)).flat()
  }
}
