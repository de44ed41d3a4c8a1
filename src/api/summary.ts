import type { FlowState, LinkStatus, ReplicationStatus } from '../replication/index.ts'

/** What the statuses say, put in a sentence and in sums. Unknown lags are counted, never taken for zero. */
export interface LinkSums {
  readonly flows: Record<FlowState, number>
  readonly lagRecords: number | null
  readonly lagSeconds: number | null
  /** The most of any flow of this process; null where one was never observed. */
  readonly lagAgeSeconds: number | null
  readonly lagUnknownFlows: number
  readonly recordsCopied: number
  readonly bytesCopied: number
  readonly recordsLost: number
  readonly heldBackRecords: number
  readonly heldBackFlows: number
  readonly hangingFlows: number
}

export function sumLink({ flows }: Pick<LinkStatus, 'flows'>, nowMs: number): LinkSums {
  const states = { starting: 0, running: 0, recovering: 0, stopped: 0, elsewhere: 0 }
  const sums = {
    recordsCopied: 0,
    bytesCopied: 0,
    recordsLost: 0,
    lagUnknownFlows: 0,
    heldBackRecords: 0,
    heldBackFlows: 0,
    hangingFlows: 0,
  }
  let lagRecords: number | null = null
  let lagSeconds: number | null = null
  let observedAtMs: number | null = nowMs
  let observed = 0
  for (const flow of flows) {
    states[flow.state]++
    sums.recordsCopied += flow.counters.recordsCopied
    sums.bytesCopied += flow.counters.bytesCopied
    sums.recordsLost += flow.counters.recordsLost
    sums.heldBackRecords += flow.heldBackRecords ?? 0
    if (flow.heldBack !== null) sums.heldBackFlows++
    if (flow.heldBack?.state === 'hanging') sums.hangingFlows++
    if (flow.state !== 'elsewhere') {
      observed++
      observedAtMs =
        observedAtMs === null || flow.observedAtMs === null ? null : Math.min(observedAtMs, flow.observedAtMs)
    }
    if (flow.lagRecords === null) sums.lagUnknownFlows += flow.state === 'elsewhere' ? 0 : 1
    else lagRecords = (lagRecords ?? 0) + flow.lagRecords
    if (flow.lagSeconds !== null) lagSeconds = Math.max(lagSeconds ?? 0, flow.lagSeconds)
  }
  const lagAgeSeconds = observed === 0 || observedAtMs === null ? null : (nowMs - observedAtMs) / 1_000
  return { flows: states, lagRecords, lagSeconds, lagAgeSeconds, ...sums }
}

/** One sentence for the operator, the worst first. */
export function summarise({ atMs, links }: ReplicationStatus): string {
  if (links.length === 0) return 'No link is there: nothing is copied.'
  const sums = links.map((link) => ({ link, ...sumLink(link, atMs) }))
  const stopped = sums.filter((one) => one.flows.stopped > 0)
  if (stopped.length > 0) {
    const flows = stopped.reduce((sum, one) => sum + one.flows.stopped, 0)
    const names = stopped.map((one) => one.link.link).join(', ')
    return `${plural(flows, 'flow has', 'flows have')} stopped on ${names} and ${flows === 1 ? 'needs' : 'need'} an operator.`
  }
  const troubled = links.find((link) => link.state === 'degraded' || link.state === 'stopped')
  if (troubled !== undefined) return `Link ${troubled.link} is ${troubled.state}: ${troubled.reason}.`
  const starting = links.filter((link) => link.state === 'starting')
  if (starting.length > 0) {
    return `${plural(starting.length, 'link is', 'links are')} starting: ${starting.map((link) => link.link).join(', ')}.`
  }
  const paused = links.filter(({ state }) => state === 'paused').map(({ link }) => link)
  if (paused.length > 0) {
    return `${plural(paused.length, 'link is', 'links are')} paused and ${paused.length === 1 ? 'copies' : 'copy'} nothing: ${paused.join(', ')}.`
  }
  const unknown = sums.reduce((sum, one) => sum + one.lagUnknownFlows, 0)
  const lag = sums.reduce((sum, one) => sum + (one.lagRecords ?? 0), 0)
  const elsewhere = sums.reduce((sum, one) => sum + one.flows.elsewhere, 0)
  const others = elsewhere === 0 ? '' : ` (${plural(elsewhere, 'flow is', 'flows are')} with other replicators)`
  const running = `${plural(links.length, 'link is', 'links are')} running${others}`
  if (unknown > 0) return `${running}; the lag of ${plural(unknown, 'flow is', 'flows are')} not known yet.`
  return lag === 0 ? `${running} and everything is copied.` : `${running}, ${plural(lag, 'record', 'records')} behind.`
}

function plural(amount: number, one: string, many: string): string {
  return `${amount.toLocaleString('en-US')} ${amount === 1 ? one : many}`
}
