import { GUARDS, type GuardResult } from '../../failover/index.ts'
import { COULD_NOT_LOOK, type Finding, type FindingSpec } from './finding.ts'

interface GuardFinding {
  readonly id: string
  readonly title: string
  /** Lower than the guard has it, where most who live with it do so on purpose. */
  readonly severity?: 'info'
  /** Which region it is about; neither: the group as a whole. */
  readonly side?: 'source' | 'target'
}

/**
 * What guards of a switchover tell of every day, by guard. Left out is what is right for a moment only, and what the doctor
 * has looked up itself: which regions answer, what each of them is, and where the authority stands.
 */
const FINDINGS: Readonly<Record<string, GuardFinding>> = {
  'not-paused': { id: 'group-paused', title: 'The failover group is paused: nobody can move it.', severity: 'info' },
  'links-not-paused': { id: 'link-paused', title: 'A link of the group is paused and copies nothing.' },
  'target-in-sync': {
    id: 'replicas-out-of-sync',
    title: 'Partitions of a standby lack replicas in sync.',
    side: 'target',
  },
  'min-isr-fits': {
    id: 'min-insync-too-high',
    title: 'Topics ask for more replicas in sync than the standby has of them.',
    side: 'target',
  },
  'configs-accepted': {
    id: 'configs-refused',
    title: 'The standby does not accept configs that topics have on the active region.',
    side: 'target',
  },
  'rights-present': {
    id: 'application-rights-missing',
    title: 'Applications lack rights, users or quotas on a standby.',
    side: 'target',
  },
  'own-rights-target': {
    id: 'own-rights-missing',
    title: 'Isthmus may not do in a region what the steps of a move need.',
    side: 'target',
  },
  'own-rights-source': {
    id: 'own-rights-missing',
    title: 'Isthmus may not do in a region what the steps of a move need.',
    side: 'source',
  },
  'certificates-valid': { id: 'certificate-ends', title: 'A certificate of a standby ends soon.', side: 'target' },
  'clocks-agree': { id: 'clocks-differ', title: 'The clocks of regions and controllers differ.' },
  'disk-headroom': { id: 'disk-full', title: 'A standby has little disk space left.', side: 'target' },
  'fence-available': { id: 'fence-unavailable', title: 'The active region cannot be fenced.', side: 'source' },
  'standing-fence': {
    id: 'standing-fence-missing',
    title: 'Nothing proves that a standby takes no writes from applications.',
    side: 'target',
  },
  'everyone-fenced': {
    id: 'super-users',
    title: 'Principals are super users, whom no fence stops.',
    side: 'source',
  },
  'one-direction': {
    id: 'wrong-direction',
    title: 'Topics are copied in both directions, or in none.',
    side: 'target',
  },
  'no-open-gaps': { id: 'gaps-open', title: 'A loss on the way to a standby waits for a person.', side: 'target' },
  'partition-counts-equal': {
    id: 'partition-counts-differ',
    title: 'Topics have another number of partitions on a standby.',
    side: 'target',
  },
  'loss-within-objective': {
    id: 'copy-behind',
    title: 'A standby is too far behind for a switchover.',
    side: 'target',
  },
  'positions-fresh': {
    id: 'positions-old',
    title: 'Positions of consumer groups were not carried over lately.',
    side: 'target',
  },
  'groups-away': {
    id: 'groups-on-standby',
    title: 'Consumer groups have members on a standby.',
    side: 'target',
  },
  'offsets-identical': {
    id: 'offsets-differ',
    title: 'Offsets of partitions are not the same in both regions.',
    severity: 'info',
    side: 'target',
  },
  'internal-topics-selected': {
    id: 'internal-topics-outside',
    title: 'Internal topics of selected Streams and Connect groups are left out of the failover group.',
    side: 'source',
  },
  'no-share-groups': {
    id: 'share-groups',
    title: 'Share groups read the topics; their state is not moved.',
    side: 'source',
  },
  'routing-available': { id: 'routing-unavailable', title: 'The provider of routing cannot do its work.' },
  'eviction-available': {
    id: 'eviction-unavailable',
    title: 'Nothing moves clients off the old region, or it cannot do its work.',
  },
  'drill-recent': { id: 'drill-old', title: 'No drill has succeeded lately.' },
}

/** One plan of a switchover, which nobody carries out. */
export interface JudgedPlan {
  readonly group: string
  readonly from: string
  readonly to: string
  readonly guards: readonly Pick<GuardResult, 'name' | 'status' | 'evidence' | 'remedy'>[]
}

/** Pure. What could not be found out is told in one finding: it mostly has one cause. */
export function findInPlan({ group, from, to, guards }: JudgedPlan): Finding[] {
  const known = guards.flatMap(({ name, status, evidence, remedy }): Finding[] => {
    const spec = FINDINGS[name]
    if (spec === undefined || status === 'passed' || status === 'unknown') return []
    const severity = spec.severity ?? (status === 'failed' ? 'error' : 'warning')
    const region = spec.side === undefined ? null : spec.side === 'source' ? from : to
    return [{ id: spec.id, severity, group, region, title: spec.title, evidence, remedy }]
  })
  const unknown = guards.filter(({ name, status }) => status === 'unknown' && FINDINGS[name] !== undefined)
  if (unknown.length === 0) return known
  const evidence = unknown.map(({ name, evidence: why }) => `${name}: ${why}`).join('; ')
  const { title, remedy } = COULD_NOT_LOOK
  return [...known, { id: 'could-not-look', severity: 'warning', group, region: to, title, evidence, remedy }]
}

/** For the page of reference. */
export function guardFindings(): (FindingSpec & { readonly id: string })[] {
  return GUARDS.flatMap(({ name, remedy }) => {
    const spec = FINDINGS[name]
    return spec === undefined ? [] : [{ remedy, ...spec, severity: spec.severity ?? ('as-judged' as const) }]
  })
}
