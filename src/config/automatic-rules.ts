import { VANTAGE_POINTS_LEAST } from '../failover/index.ts'
import { resolveHealthOptions } from '../regions/index.ts'
import { resolveFailoverOptions } from './failover-options.ts'
import type { Path, ProblemCollector } from './problems.ts'
import type { UsableConfig } from './validate.ts'

/** What automatic mode cannot do without, as far as a file can tell, and fence commands that run in agents. */
export function checkAutomatic(file: UsableConfig, problems: ProblemCollector): void {
  checkAgentCommands(file, problems)
  const groups = file.failoverGroups.filter(({ entry }) => resolveFailoverOptions(entry.failover).mode === 'automatic')
  if (groups.length === 0) return
  checkVantagePoints(file, problems)
  for (const { at, entry: group } of groups) {
    if (group.objectives?.rpoSeconds === undefined) {
      const path: Path = ['failoverGroups', at, 'objectives', 'rpoSeconds']
      problems.error(path, 'missing in a group that moves by itself', 'say how many seconds of records it may lose')
    }
    for (const name of group.regions) checkFence(file, name, group.name, problems)
  }
  if ((file.authority?.kind ?? 'sqlite') === 'sqlite') {
    const rule = 'authority.kind is sqlite: only controllers on this machine can lead, and a group moves by itself'
    problems.warn(
      ['authority', 'kind'],
      rule,
      'use etcd over three sites, or Kubernetes outside of them, so that a controller outlives the region',
    )
  }
}

function checkVantagePoints({ health: given }: UsableConfig, problems: ProblemCollector): void {
  const { vantagePoints, canary } = resolveHealthOptions(given)
  if (vantagePoints < VANTAGE_POINTS_LEAST) {
    const rule = `${vantagePoints} are fewer than the ${VANTAGE_POINTS_LEAST} that automatic mode needs`
    const remedy = 'say how many controllers and agents there are; run an agent in each region'
    problems.error(['health', 'vantagePoints'], rule, remedy)
  }
  if (!canary) {
    const rule = 'off, and vantage points hear each other through canaries'
    problems.error(['health', 'canary'], rule, 'remove it, or give up failover.mode automatic')
  }
}

/** Each region may be the one that is left. */
function checkFence({ regions }: UsableConfig, name: string, group: string, problems: ProblemCollector): void {
  const region = regions.find(({ entry }) => entry.name === name)
  if (region === undefined) return
  const { canary, fence } = region.entry
  if (canary !== undefined || fence?.command !== undefined) return
  const rule = `nothing can show from outside that ${name} is fenced, and ${group} moves by itself`
  const remedy = 'add fence.command, or a canary that the ACL fence refuses'
  problems.error(['regions', region.at, 'fence'], rule, remedy)
}

/** What an agent says of its own region is no proof. */
function checkAgentCommands({ regions, authority }: UsableConfig, problems: ProblemCollector): void {
  for (const { at, entry } of regions) {
    const command = entry.fence?.command
    if (command?.runs !== 'agent') continue
    const path: Path = ['regions', at, 'fence', 'command']
    if (command.check === undefined) {
      const rule = 'missing, and the command runs in an agent, whose word is no proof'
      problems.error([...path, 'check'], rule, 'add a check that a controller runs from outside the region')
    }
    if ((authority?.kind ?? 'sqlite') === 'sqlite') {
      const rule = 'authority.kind is sqlite, a file: an agent is asked only on the machine of the controllers'
      problems.warn(
        [...path, 'runs'],
        rule,
        'set authority.kind to etcd or kubernetes, unless all of it runs on one machine',
      )
    }
  }
}
