import { configFaults } from './faults.ts'
import type { Config } from './load.ts'
import { closest } from './problems.ts'

/** The configuration of a process that has to stand in a region: `given` goes before `health.standsIn`. */
export function standIn(config: Config, given: string | undefined): Config {
  const { failoverGroups, health } = config
  const region = given ?? health.standsIn
  const names: readonly string[] = [...new Set(failoverGroups.flatMap(({ regions }) => regions))]
  if (names.includes(region)) return { ...config, health: { ...health, standsIn: region } }
  const reason = region === '' ? 'no region is named' : `"${region}" is no region of a failover group`
  const meant = closest(region, names) ?? (names.join(', ') || 'none here')
  throw configFaults.fault('CONFIG_REGION_UNCLEAR', { reason, meant })
}
