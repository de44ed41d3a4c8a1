import type { FailoverGroupBody } from '../api/contract/index.ts'
import { groupDigits, renderTable } from '../cli/index.ts'
import type { WorkloadStats } from '../local/index.ts'
import type { GroupStatus, LinkStatus, ReplicationStatus } from '../replication/index.ts'

/** What the demo shows in the terminal, as text. */
export interface ScreenFacts {
  readonly seconds: number
  readonly status: ReplicationStatus
  readonly workload: WorkloadStats
  /** The region in which the workload runs, or ran last. */
  readonly runsIn: string
  /** Undefined where the controller has not answered yet. */
  readonly group: FailoverGroupBody | undefined
  /** Consumer group whose positions are shown in every region. */
  readonly consumerGroup: string
}

export function renderScreen({ seconds, status, workload, runsIn, group, consumerGroup }: ScreenFacts): string {
  const { fleet, weather, analytics } = workload
  const head = [
    `${seconds} s`,
    `${groupDigits(fleet.acknowledged + weather.acknowledged)} records in`,
    `${groupDigits(analytics.windowsClosed)} windows closed`,
    `${groupDigits(analytics.alerts)} alerts`,
    `${groupDigits(fleet.deadLettered)} dead letters`,
  ]
  const links = renderTable(['COPY', 'STATE', 'COPIED', 'LAG', 'LAG S', 'SAME OFFSETS'], status.links.map(linkRow))
  const waiting = status.links.filter(({ state }) => state !== 'running')
  const reasons = waiting.map((link) => `${link.source} -> ${link.target}: ${link.reason}`)
  const errors = [fleet.lastError, weather.lastError].flatMap((error) => error ?? [])
  const troubles = errors.map((error) => `The producers wait for their region: ${error}`)
  const roles = group === undefined ? [] : [...renderRoles(group, runsIn), '']
  const positions = renderPositions(status, consumerGroup)
  return [head.join('   '), '', ...roles, links, ...reasons, ...troubles, '', positions].join('\n')
}

/** Which region does what, what moves, and what waits for a person. */
function renderRoles({ active, epoch, regions, operation }: FailoverGroupBody, runsIn: string): string[] {
  const others = regions.filter(({ region }) => region !== active).map((at) => `${at.region} ${roleOf(at)}`)
  const lines = [`${active} ACTIVE in epoch ${epoch}   ${others.join('   ')}   the fleet runs in ${runsIn}`]
  if (operation !== null) {
    const { kind, to, phase, state, writePausedSeconds, stop } = operation
    const paused =
      writePausedSeconds === 0 ? '' : `, writes were paused for ${groupDigits(writePausedSeconds)} s so far`
    lines.push(`${kind} to ${to} is ${state === 'running' ? phase : `${state} at ${phase}`}${paused}`)
    if (stop !== null) lines.push(`${stop.reason}: ${stop.instructions}`)
  }
  for (const { region, return: back } of regions) {
    if (back === null) continue
    if (back.stop !== null) lines.push(`${region}: ${back.stop.reason}: ${back.stop.instructions}`)
    else if (back.waiting !== null) lines.push(`${region} waits since ${back.waiting.since}: ${back.waiting.reason}`)
    else if (back.phase === 'choosing') {
      lines.push(
        `${region} holds ${groupDigits(back.divergence?.records ?? 0)} records that ${active} lacks: choose what becomes of them`,
      )
    }
  }
  return lines
}

function roleOf({ role, unfenced, return: back }: FailoverGroupBody['regions'][number]): string {
  const step = back === null ? '' : ` (${back.phase})`
  return `${role}${step}${unfenced === null ? '' : ', UNFENCED'}`
}

/** True once every standby is copied to and the group's positions are known there. */
export function isInStep(status: ReplicationStatus, { group, standbys }: InStep): boolean {
  if (status.links.length < standbys) return false
  return status.links.every((link) => {
    const positions = positionsOf(link, group)
    return link.state === 'running' && positions.length > 0 && positions.every((at) => at.targetOffset !== null)
  })
}

export interface InStep {
  readonly group: string
  /** How many there have to be: a link is only there once the controller knows the group. */
  readonly standbys: number
}

function linkRow(link: LinkStatus) {
  const copied = link.flows.reduce((sum, flow) => sum + flow.counters.recordsCopied, 0)
  const isKnown = link.flows.length > 0 && link.flows.every(({ lagRecords }) => lagRecords !== null)
  const lag = isKnown ? link.flows.reduce((sum, flow) => sum + (flow.lagRecords ?? 0), 0) : null
  const seconds = isKnown ? Math.max(...link.flows.map((flow) => flow.lagSeconds ?? 0)) : null
  const same = link.flows.filter(({ offsetsIdentical }) => offsetsIdentical).length
  const ofAll = isKnown ? `${same} of ${link.flows.length} partitions` : null
  return [`${link.source} -> ${link.target}`, link.state, copied, lag, seconds, ofAll]
}

/** A line for each partition, a column for each region. */
function renderPositions({ links }: ReplicationStatus, group: string): string {
  if (links.length === 0) return 'No region follows the active one.'
  const positions = links.map((link) => positionsOf(link, group))
  const nameOf = (at: GroupStatus['positions'][number]) => `${at.topic}-${at.partition}`
  const names = [...new Set(positions.flat().map(nameOf))]
  if (names.length === 0) return `The group ${group} has not committed a position yet.`
  const rows = names.map((name) => {
    const there = positions.map((list) => list.find((at) => nameOf(at) === name))
    // Each link looks at its own moment: the latest look at the source is ahead of every target.
    const source = Math.max(...there.map((at) => at?.sourceOffset ?? 0))
    const reread = Math.max(...there.map((at) => at?.behindRecords ?? 0))
    return [name, source, ...there.map((at) => at?.targetOffset), reread]
  })
  const regions = [links[0]?.source ?? '', ...links.map(({ target }) => target)]
  return renderTable([`${group.toUpperCase()} STANDS AT`, ...regions, 'REREAD'], rows)
}

function positionsOf(link: LinkStatus, group: string): GroupStatus['positions'] {
  const positions = link.groups.find((one) => one.group === group)?.positions ?? []
  return [...positions].sort((one, other) => one.topic.localeCompare(other.topic) || one.partition - other.partition)
}

/** A terminal's part that is drawn anew in place. */
export class Canvas {
  readonly #terminal: Terminal
  #drawn: readonly string[] = []

  constructor(terminal: Terminal) {
    this.#terminal = terminal
  }

  /** Replaces what was drawn before. Lines are cut to the terminal: a wrapped line could not be replaced. */
  draw(text: string): void {
    const { columns, rows } = this.#terminal
    const lines = text
      .split('\n')
      .slice(0, Math.max(1, rows - 1))
      .map((line) => (line.length < columns ? line : `${line.slice(0, Math.max(0, columns - 2))}…`))
    this.#terminal.write(`${this.#erasure()}${lines.join('\n')}\n`)
    this.#drawn = lines
  }

  clear(): void {
    this.#terminal.write(this.#erasure())
    this.#drawn = []
  }

  /** Lines that were drawn in a wider window take more of a narrower one. */
  #erasure(): string {
    const { columns } = this.#terminal
    const height = this.#drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / columns)), 0)
    return height === 0 ? '' : `\u001B[${height}A\u001B[J`
  }
}

export interface Terminal {
  readonly columns: number
  readonly rows: number
  write(text: string): unknown
}
