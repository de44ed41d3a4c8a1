import { groupDigits, renderTable } from './cli/index.ts'
import type { WorkloadStats } from './local/index.ts'
import type { LinkStatus, ReplicationStatus } from './replication/index.ts'

/** What the demo shows in the terminal, as text. */
export interface ScreenFacts {
  readonly seconds: number
  readonly status: ReplicationStatus
  readonly workload: WorkloadStats
  /** Consumer group whose positions are shown on both sides. */
  readonly group: string
}

export function renderScreen({ seconds, status, workload, group }: ScreenFacts): string {
  const { fleet, weather, analytics } = workload
  const written = fleet.acknowledged + weather.acknowledged
  const head =
    `${seconds} s: ${groupDigits(written)} sensor and weather records written, ` +
    `${groupDigits(analytics.windowsClosed)} windows closed, ${groupDigits(analytics.alerts)} alerts, ` +
    `${groupDigits(fleet.deadLettered)} dead letters`
  const links = renderTable(
    ['LINK', 'STATE', 'COPIED', 'LAG RECORDS', 'LAG SECONDS', 'IDENTICAL OFFSETS'],
    status.links.map(linkRow),
  )
  const positions = status.links.flatMap((link) => positionRows(link, group))
  const table =
    positions.length === 0
      ? `(${group} has not committed yet)`
      : renderTable([`POSITIONS OF ${group}`, 'PARTITION', 'SOURCE', 'TARGET', 'BEHIND'], positions)
  return [head, '', links, '', table, ''].join('\n')
}

function linkRow(link: LinkStatus) {
  const copied = link.flows.reduce((sum, flow) => sum + flow.counters.recordsCopied, 0)
  const known = link.flows.every(({ lagRecords }) => lagRecords !== null)
  const lag = known ? link.flows.reduce((sum, flow) => sum + (flow.lagRecords ?? 0), 0) : null
  const seconds = known ? Math.max(0, ...link.flows.map((flow) => flow.lagSeconds ?? 0)) : null
  const identical = link.flows.filter(({ offsetsIdentical }) => offsetsIdentical).length
  const state = link.state === 'running' ? 'running' : `${link.state}: ${link.reason}`
  return [`${link.source} -> ${link.target}`, state, copied, lag, seconds, `${identical} of ${link.flows.length}`]
}

function positionRows(link: LinkStatus, group: string) {
  const positions = link.groups.find((one) => one.group === group)?.positions ?? []
  const inOrder = [...positions].sort((a, b) => a.topic.localeCompare(b.topic) || a.partition - b.partition)
  return inOrder.map(({ topic, partition, sourceOffset, targetOffset, behindRecords }) => [
    `${link.source} -> ${link.target} ${topic}`,
    partition,
    sourceOffset,
    targetOffset,
    behindRecords,
  ])
}

export interface HintFacts {
  readonly address: string
  readonly configFile: string
  readonly regions: readonly { readonly name: string; readonly bootstrap: readonly string[] }[]
  readonly group: string
  readonly link: string
}

/** Only commands that work, to be typed in another terminal. */
export function renderHints({ address, configFile, regions, group, link }: HintFacts): string {
  const cli = 'node bin/isthmus.js'
  const api = `--api ${address}`
  return `
Try in another terminal:
  ${cli} status ${api}
  ${cli} lag ${api}
  ${cli} offsets translate --link ${link} --group ${group} ${api}
  ${cli} offsets translate --link ${link} --topic sensors.readings --partition 0 --offset 100 ${api}
  ${cli} check --config ${configFile} --online
  curl ${address}/api/v1/status
  curl ${address}/metrics
Kafka clients connect to ${regions.map(({ name, bootstrap }) => `${name} at ${bootstrap.join(',')}`).join(', ')}.
Ctrl-C ends everything and leaves nothing behind.
`
}
