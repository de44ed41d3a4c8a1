import { canaryGroups } from './drills.ts'
import { firstLongLinkName, impliedLinkNames } from './failover-groups.ts'
import { resolveFailoverOptions } from './failover-options.ts'
import { type PlacedLink, written } from './links.ts'
import { findOverlap, type Overlap, selectionOf } from './patterns.ts'
import { formatPath, type Path, type ProblemCollector } from './problems.ts'
import type { UsableConfig } from './validate.ts'
import type { GateOptions } from '../security/index.ts'

/**
 * Rules of failover groups that have to hold wherever a group is active: what is right for the links of today must not
 * become wrong with the first move.
 */
export function checkGroups(file: UsableConfig, links: readonly PlacedLink[], problems: ProblemCollector): void {
  checkLinkNames(file, problems)
  checkShares(file, problems)
  checkStrangers(file, links, problems)
  checkTimings(file, problems)
  checkGates(file, problems)
}

function checkLinkNames(file: UsableConfig, problems: ProblemCollector): void {
  const taken = new Map(file.links.map(({ at, entry }): [string, Path] => [entry.name, ['links', at, 'name']]))
  for (const { at, entry: group } of [...file.failoverGroups, ...canaryGroups(file.failoverGroups)]) {
    const path: Path = ['failoverGroups', at, 'name']
    const long = firstLongLinkName(group)
    if (long !== undefined) {
      const remedy = 'shorten the name of the group or of its regions'
      problems.error(path, `one of its links would be named ${long}, longer than 63 characters`, remedy)
    }
    for (const name of impliedLinkNames(group)) {
      const other = taken.get(name)
      if (other !== undefined && other !== path) {
        const rule = `"${name}" is the name of a link of failoverGroups[${at}], now or after a move`
        problems.error(other, rule, 'choose another name')
      }
      taken.set(name, path)
    }
  }
}

/** A topic of a region moves with one group, or not at all. */
function checkShares(file: UsableConfig, problems: ProblemCollector): void {
  for (const [index, { at, entry: group }] of file.failoverGroups.entries()) {
    for (const { at: earlierAt, entry: earlier } of file.failoverGroups.slice(0, index)) {
      const region = group.regions.find((name) => earlier.regions.includes(name))
      const shared =
        region === undefined ? undefined : findOverlap(selectionOf(earlier.topics), selectionOf(group.topics))
      if (shared === undefined) continue
      const rule = `takes "${shared.pattern}" in ${region}, as failoverGroups[${earlierAt}] does`
      report(problems, { path: ['failoverGroups', at, 'topics'], rule, shared }, 'exclude the topics from one of them')
    }
  }
}

/** In its regions nobody but the group itself copies into its topics: the region may be the active one, or a standby. */
function checkStrangers(file: UsableConfig, links: readonly PlacedLink[], problems: ProblemCollector): void {
  for (const { at, entry: group } of file.failoverGroups) {
    for (const link of links) {
      if (link.failoverGroup !== null || !group.regions.includes(link.target)) continue
      const shared = findOverlap(selectionOf(group.topics), written(link))
      if (shared === undefined) continue
      const rule = `writes "${shared.pattern}" on ${link.target}, where ${formatPath(['failoverGroups', at])} has it`
      report(
        problems,
        { path: link.path, rule, shared },
        'exclude the topics from the link or the group, or rename them',
      )
    }
  }
}

function report(
  problems: ProblemCollector,
  { path, rule, shared }: { readonly path: Path; readonly rule: string; readonly shared: Overlap },
  remedy: string,
): void {
  if (shared.certain) problems.error(path, rule, remedy)
  else problems.warn(path, `possibly ${rule}`, `make sure that no topic matches both; else ${remedy}`)
}

/** The steps between the fence and the commit have to fit into the pause. */
function checkTimings(file: UsableConfig, problems: ProblemCollector): void {
  for (const { at, entry: group } of file.failoverGroups) {
    const path: Path = ['failoverGroups', at, 'failover', 'writePauseSeconds']
    const { writePauseSeconds, settleSeconds, cutSeconds, groupGraceSeconds } = resolveFailoverOptions(group.failover)
    const steps = settleSeconds + cutSeconds + groupGraceSeconds
    if (steps < writePauseSeconds) continue
    const rule = `${writePauseSeconds} s are no more than settleSeconds + cutSeconds + groupGraceSeconds = ${steps} s`
    problems.error(path, rule, 'raise it, or lower one of those, so that time is left to copy the rest')
  }
}

/** A gate is for all groups of its region: listeners do not know topics. */
function checkGates(file: UsableConfig, problems: ProblemCollector): void {
  for (const { at, entry: region } of file.regions) {
    if (region.gate === undefined) continue
    const path: Path = ['regions', at, 'gate']
    checkGateKeys(region.gate, path, problems)
    if ((file.authority?.kind ?? 'sqlite') === 'sqlite') {
      const rule = 'authority.kind is sqlite, a file: the agent follows it only on the machine of the controllers'
      problems.warn(path, rule, 'set authority.kind to etcd or kubernetes, unless all of it runs on one machine')
    }
    const groups = file.failoverGroups.filter(({ entry }) => entry.regions.includes(region.name))
    if (groups.length === 0) {
      const remedy = `name ${region.name} among the regions of a group, or remove the gate`
      problems.error(path, 'no failover group has the region: nothing would ever open it', remedy)
    } else if (groups.length > 1) {
      const names = groups.map(({ entry }) => entry.name).join(', ')
      const rule = `it is for all of ${names} together: it stays open while the region is active for one of them`
      problems.warn(path, rule, 'move them together, and count on the fence where only one of them has moved')
    }
  }
}

const PROGRAM_KEYS = ['open', 'close', 'check', 'timeoutSeconds'] as const
const POLICY_KEYS = ['networkPolicy', 'namespace', 'kubeconfig', 'context'] as const

/** Two programs, or a policy, and no key of the other: it would be ignored without a word. */
function checkGateKeys(gate: GateOptions, path: Path, problems: ProblemCollector): void {
  const isPolicy = gate.networkPolicy !== undefined
  for (const key of isPolicy ? PROGRAM_KEYS : POLICY_KEYS) {
    if (gate[key] === undefined) continue
    const rule = isPolicy ? 'is for a gate of programs' : 'is for a gate with networkPolicy'
    problems.error([...path, key], rule, `remove ${key}, or ${isPolicy ? 'networkPolicy' : 'give networkPolicy'}`)
  }
  for (const key of isPolicy ? [] : (['open', 'close'] as const)) {
    if (gate[key] === undefined) problems.error([...path, key], 'missing', 'give open and close, or networkPolicy')
  }
  if (gate.context !== undefined && gate.kubeconfig === undefined) {
    problems.error([...path, 'context'], 'names no file', 'give kubeconfig too, or remove context')
  }
}
