import type { HealthTimings } from './options.ts'
import type { BrokerFinding, CanaryFinding, Check, PartitionsFinding, RegionSample } from './sample.ts'

/**
 * What one sample says by itself, without memory. A region of which no broker answers is `failing`. One that answers and
 * takes no write is `stuck`: it passes by itself when a broker was lost, as soon as that one is out of the sets of
 * replicas in sync. One that turns this observer away is `blind`, because it may well serve everybody else; so blindness
 * never makes a region down.
 */
export type Grade = 'good' | 'impaired' | 'stuck' | 'failing' | 'blind'

export interface Finding {
  readonly code: FindingCode
  /** A sentence with the evidence in it. */
  readonly text: string
}

export type FindingCode =
  | 'no-broker-answers'
  | 'turned-away'
  | 'writes-refused'
  | 'broker-silent'
  | 'broker-missing'
  | 'quorum-lost'
  | 'voter-lagging'
  | 'partitions-offline'
  | 'partitions-under-min-isr'
  | 'canary-partial'
  | 'canary-slow'
  | 'clock-off'

export interface Graded {
  readonly grade: Grade
  /** Why it is not good; empty where it is. The gravest goes first. */
  readonly findings: readonly Finding[]
}

type Limits = Pick<HealthTimings, 'canarySlowMs' | 'clockOffsetMs'>

export function gradeSample(sample: RegionSample, limits: Limits): Graded {
  const gravest = gradeReach(sample.brokers) ?? gradeWrites(sample.canary)
  if (gravest !== undefined) return gravest
  const findings = [
    ...silentBrokers(sample.brokers),
    ...quorumFindings(sample),
    ...partitionFindings(sample.partitions),
    ...canaryFindings(sample.canary, limits),
    ...clockFindings(sample, limits),
  ]
  return { grade: findings.length === 0 ? 'good' : 'impaired', findings }
}

function gradeReach(all: readonly BrokerFinding[]): Graded | undefined {
  const brokers = all.filter(({ isFresh }) => isFresh)
  if (brokers.some(({ state }) => state === 'answers')) return undefined
  const refusing = brokers.find(({ state }) => state === 'refuses')
  if (refusing !== undefined) {
    return { grade: 'blind', findings: [{ code: 'turned-away', text: `turned away: ${refusing.reason}` }] }
  }
  const [first] = brokers
  const text = `none of ${count(brokers.length, 'broker')} answers: ${first?.reason ?? 'no address is known'}`
  return { grade: 'failing', findings: [{ code: 'no-broker-answers', text }] }
}

function gradeWrites(canary: Check<CanaryFinding>): Graded | undefined {
  if (canary.kind !== 'ok' || canary.value.tried === 0 || canary.value.written > 0) return undefined
  const text = `no broker takes a write: ${canary.value.refusals[0] ?? 'no reason was given'}`
  return { grade: 'stuck', findings: [{ code: 'writes-refused', text }] }
}

function silentBrokers(brokers: readonly BrokerFinding[]): Finding[] {
  const silent = brokers.filter(({ state }) => state !== 'answers')
  if (silent.length === 0) return []
  const names = silent.map(({ nodeId, address }) => (nodeId === undefined ? address : `${nodeId} (${address})`))
  const text = `${count(silent.length, 'broker')} of ${brokers.length} without an answer: ${listed(names)}: ${silent[0]?.reason}`
  return [{ code: 'broker-silent', text }]
}

function quorumFindings({ quorum }: RegionSample): Finding[] {
  if (quorum.kind === 'unknown') return []
  if (quorum.kind === 'failed') {
    const text = `the controller quorum does not answer, so nothing can be changed there: ${quorum.reason}`
    return [{ code: 'quorum-lost', text }]
  }
  const { lagging, voters } = quorum.value
  if (lagging.length === 0) return []
  const text = `${count(lagging.length, 'voter')} of ${voters.length} of the controller quorum not heard of: ${listed(lagging)}`
  return [{ code: 'voter-lagging', text }]
}

function partitionFindings(check: Check<PartitionsFinding>): Finding[] {
  if (check.kind !== 'ok') return []
  const { offline, underMinIsr, missingBrokers, partitions } = check.value
  const findings: Finding[] = []
  if (offline.count > 0) {
    const text = `${offline.count} of ${count(partitions, 'partition')} offline: ${listed(offline.examples, offline.count)}`
    findings.push({ code: 'partitions-offline', text })
  }
  if (underMinIsr.count > 0) {
    const names = listed(underMinIsr.examples, underMinIsr.count)
    const text = `${count(underMinIsr.count, 'partition')} with too few replicas in sync for acks=all: ${names}`
    findings.push({ code: 'partitions-under-min-isr', text })
  }
  if (missingBrokers.length > 0) {
    const text = `${count(missingBrokers.length, 'broker')} with replicas missing: ${listed(missingBrokers)}`
    findings.push({ code: 'broker-missing', text })
  }
  return findings
}

function canaryFindings(canary: Check<CanaryFinding>, { canarySlowMs }: Limits): Finding[] {
  if (canary.kind !== 'ok') return []
  const { tried, written, slowestMs, refusals } = canary.value
  if (written < tried) {
    const text = `${tried - written} of ${count(tried, 'leader')} took no write: ${refusals[0] ?? ''}`
    return [{ code: 'canary-partial', text }]
  }
  if (slowestMs <= canarySlowMs) return []
  return [{ code: 'canary-slow', text: `a write took ${Math.round(slowestMs)} ms until it was read again` }]
}

function clockFindings({ clock }: RegionSample, { clockOffsetMs }: Limits): Finding[] {
  if (clock.kind !== 'ok') return []
  const { offsetMs, uncertaintyMs } = clock.value
  if (Math.abs(offsetMs) - uncertaintyMs <= clockOffsetMs) return []
  const side = offsetMs > 0 ? 'ahead of' : 'behind'
  return [{ code: 'clock-off', text: `its clock is ${Math.round(Math.abs(offsetMs))} ms ${side} the one here` }]
}

const LISTED_MAX = 5

/** A few of them, and how many there are beside those. */
function listed(names: readonly (string | number)[], total = names.length): string {
  const shown = names.slice(0, LISTED_MAX)
  return total > shown.length ? `${shown.join(', ')} and ${total - shown.length} more` : shown.join(', ')
}

export function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`
}
