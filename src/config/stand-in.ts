import { configFaults } from './faults.ts'
import type { Config } from './load.ts'
import { closest } from './problems.ts'

/** The configuration of a process that has to stand in a region: `given` goes before `health.standsIn`. */
export function standIn(config: Config, given: string | undefined): Config {
  const { regions, failoverGroups, health } = config
  const region = given ?? health.standsIn
  const names: readonly string[] = [...regions.keys()]
  const unclear = (reason: string, remedy: string) => configFaults.fault('CONFIG_REGION_UNCLEAR', { reason, remedy })
  if (region === '') throw unclear('no region is named', 'give --region NAME, or set health.standsIn')
  if (!names.includes(region)) {
    const meant = closest(region, names)
    const remedy = meant === undefined ? `use one of ${names.join(', ')}` : `did you mean ${meant}?`
    throw unclear(`"${region}" is not a region of the configuration`, remedy)
  }
  if (!failoverGroups.some((group) => group.regions.some((name) => name === region))) {
    throw unclear(`no failover group has "${region}"`, 'name a region of one: no other is watched, or has a gate')
  }
  return { ...config, health: { ...health, standsIn: region } }
}
