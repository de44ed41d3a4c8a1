import type { RegionRights, SecurityView } from '../../api/index.ts'
import type { Config } from '../../config/index.ts'
import { type Clock, createEvents, type Events, type Random, type RegionName } from '../../core/index.ts'
import type { FoundDiffering } from '../../failover/index.ts'
import type { SecurityEvents } from '../../security/index.ts'
import type { Role } from '../control.ts'
import { judgeDrift, judgeRound, type SecurityLooks } from '../evidence/index.ts'
import { findLeastRights } from './least-rights.ts'
import { PolicyDesk } from './policy-desk.ts'
import { openPolicyRegions, type PolicyRegions } from './policy-regions.ts'
import { PolicyWatch, type WatchedPolicy } from './policy-watch.ts'
import { probedRegions } from './probed-regions.ts'
import { ProbeWatch } from './probe-watch.ts'

export interface SecurityControlOptions {
  readonly config: Pick<Config, 'regions' | 'links' | 'failoverGroups' | 'policies' | 'security'>
  /** Why this process must not change anything now; undefined where it may. */
  readonly hold: () => string | undefined
  readonly clock: Clock
  readonly random: Random
}

/** Everything about who may do what in the regions, of a process that decides. */
export class SecurityControl implements SecurityView, SecurityLooks {
  readonly events: Events<SecurityEvents> = createEvents<SecurityEvents>()
  readonly policies: PolicyDesk
  readonly #config: SecurityControlOptions['config']
  readonly #regions: PolicyRegions
  readonly probes: ProbeWatch
  readonly #watch: PolicyWatch

  constructor({ config, hold, clock, random }: SecurityControlOptions) {
    this.#config = config
    this.#regions = openPolicyRegions({ config, clock, random })
    this.policies = new PolicyDesk({ policies: config.policies, regions: this.#regions.all, hold })
    const { events } = this
    const { driftMs: everyMs, probeMs } = config.security
    const onError = (error: unknown) => events.emit('policy:error', { error })
    this.#watch = new PolicyWatch({ desk: this.policies, everyMs, hold, events, clock, onError })
    const regions = probedRegions({ config, clusters: this.#regions.clusters, clock, random })
    this.probes = new ProbeWatch({ regions, everyMs: probeMs, hold, events, clock, onError })
  }

  start(): void {
    if (this.#config.policies.length > 0) this.#watch.start()
    this.probes.start()
  }

  /** As of the last look; empty in a process that does not lead. */
  watched(): readonly WatchedPolicy[] {
    return this.#watch.status()
  }

  /** For guards; nothing differs where no policy applies. */
  async judgePolicies(region: RegionName, signal: AbortSignal): Promise<FoundDiffering> {
    if (!this.#config.policies.some(({ regions }) => regions.includes(region))) return { stops: [], notes: [] }
    return judgeDrift(await this.policies.drift({ region }, signal))
  }

  async judgeProbes(region: RegionName): Promise<FoundDiffering> {
    return judgeRound(await this.probes.known(region))
  }

  rights(role: Role): readonly RegionRights[] {
    return findLeastRights(this.#config, role)
  }

  async stop(): Promise<void> {
    await this.probes.stop()
    await this.#watch.stop()
    await this.#regions.close()
  }
}
