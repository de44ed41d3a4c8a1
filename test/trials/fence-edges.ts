import { describeError } from '../../src/core/index.ts'
import { type Edge, EdgeScene } from '../support/failover-trial/edges/edge-scene.ts'
import {
  followerFrozen,
  lateFence,
  preparedTransaction,
  quorumFrozen,
  replicatorFrozen,
} from '../support/failover-trial/edges/frozen.ts'
import { sourceKilled, targetKilled } from '../support/failover-trial/edges/killed.ts'
import { foreignTool } from '../support/failover-trial/edges/tools.ts'
import {
  committedBehindFence,
  openTransaction,
  spanningTransaction,
} from '../support/failover-trial/edges/transactions.ts'
import { isCompacted } from '../support/failover-trial/apps.ts'
import { judgeLog, type LogVerdict } from '../support/failover-trial/oracle.ts'
import { FailoverStage } from '../support/failover-trial/stage.ts'
import { readStored } from '../support/failover-trial/stored-logs.ts'
import { judgeStage } from '../support/failover-trial/verdict.ts'
import type { Trial, TrialContext, TrialResult } from '../support/trial.ts'

/**
 * What a fence has to withstand: whoever writes, commits, copies or answers late, tools that undo it, and regions that
 * die over it. Every case has an end that it must come to; what writers and readers were told is judged for each stage.
 */
const RATE = 100
const EDGE_FLOWS = 3

interface Act {
  readonly name: string
  readonly homeBrokers?: 3
  /** One after the other on one stage. */
  readonly edges: readonly Edge[]
  /** A region is dead in the end. `loss`: the design promises none where it is `none`. */
  readonly killed?: { readonly loss: 'none' | 'named' }
}

const QUIET_BEFORE_CUT = ['fence', 'settle', 'cut', 'drain'] as const
const DRAINED = ['prove', 'positions', 'confirm'] as const

const ACTS: readonly Act[] = [
  {
    name: 'two regions',
    edges: [openTransaction, spanningTransaction, committedBehindFence, foreignTool, lateFence, replicatorFrozen],
  },
  { name: 'three brokers', homeBrokers: 3, edges: [followerFrozen, preparedTransaction, quorumFrozen] },
  ...QUIET_BEFORE_CUT.map((effect): Act => {
    return { name: `killed at ${effect}`, edges: [sourceKilled(effect)], killed: { loss: 'named' } }
  }),
  ...DRAINED.map((effect): Act => {
    return { name: `killed at ${effect}`, edges: [sourceKilled(effect)], killed: { loss: 'none' } }
  }),
  { name: 'target killed', edges: [targetKilled('promote')], killed: { loss: 'none' } },
]
const SHORT: ReadonlySet<string> = new Set([openTransaction.name, foreignTool.name])

export const trial: Trial = {
  name: 'fence-edges',
  describe: 'a fence holds whoever is late, undoes it or dies over it, and nothing that was acknowledged is lost',
  options: { cases: { describe: 'names of cases, or parts of them, with commas', default: 'all' } },
  fields: ['cases', 'wrong', 'lost', 'repeated', 'reordered', 'unwritten', 'reread', 'skipped', 'overlapMs', 'records'],
  populations: ['cases', 'records'],
  limitMs: 30 * 60_000,

  async run({ short, options }, context) {
    const { cases = 'all' } = options
    const wanted = cases.split(',')
    const isWanted = ({ name }: Edge) => {
      if (cases === 'all') return !short || SHORT.has(name)
      return wanted.some((part) => name.includes(part))
    }
    const acts = ACTS.map((act) => ({ ...act, edges: act.edges.filter(isWanted) })).filter(
      ({ edges }) => edges.length > 0,
    )
    const played: Played[] = []
    for (const act of acts) {
      context.log(`${act.name}: ${act.edges.map(({ name }) => name).join(', ')}`)
      played.push(await play(act, context))
    }
    return conclude(played)
  },
}

interface Played {
  readonly cases: readonly { readonly name: string; readonly problems: readonly string[] }[]
  readonly verdict: Verdict
}

interface Verdict extends LogVerdict {
  readonly reread: number
  readonly skipped: number
  readonly overlapMs: number
  readonly records: number
  /** Where the design allows for a loss that it names. */
  readonly lostToFailover: number
}

const NOTHING: Verdict = {
  compared: 0,
  lost: 0,
  repeated: 0,
  reordered: 0,
  unwritten: 0,
  reread: 0,
  skipped: 0,
  overlapMs: 0,
  records: 0,
  lostToFailover: 0,
}

const isWrong = ({ problems }: Played['cases'][number]) => problems.length > 0

async function play(act: Act, context: TrialContext): Promise<Played> {
  const { signal, log } = context
  const more = act.homeBrokers === undefined ? {} : { homeBrokers: act.homeBrokers }
  await using stage = await FailoverStage.start({ regions: 2, isSecured: true, rate: RATE, ...more }, context)
  using scene = await EdgeScene.start(stage, context)
  await stage.createFreshTopic(stage.home.name, signal)
  const cases: { name: string; problems: readonly string[] }[] = []
  for (const edge of act.edges) {
    if (act.homeBrokers !== undefined) await scene.goHome()
    const problems = await edge.run(scene).catch((error: unknown) => {
      signal.throwIfAborted()
      return [describeError(error)]
    })
    log(`${edge.name}: ${problems.length === 0 ? 'as it has to be' : problems.join('; ')}`)
    cases.push({ name: edge.name, problems })
  }
  return { cases, verdict: await judge(scene, act, { signal, hasGoneWrong: cases.some(isWrong) }) }
}

/** Where a dead region is still active there is nobody to read from. */
async function judge(
  scene: EdgeScene,
  { killed }: Act,
  { signal, hasGoneWrong }: { readonly signal: AbortSignal; readonly hasGoneWrong: boolean },
): Promise<Verdict> {
  if (killed === undefined) return await judgeAll(scene, signal)
  return hasGoneWrong ? NOTHING : await judgeLeft(scene, killed, signal)
}

async function judgeAll({ stage, isthmus, active }: EdgeScene, signal: AbortSignal): Promise<Verdict> {
  const judged = await judgeStage(stage, { isthmus, active: active.name, moreFlows: EDGE_FLOWS }, signal)
  const { reread, skipped } = judged.reads
  const { overlapMs, records } = judged
  const places = { ...judged.active }
  for (const key of Object.keys(places) as (keyof LogVerdict)[]) places[key] += judged.standbys[key]
  return { ...places, reread, skipped, overlapMs, records, lostToFailover: 0 }
}

/** Of the region that is left. */
async function judgeLeft(
  { stage, active }: EdgeScene,
  { loss }: NonNullable<Act['killed']>,
  signal: AbortSignal,
): Promise<Verdict> {
  const writes = await stage.apps.stopWriting()
  const log = await readStored(stage.folder, { region: active, isolation: 'read_committed' }, signal)
  const judged = judgeLog(writes, log, isCompacted)
  const records = writes.filter(({ verdict }) => verdict === 'kept').length
  const lost = loss === 'none' ? judged.lost : 0
  return { ...judged, lost, lostToFailover: judged.lost - lost, reread: 0, skipped: 0, overlapMs: 0, records }
}

function conclude(played: readonly Played[]): TrialResult {
  const cases = played.flatMap((one) => one.cases)
  const sum = (pick: (verdict: Verdict) => number) => played.reduce((total, { verdict }) => total + pick(verdict), 0)
  const summary = {
    cases: cases.length,
    wrong: cases.filter(isWrong).length,
    lost: sum(({ lost }) => lost),
    repeated: sum(({ repeated }) => repeated),
    reordered: sum(({ reordered }) => reordered),
    unwritten: sum(({ unwritten }) => unwritten),
    reread: sum(({ reread }) => reread),
    skipped: sum(({ skipped }) => skipped),
    overlapMs: Math.max(0, ...played.map(({ verdict }) => verdict.overlapMs)),
    lostToFailover: sum(({ lostToFailover }) => lostToFailover),
    records: sum(({ records }) => records),
  }
  const { cases: _, lostToFailover: __, records: ___, ...bad } = summary
  const ok = Object.values(bad).every((figure) => figure === 0)
  const rows = cases.map(({ name, problems }) => ({ case: name, verdict: problems.join('; ') || 'as it has to be' }))
  return { ok, rows, summary }
}
