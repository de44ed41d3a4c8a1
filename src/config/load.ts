import { dirname, resolve } from 'node:path'
import type { ApiSettings } from '../api/index.ts'
import type { RegionName } from '../core/index.ts'
import type { Material } from '../credentials/index.ts'
import { type ReplicationOptions, resolveReplicationOptions } from '../replication/index.ts'
import { type HealthOptions, resolveHealthOptions } from '../regions/index.ts'
import { type ResolvedSecurityOptions, resolveSecurityOptions } from '../security/index.ts'
import { loadApi } from './api.ts'
import { type FailoverGroupConfig, resolveFailoverGroup } from './failover-groups.ts'
import type { KubernetesAccess } from '../kubernetes/index.ts'
import { type AuthorityConfig, loadAuthority, loadKubernetes } from './authority.ts'
import { loadClientProviders } from './client-providers.ts'
import { canaryGroups } from './drills.ts'
import type { LoadContext } from './credentials.ts'
import { configFaults } from './faults.ts'
import { deriveLinks, type LinkConfig } from './links.ts'
import { loadNotifications, type NotificationConfig } from './notifications.ts'
import { loadPolicies, type PolicyConfig } from './policies.ts'
import { collectProblems, formatProblem, type Problem, sortProblems } from './problems.ts'
import { loadRegions, type RegionConfig } from './regions.ts'
import { checkRules } from './rules.ts'
import { type ConfigSources, systemSources } from './sources.ts'
import { validateShape } from './validate.ts'
import { parseYaml } from './yaml.ts'

/** The configuration, with defaults filled in, links derived and secrets loaded. */
export interface Config {
  readonly regions: ReadonlyMap<RegionName, RegionConfig>
  readonly links: readonly LinkConfig[]
  readonly failoverGroups: readonly FailoverGroupConfig[]
  readonly authority: AuthorityConfig
  /** Where failover groups are shown as custom resources; undefined where they are not. */
  readonly kubernetes: KubernetesAccess | undefined
  readonly replication: Required<ReplicationOptions>
  readonly health: Required<HealthOptions>
  readonly notifications: readonly NotificationConfig[]
  readonly api: ApiSettings
  /** Who may do what, one policy for each owner. */
  readonly policies: readonly PolicyConfig[]
  readonly security: ResolvedSecurityOptions
  /** Every set of files with credentials, but for those that the API follows itself. */
  readonly materials: readonly Material<unknown>[]
  readonly warnings: readonly Problem[]
}

/** What reading a file came to: everything that is wrong with it, and the configuration where nothing is. */
export interface ConfigReading {
  readonly problems: readonly Problem[]
  readonly config: Config | undefined
}

/** Reads and checks the whole file. Throws only `CONFIG_UNREADABLE`. */
export function readConfig(
  path: string,
  sources: ConfigSources = systemSources,
): ConfigReading & { readonly text: string } {
  let text: string
  try {
    text = sources.readFile(path)
  } catch (error) {
    throw configFaults.fault('CONFIG_UNREADABLE', { file: path, reason: (error as Error).message }, error)
  }
  return { ...parseConfig(text, dirname(resolve(path)), sources), text }
}

/** The same, for the text of a file that stands in `folder`. */
export function parseConfig(text: string, folder: string, sources: ConfigSources): ConfigReading {
  const yaml = parseYaml(text)
  const collector = collectProblems((path) => yaml.lineOf(path))
  if (yaml.mistakes.length > 0) {
    const problems = yaml.mistakes.map(({ line, message }): Problem => {
      return { severity: 'error', path: '', line, rule: `not valid YAML: ${message}`, remedy: 'correct the line' }
    })
    return { problems, config: undefined }
  }
  const usable = validateShape(yaml.value, collector)
  const links = deriveLinks(usable, collector)
  checkRules(usable, links, collector)
  const context: LoadContext = { folder, sources, problems: collector, materials: [] }
  const regions = loadRegions(usable, context)
  const authority = loadAuthority(usable.authority, context)
  const kubernetes = loadKubernetes(usable.kubernetes, context)
  const failoverGroups = usable.failoverGroups.map(({ at, entry }) =>
    resolveFailoverGroup(entry, loadClientProviders(entry, ['failoverGroups', at], context)),
  )
  const notifications = loadNotifications(usable, context)
  const api = loadApi(usable.api, context)
  const policies = loadPolicies(usable, context)
  const problems = sortProblems([...collector.problems, ...policies.problems])
  if (collector.hasErrors || policies.problems.length > 0) return { problems, config: undefined }
  const canaries = canaryGroups(usable.failoverGroups)
  const config: Config = {
    regions,
    links: [...links, ...deriveLinks({ ...usable, links: [], failoverGroups: canaries }, collector)],
    failoverGroups: [
      ...failoverGroups,
      ...canaries.map(({ entry }) => resolveFailoverGroup(entry, { routing: [], eviction: [] })),
    ],
    authority,
    kubernetes,
    replication: resolveReplicationOptions(usable.replication ?? {}),
    health: resolveHealthOptions(usable.health),
    notifications,
    api,
    policies: policies.policies,
    security: resolveSecurityOptions(usable.security),
    materials: context.materials,
    warnings: problems,
  }
  return { problems, config }
}

/** The configuration, or the fault `CONFIG_INVALID` that lists every problem. */
export function loadConfig(path: string, sources: ConfigSources = systemSources): Config {
  return loadConfigFile(path, sources).config
}

/** For `run`, which follows the file: the configuration and the text that it was made from. */
export function loadConfigFile(
  path: string,
  sources: ConfigSources = systemSources,
): { readonly config: Config; readonly text: string } {
  const { config, problems, text } = readConfig(path, sources)
  if (config !== undefined) return { config, text }
  const errors = problems.filter((problem) => problem.severity === 'error')
  throw configFaults.fault('CONFIG_INVALID', {
    file: path,
    count: errors.length === 1 ? 'one problem' : `${errors.length} problems`,
    problems: errors.map((problem) => `  ${formatProblem(problem)}`).join('\n'),
  })
}
