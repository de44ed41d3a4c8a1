import { readFileSync } from 'node:fs'
import { stringify } from 'yaml'
import type { ImportReport } from '../../cli/index.ts'
import { configFaults } from '../faults.ts'
import { formatProblem, sortProblems } from '../problems.ts'
import { findLink, type ImportedLink } from './flows.ts'
import {
  type Difference,
  differenceOf,
  listOf,
  type MirrorCluster,
  type MirrorPlan,
  type Mistake,
  valueOf,
} from './plan.ts'
import type { Setting } from './properties.ts'
import { readPropertiesPlan } from './read-properties.ts'
import { readStrimziPlan } from './read-strimzi.ts'
import { findLogin } from './security.ts'
import { SETTING_RULES, TAKEN } from './settings.ts'

/** Reads a file of MirrorMaker 2. Faults: IMPORT_UNREADABLE, IMPORT_REFUSED. */
export function importMm2(file: string): ImportReport {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw configFaults.fault('IMPORT_UNREADABLE', { file, reason: (error as Error).message }, error)
  }
  return { file, ...importText(text, file) }
}

/**
 * From the text of a properties file, or of a resource of Strimzi, to a configuration of Isthmus and everything that
 * differs. Every setting of the text becomes a key, or is told. Pure. Fault IMPORT_REFUSED with all mistakes.
 */
export function importText(text: string, file: string): Omit<ImportReport, 'file'> {
  const plan = looksLikeYaml(text) ? readStrimziPlan(text) : readPropertiesPlan(text)
  if (isMistakes(plan)) throw refused(file, plan)
  const names = nameRegions(plan.clusters)
  const used = plan.clusters.filter(({ alias }) =>
    plan.flows.some(({ source, target }) => source === alias || target === alias),
  )
  const regions = used.map((cluster) => regionOf(cluster, names.get(cluster.alias) ?? cluster.alias))
  const links = plan.flows.map((flow) => findLink(flow, names))
  const mistakes = [...findMissing(plan), ...[...regions, ...links].flatMap((one) => one.mistakes)]
  if (mistakes.length > 0) throw refused(file, mistakes)
  const config = render(
    regions.map(({ region }) => region),
    links.map(({ link }) => link),
    file,
  )
  const differences = [
    ...renamed(names),
    ...[...regions, ...links].flatMap((one) => one.differences),
    ...tellSettings(plan),
  ]
  return { config, differences: unique(differences) }
}

function looksLikeYaml(text: string): boolean {
  return /^(?:apiVersion|kind)[ \t]*:/m.test(text)
}

function isMistakes(plan: MirrorPlan | readonly Mistake[]): plan is readonly Mistake[] {
  return Array.isArray(plan)
}

function findMissing({ clusters, flows }: MirrorPlan): Mistake[] {
  if (flows.length === 0) {
    const remedy = 'set A->B.enabled = true for each flow that is to go on'
    return [{ key: 'A->B.enabled', line: null, rule: 'no flow is enabled', remedy }]
  }
  const isUsed = (alias: string) => flows.some(({ source, target }) => source === alias || target === alias)
  return clusters
    .filter(({ alias, settings }) => isUsed(alias) && valueOf(settings, 'bootstrap.servers') === undefined)
    .map(({ alias }) => ({ key: `${alias}.bootstrap.servers`, line: null, rule: 'missing', remedy: 'give host:port' }))
}

/** Names of regions are lower-case; aliases of clusters may have anything. */
function nameRegions(clusters: readonly MirrorCluster[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>()
  for (const { alias } of clusters) {
    const plain = alias
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^-+|-+$/g, '')
      .slice(0, 24)
      .replace(/-$/, '')
    const base = plain === '' ? 'region' : plain
    const taken = new Set(names.values())
    let name = base
    for (let next = 2; taken.has(name); next++) name = `${base}-${next}`
    names.set(alias, name)
  }
  return names
}

function renamed(names: ReadonlyMap<string, string>): Difference[] {
  return [...names].flatMap(([alias, region]) => {
    if (alias === region) return []
    const isthmus = `the region is called ${region}; copies keep ${alias} in their names, by rename`
    return [differenceOf('differs', { key: 'clusters', value: alias, line: null }, { isthmus })]
  })
}

function regionOf(cluster: MirrorCluster, name: string) {
  const { login, differences, mistakes } = findLogin(cluster, name)
  const bootstrap = listOf(valueOf(cluster.settings, 'bootstrap.servers') ?? '').map((one) =>
    one.replace(/^\w+:\/\//, ''),
  )
  return { region: { name, bootstrap, ...login }, differences, mistakes }
}

/** Each setting that became no key. */
function tellSettings({ clusters, flows, rest }: MirrorPlan): Difference[] {
  const named = [...clusters, ...flows].flatMap(({ settings }) => [...settings])
  const all = [...named, ...rest.map((setting) => [setting.key, setting] as const)]
  return all.filter(([name]) => !TAKEN.has(name)).map(([name, setting]) => tellSetting(name, setting))
}

function tellSetting(name: string, setting: Setting): Difference {
  const rule = SETTING_RULES.find((one) => one.name.test(name) && (one.value?.test(setting.value) ?? true))
  if (rule !== undefined) return differenceOf(rule.kind, setting, { isthmus: rule.isthmus, todo: rule.todo ?? '' })
  const isthmus = 'it is not known to the import, and nothing is made of it'
  return differenceOf('decide', setting, { isthmus, todo: 'find out whether anything depends on it' })
}

/** A setting that several flows inherit is told once. */
function unique(differences: readonly Difference[]): Difference[] {
  const known = new Map(differences.map((one) => [`${one.kind} ${one.key} ${one.isthmus} ${one.todo}`, one]))
  return [...known.values()]
}

const AFTER = [
  'Stop MirrorMaker 2 before you start Isthmus with this. Copies that are there are adopted: both logs are compared,',
  'record by record. Where one does not match, its flow stops and names the first difference.',
]

function render(regions: readonly object[], links: readonly ImportedLink[], file: string): string {
  const body = stringify(
    { apiVersion: 'isthmus/v1', regions, links, api: { listen: '127.0.0.1:8080', anonymous: 'admin' } },
    { lineWidth: 0, flowCollectionPadding: true, aliasDuplicateObjects: false },
  )
  const head = [
    `Made of ${file.split(/[\\/]/).at(-1) ?? file} by isthmus import mm2. Files are relative to this one.`,
    ...AFTER,
  ]
  return `${head.map((line) => `# ${line}`).join('\n')}\n${body}`
}

function refused(file: string, mistakes: readonly Mistake[]) {
  const problems = sortProblems(
    mistakes.map(({ key, line, rule, remedy }) => ({ severity: 'error' as const, path: key, line, rule, remedy })),
  )
  const count = `${problems.length} ${problems.length === 1 ? 'thing' : 'things'}`
  const told = problems.map((problem) => `  ${formatProblem(problem)}`).join('\n')
  return configFaults.fault('IMPORT_REFUSED', { file, count, problems: told })
}
