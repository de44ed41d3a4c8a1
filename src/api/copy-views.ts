import type { CopySum, HeardReport } from '../regions/index.ts'
import type { LinkStatus, ReplicationStatus } from '../replication/index.ts'
import type { CopyBody } from './contract/index.ts'
import { sumLink } from './summary.ts'

/** What was told longer ago is of copies that somebody else may make by now. */
const TOLD_LIMIT_MS = 15_000

/** What this process copies and which incidents it knows, by link. Pure. */
export function sumCopies({ atMs, links, incidents }: ReplicationStatus): Map<string, CopySum> {
  const sums = new Map<string, CopySum>(links.map((link) => [link.link, sumOwn(link, atMs)]))
  for (const { link, acknowledged } of incidents) {
    if (acknowledged !== null) continue
    const sum = sums.get(link) ?? NOTHING
    sums.set(link, { ...sum, openIncidents: sum.openIncidents + 1 })
  }
  return sums
}

const NOTHING: CopySum = {
  flows: 0,
  allFlows: 0,
  unknownFlows: 0,
  lagRecords: 0,
  lagSeconds: 0,
  seenSecondsAgo: null,
  openIncidents: 0,
}

function sumOwn(link: LinkStatus, nowMs: number): CopySum {
  const { flows, lagUnknownFlows, lagRecords, lagSeconds, lagAgeSeconds } = sumLink(link, nowMs)
  return {
    flows: link.flows.length - flows.elsewhere,
    allFlows: link.flows.length,
    unknownFlows: lagUnknownFlows,
    lagRecords: lagRecords ?? 0,
    lagSeconds: Math.max(0, lagSeconds ?? 0),
    seenSecondsAgo: lagAgeSeconds === null ? null : Math.max(0, lagAgeSeconds),
    openIncidents: 0,
  }
}

/** The links as all processes together tell of them, in the order of their names. Pure. */
export function viewCopies(own: ReadonlyMap<string, CopySum>, heard: readonly HeardReport[]): CopyBody[] {
  const told = new Map<string, CopySum[]>()
  const take = (link: string, sum: CopySum) => told.set(link, [...(told.get(link) ?? []), sum])
  for (const [link, sum] of own) take(link, sum)
  for (const { report, ageMs } of heard) {
    if (ageMs > TOLD_LIMIT_MS) continue
    for (const [link, sum] of report.copies ?? []) take(link, grow(sum, ageMs / 1_000))
  }
  const bodies = [...told].map(([link, sums]) => addUp(link, sums))
  return bodies.sort((one, other) => (one.link < other.link ? -1 : 1))
}

/** As old as it is by now. */
function grow(sum: CopySum, seconds: number): CopySum {
  return { ...sum, seenSecondsAgo: sum.seenSecondsAgo === null ? null : sum.seenSecondsAgo + seconds }
}

function addUp(link: string, sums: readonly CopySum[]): CopyBody {
  const total = (of: (sum: CopySum) => number) => sums.reduce((all, sum) => all + of(sum), 0)
  const copying = sums.filter(({ flows }) => flows > 0)
  const ages = copying.map(({ seenSecondsAgo }) => seenSecondsAgo)
  return {
    link,
    processes: copying.length,
    flows: Math.max(...sums.map(({ allFlows }) => allFlows)),
    toldFlows: total(({ flows }) => flows),
    lagUnknownFlows: total(({ unknownFlows }) => unknownFlows),
    lagRecords: copying.length === 0 ? null : total(({ lagRecords }) => lagRecords),
    lagSeconds: copying.length === 0 ? null : Math.max(...copying.map(({ lagSeconds }) => lagSeconds)),
    lagAgeSeconds: ages.length === 0 || ages.includes(null) ? null : Math.max(...ages.map((age) => age ?? 0)),
    openIncidents: total(({ openIncidents }) => openIncidents),
  }
}
