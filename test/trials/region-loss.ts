import { isCompacted } from '../support/failover-trial/apps.ts'
import type { WriteNote } from '../support/failover-trial/app-notes.ts'
import { nameSetting, type Setting, SETTING_OPTIONS, settingsOf } from '../support/failover-trial/choices.ts'
import { moveByCommand, untilPlanned } from '../support/failover-trial/control.ts'
import { BURST_TOPIC, type LossRound, LossScene } from '../support/failover-trial/loss-round.ts'
import { judgeLog } from '../support/failover-trial/oracle.ts'
import { judgeOverlap, type OpenWindow, type Order, splitByWindow } from '../support/failover-trial/reigns.ts'
import { FailoverStage } from '../support/failover-trial/stage.ts'
import { readStored } from '../support/failover-trial/stored-logs.ts'
import type { Trial, TrialContext, TrialResult } from '../support/trial.ts'

/**
 * All brokers of the active region are killed while applications write and its links are late. A failover names what it
 * loses when the region is back: partition by partition what Kafka's own consumer finds there and not on the new active
 * region. What diverged is written out, replayed and copied again, nothing else is; then the group goes home. On secured
 * regions a prober writes to every region every 50 ms as an ordinary user: none takes a write outside of its reign, once
 * the lost one is fenced again.
 */
const RATE = 40
/** Some partitions lose as much, in most rounds. */
const LARGE_LOSS = 1_000
const AIM_MS = 10_000

export const trial: Trial = {
  name: 'region-loss',
  describe:
    'a failover names its loss exactly, and what only the lost region had is written out, replayed and reseeded',
  limitMs: 40 * 60_000,
  options: {
    rounds: { describe: 'how often the active region is lost', default: '5' },
    agent: {
      describe: 'whether an agent keeps the gate of the active region: yes, no, or both in turns',
      default: 'both',
    },
    regions: { describe: '2, or 3: then one standby is ahead of the one that becomes active', default: '2' },
    access: SETTING_OPTIONS.access,
  },
  fields: [
    'reportedLost',
    'lost',
    'unequal',
    'exported',
    'replayed',
    'diverged',
    'reseeded',
    'reseededNeedlessly',
    'gone',
    'repeated',
    'openWindowRecords',
    'openWindowMs',
    'overlapMs',
    'overlapWrites',
    'returnWindowMs',
    'returnWindowWrites',
    'turnedAway',
    'decisionToWritableP50Ms',
    'decisionToWritableP95Ms',
    'rounds',
  ],
  populations: ['reportedLost', 'lost', 'exported', 'replayed', 'reseeded', 'decisionToWritableP50Ms', 'rounds'],

  async run({ short, options }, context) {
    const rounds = short ? 1 : Number(options['rounds'])
    const runs: Run[] = []
    for (const setting of settingsOf(options, short)) {
      context.log(`${nameSetting(setting)} regions`)
      runs.push(await runSetting(setting, { rounds, agent: options['agent'] ?? 'both' }, context))
    }
    return conclude(runs, !short)
  },
}

interface Run {
  readonly setting: Setting
  readonly rounds: readonly LossRound[]
  readonly writes: readonly WriteNote[]
  readonly orders: readonly Order[]
  readonly gone: number
  readonly repeated: number
}

async function runSetting(
  setting: Setting,
  { rounds, agent }: { readonly rounds: number; readonly agent: string },
  context: TrialContext,
): Promise<Run> {
  const { signal, log } = context
  await using stage = await FailoverStage.start({ ...setting, rate: RATE }, context)
  const isthmus = await stage.begin(signal)
  const home = stage.home.name
  await stage.createFreshTopic(home, signal)
  using scene = new LossScene(stage, isthmus, context)
  const all: LossRound[] = []
  for (let round = 1; round <= rounds; round++) {
    // Only plain regions have a gate.
    const hasAgent = !setting.isSecured && (agent === 'yes' || (agent === 'both' && round % 2 === 1))
    await Promise.all([
      untilPlanned(isthmus, { kind: 'switchover', to: stage.regions.all[1]?.name ?? '' }, { signal }),
      hasAgent ? scene.engageAgent(home) : undefined,
    ])
    const lost = await scene.lose()
    all.push(lost)
    log(`round ${round}: ${sum(lost.reported)} records reported, ${sum(lost.lost)} lost`)
    await untilPlanned(isthmus, { kind: 'failback', to: home }, { signal })
    stage.apps.ordered(home)
    const { code, output } = await moveByCommand(isthmus, { kind: 'failback', to: home }, signal)
    if (code !== 0) throw new Error(`the failback ended with ${code}: ${output}`)
    await scene.dismissAgent()
  }
  const writes = await stage.apps.stopWriting()
  await stage.apps.finishReading()
  const stored = await readStored(stage.folder, { region: stage.home, isolation: 'read_committed' }, signal)
  // A replay puts older values behind newer ones, as its dry run says; compaction then takes the newer ones, or not yet.
  const lasting = writes.filter(({ topic }) => !isCompacted(topic))
  const { lost: gone, repeated } = judgeLog(lasting, stored, isCompacted)
  return { setting, rounds: all, writes, orders: stage.apps.orders, gone, repeated }
}

/** Times count in the long form only: the short one runs beside others on a busy machine. */
function conclude(runs: readonly Run[], isTimed: boolean): TrialResult {
  const rounds = runs.flatMap((run) => run.rounds)
  const total = (pick: (round: LossRound) => number) => rounds.reduce((before, round) => before + pick(round), 0)
  const waits = runs.flatMap((run) => run.rounds.map((round) => writableAfter(round, run.writes))).sort((a, b) => a - b)
  const unequal = rounds.flatMap(({ reported, lost }) => differences(reported, lost))
  const large = rounds.filter(({ lost }) => [...lost.values()].some((records) => records >= LARGE_LOSS))
  const spared = rounds.filter(({ lost }) => !lost.has(`${BURST_TOPIC}/2`))
  const needless = rounds.flatMap(({ reseededNeedlessly }) => reseededNeedlessly)
  const plain = runs.filter(({ setting }) => !setting.isSecured)
  const windowOf = (hasAgent: boolean) => openWindow(plain, (round) => round.hasAgent === hasAgent)
  const [window, bareWindow] = [windowOf(true), windowOf(false)]
  const summary = {
    reportedLost: total(({ reported }) => sum(reported)),
    lost: total(({ lost }) => sum(lost)),
    unequal: unequal.length,
    exported: total(({ exported }) => exported),
    replayed: total(({ replayed }) => replayed),
    diverged: total(({ lost }) => sum(lost)),
    reseeded: total(({ reseeded }) => reseeded),
    reseededNeedlessly: needless.length,
    caughtUp: total(({ caughtUp }) => caughtUp),
    gone: runs.reduce((count, run) => count + run.gone, 0),
    repeated: runs.reduce((count, run) => count + run.repeated, 0),
    openWindowRecords: window.records,
    openWindowMs: window.ms,
    openWindowRecordsBare: bareWindow.records,
    openWindowMsBare: bareWindow.ms,
    roundsWithAgent: window.rounds,
    ...judgeSecured(runs.filter(({ setting }) => setting.isSecured)),
    decisionToWritableP50Ms: percentile(waits, 0.5),
    decisionToWritableP95Ms: percentile(waits, 0.95),
    largeLosses: large.length,
    spared: spared.length,
    rounds: rounds.length,
  }
  const { lost, exported, replayed, decisionToWritableP95Ms } = summary
  const ok =
    unequal.length + needless.length + summary.gone + summary.repeated + summary.overlapWrites === 0 &&
    exported === lost &&
    replayed === lost &&
    large.length >= Math.min(4, rounds.length) &&
    spared.length === rounds.length &&
    window.records === 0 &&
    // Where nobody writes into the window without an agent, an agent that closes it shows nothing.
    (bareWindow.rounds === 0 || bareWindow.records > 0) &&
    (summary.securedRounds === 0 || summary.turnedAway > 0) &&
    (runs.every(({ setting }) => setting.regions === 2) || rounds.every(({ caughtUp }) => caughtUp > 0)) &&
    (!isTimed || decisionToWritableP95Ms < AIM_MS)
  const rows = [...unequal, ...needless.map((partition) => `${partition} was copied again and had not diverged`)]
  return { ok, rows: rows.map((problem) => ({ problem })), summary }
}

/**
 * Whether an application with an ordinary user's rights could write where it must not: to the standby, or to the lost
 * region behind its fence. What the lost region took from the start of its brokers until it was fenced counts apart: the
 * announced exception of a region that comes back where no gate stands.
 */
function judgeSecured(runs: readonly Run[]) {
  const judged = runs.map(({ rounds, writes, orders }) => {
    const windows = rounds.map(({ from: region, returnedMs: fromMs, fencedMs: untilMs }) => {
      return { region, fromMs, untilMs }
    })
    const { inside, others } = splitByWindow(writes, windows)
    const refused = writes.filter(({ verdict, writer }) => verdict === 'refused' && writer === 'probe')
    return { inside, windows, overlap: judgeOverlap(others, orders), refused, rounds }
  })
  const add = (pick: (one: (typeof judged)[number]) => number) => judged.reduce((count, one) => count + pick(one), 0)
  return {
    overlapMs: Math.round(Math.max(0, ...judged.map(({ overlap }) => overlap.longestMs))),
    overlapWrites: add(({ overlap }) => overlap.writes),
    /** From the first such write until the fence, all rounds together. */
    returnWindowMs: Math.round(add(({ inside, windows }) => windows.reduce((ms, one) => ms + openMs(inside, one), 0))),
    returnWindowWrites: add(({ inside }) => inside.length),
    turnedAway: add(({ refused }) => refused.length),
    securedRounds: add(({ rounds }) => rounds.length),
  }
}

function openMs(inside: readonly WriteNote[], { region, fromMs, untilMs }: OpenWindow): number {
  const own = inside.filter((note) => note.region === region && note.answeredMs >= fromMs && note.sentMs <= untilMs)
  return own.length === 0 ? 0 : untilMs - Math.min(...own.map(({ sentMs }) => sentMs))
}

/** At the client: until the first write that the new active region accepts. */
function writableAfter({ decidedMs, to }: LossRound, writes: readonly WriteNote[]): number {
  const first = writes.find(({ verdict, region, sentMs }) => verdict === 'kept' && region === to && sentMs >= decidedMs)
  return first === undefined ? Number.POSITIVE_INFINITY : first.answeredMs - decidedMs
}

/** What clients wrote into returned regions before they were standbys, and for how long they could, all rounds together. */
function openWindow(runs: readonly Run[], isOne: (round: LossRound) => boolean) {
  const windows = runs.flatMap(({ rounds, writes }) =>
    rounds.filter(isOne).map(({ from, returnedMs, standbyMs }) => {
      return writes.filter(({ verdict, region, sentMs, answeredMs }) => {
        return verdict === 'kept' && region === from && answeredMs > returnedMs && sentMs < standbyMs
      })
    }),
  )
  const lengths = windows.map((own) => {
    const ends = own.flatMap(({ sentMs, answeredMs }) => [sentMs, answeredMs])
    return ends.length === 0 ? 0 : Math.max(...ends) - Math.min(...ends)
  })
  const ms = Math.round(lengths.reduce((sum, one) => sum + one, 0))
  return { rounds: windows.length, records: windows.flat().length, ms }
}

function differences(reported: ReadonlyMap<string, number>, lost: ReadonlyMap<string, number>): string[] {
  return [...new Set([...reported.keys(), ...lost.keys()])].flatMap((partition) => {
    const [said = 0, found = 0] = [reported.get(partition), lost.get(partition)]
    return said === found ? [] : [`${partition}: ${said} records reported, ${found} lost`]
  })
}

function sum(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((total, count) => total + count, 0)
}

/** Nearest rank of sorted values. */
function percentile(sorted: readonly number[], part: number): number {
  return Math.round(sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? 0)
}
