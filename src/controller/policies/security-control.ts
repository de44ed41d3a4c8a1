import type { RegionRights, SecurityView } from '../../api/index.ts'
import type { Config } from '../../config/index.ts'
import type { Clock, Random } from '../../core/index.ts'
import type { Role } from '../control.ts'
import { findLeastRights } from './least-rights.ts'
import { PolicyDesk } from './policy-desk.ts'
import { openPolicyRegions, type PolicyRegions } from './policy-regions.ts'

export interface SecurityControlOptions {
  readonly config: Pick<Config, 'regions' | 'links' | 'failoverGroups' | 'policies'>
  /** Why this process must not change anything now; undefined where it may. */
  readonly hold: () => string | undefined
  readonly clock: Clock
  readonly random: Random
}

/** Everything about who may do what in the regions, of a process that decides. */
export class SecurityControl implements SecurityView {
  readonly policies: PolicyDesk
  readonly #config: SecurityControlOptions['config']
  readonly #regions: PolicyRegions

  constructor({ config, hold, clock, random }: SecurityControlOptions) {
    this.#config = config
    this.#regions = openPolicyRegions({ config, clock, random })
    this.policies = new PolicyDesk({ policies: config.policies, regions: this.#regions.all, hold })
  }

  rights(role: Role): readonly RegionRights[] {
    return findLeastRights(this.#config, role)
  }

  async stop(): Promise<void> {
    await this.#regions.close()
  }
}
