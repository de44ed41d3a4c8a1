import { dirname, resolve } from 'node:path'
import { type RegionName, regionName } from '../core/index.ts'
import type { Secret } from '../credentials/index.ts'
import { findContradiction, findPolicyMistakes, SecurityPolicy } from '../security/index.ts'
import { Value } from 'typebox/value'
import { type LoadContext, loadSecretFile } from './credentials.ts'
import { closest, collectProblems, type Path, type Problem, type ProblemCollector } from './problems.ts'
import { reportShape, type UsableConfig } from './validate.ts'
import { parseYaml } from './yaml.ts'

/** One policy file. */
export interface PolicyConfig {
  /** Absolute path. */
  readonly file: string
  readonly policy: SecurityPolicy
  /** Where it applies. */
  readonly regions: readonly RegionName[]
  /** Of principals that have a `passwordFile`, by their names. */
  readonly passwords: ReadonlyMap<string, Secret>
}

interface LoadedPolicies {
  readonly policies: readonly PolicyConfig[]
  /** Those of the files themselves; what is wrong with the names of files goes to the collector. */
  readonly problems: readonly Problem[]
}

/**
 * Reads every policy, or none: a file that is missing, empty or broken is an error of the whole configuration, because
 * rights that are not declared by mistake must not look like rights that are to go.
 */
export function loadPolicies(file: UsableConfig, context: LoadContext): LoadedPolicies {
  const policies: PolicyConfig[] = []
  const problems: Problem[] = []
  for (const path of findPolicyFiles(file.security?.policies ?? [], context)) {
    const read = readPolicy(path, file, context)
    problems.push(...read.problems)
    if (read.config === undefined) continue
    const { policy } = read.config
    problems.push(...contradictionsOf(read.config, policies))
    const first = policies.find((other) => other.policy.owner === policy.owner)
    if (first === undefined) policies.push(read.config)
    else {
      const rule = `"${policy.owner}" is already the owner of ${first.file}`
      const remedy = 'put both into one file, or give each its own owner'
      problems.push({ severity: 'error', file: path, path: 'owner', line: read.lineOfOwner, rule, remedy })
    }
  }
  return { policies, problems }
}

/** Two that set the same thing to different values would undo each other for ever. */
function contradictionsOf({ file, policy, regions }: PolicyConfig, others: readonly PolicyConfig[]): Problem[] {
  return others.flatMap((other) => {
    if (!other.regions.some((region) => regions.includes(region))) return []
    const found = findContradiction(policy, other.policy)
    if (found === undefined) return []
    const rule = `${other.file} has another value: ${found} there`
    const remedy = 'leave it to one of them'
    return [{ severity: 'error', file, path: '', line: null, rule, remedy } as const]
  })
}

/** Each once, in a stable order. */
function findPolicyFiles(globs: readonly string[], { folder, sources, problems }: LoadContext): string[] {
  const found = globs.flatMap((glob, at) => {
    const path = resolve(folder, glob)
    const files = /[*?[\]{}]/.test(glob) ? (sources.findFiles?.(path) ?? []) : [path]
    if (files.length === 0) {
      problems.error(['security', 'policies', at], `no file matches "${glob}"`, 'correct it, or remove it')
    }
    return files
  })
  return [...new Set(found)].sort()
}

function readPolicy(
  path: string,
  file: UsableConfig,
  context: LoadContext,
): {
  readonly config: PolicyConfig | undefined
  readonly problems: readonly Problem[]
  readonly lineOfOwner: number | null
} {
  const failed = (rule: string, line: number | null, remedy: string) => {
    return { severity: 'error', file: path, path: '', line, rule, remedy } as const
  }
  const { sources } = context
  let text: string
  try {
    text = sources.readFile(path)
  } catch (error) {
    const problem = failed(`it cannot be read: ${(error as Error).message}`, null, 'correct security.policies')
    return { config: undefined, problems: [problem], lineOfOwner: null }
  }
  const yaml = parseYaml(text)
  const lineOfOwner = yaml.lineOf(['owner'])
  if (yaml.mistakes.length > 0) {
    const problems = yaml.mistakes.map(({ line, message }) =>
      failed(`not valid YAML: ${message}`, line, 'correct the line'),
    )
    return { config: undefined, problems, lineOfOwner }
  }
  if (yaml.value === null || yaml.value === undefined) {
    return { config: undefined, problems: [failed('it is empty', null, 'write a policy into it')], lineOfOwner }
  }
  const collector = collectProblems((path) => yaml.lineOf(path))
  reportShape(SecurityPolicy, yaml.value, collector)
  const policy = Value.Check(SecurityPolicy, yaml.value) ? yaml.value : undefined
  const regions = policy === undefined ? [] : regionsOf(policy, file, collector)
  for (const { path, rule, remedy } of policy === undefined ? [] : findPolicyMistakes(policy)) {
    collector.error(path, rule, remedy)
  }
  const own = { ...context, folder: dirname(path), problems: collector }
  const passwords = policy === undefined ? new Map<string, Secret>() : loadPasswords(policy, own)
  const problems = collector.problems.map((problem) => ({ ...problem, file: path }))
  return { config: policy && { file: path, policy, regions, passwords }, problems, lineOfOwner }
}

function loadPasswords({ owner, principals = [] }: SecurityPolicy, context: LoadContext): Map<string, Secret> {
  const loaded = principals.flatMap(({ name, passwordFile }, at) => {
    const path: Path = ['principals', at, 'passwordFile']
    // Several files have a first principal; what is followed is known by its name.
    const secret = loadSecretFile(passwordFile, path, 'the password', context, ['policies', owner, ...path])
    return secret === undefined ? [] : [[name, secret] as const]
  })
  return new Map(loaded)
}

function regionsOf({ applies }: SecurityPolicy, file: UsableConfig, problems: ProblemCollector): RegionName[] {
  const { failoverGroup, regions = [] } = applies
  const known = (names: readonly string[], name: string, path: readonly (string | number)[], what: string) => {
    if (names.includes(name)) return true
    const meant = closest(name, names)
    const remedy =
      meant === undefined ? `use one of ${names.join(', ') || 'none: there is none'}` : `did you mean ${meant}?`
    problems.error(['applies', ...path], `"${name}" is no ${what} of the configuration`, remedy)
    return false
  }
  const named = regions.filter((name, at) => known(file.regionNames, name, ['regions', at], 'region'))
  const groups = file.failoverGroups.map(({ entry }) => entry)
  const isGroup =
    failoverGroup !== undefined &&
    known(
      groups.map(({ name }) => name),
      failoverGroup,
      ['failoverGroup'],
      'failover group',
    )
  const ofGroup = isGroup ? (groups.find(({ name }) => name === failoverGroup)?.regions ?? []) : []
  return [...new Set([...named, ...ofGroup])].map(regionName)
}
