import { setTimeout as sleep } from 'node:timers/promises'
import { nameSetting, type Setting, SETTING_OPTIONS, settingsOf } from '../support/failover-trial/choices.ts'
import { moveByCommand, untilPlanned } from '../support/failover-trial/control.ts'
import { FailoverStage } from '../support/failover-trial/stage.ts'
import { judgeStage, type StageVerdict } from '../support/failover-trial/verdict.ts'
import type { IsthmusProcess } from '../support/isthmus-process.ts'
import type { Trial, TrialContext, TrialResult } from '../support/trial.ts'

/**
 * A failover group moves from region to region and back by the commands of an operator, while applications write with
 * and without transactions, two groups read and commit, and a prober writes to every region every 50 ms. What was
 * acknowledged is judged on the region that is active last, and on every standby.
 */
const RATE = 200
const STEADY_MS = 3_000
const LOG_LINES = 15
/** On a busy machine a guard may find something out in one moment and not in the next: then nothing was touched. */
const NOT_BEGUN =
  /PLAN_CHANGED|CLI_MOVE_BLOCKED|GUARDS_FAILED[^]*the fence is untouched|the fence is untouched[^]*GUARDS_FAILED/
const ATTEMPTS_MAX = 5
/** Behind it a move has failed to be what it is for. */
const PAUSE_AIM_MS = 5_000

export const trial: Trial = {
  name: 'switchover',
  describe:
    'moves back and forth lose, repeat, reorder, re-read, skip and copy again nothing, and never open two regions',
  options: { rounds: { describe: 'moves in each setting', default: '10' }, ...SETTING_OPTIONS },
  fields: [
    'lost',
    'repeated',
    'reordered',
    'reread',
    'skipped',
    'copiedAgain',
    'identical',
    'writePauseP50Ms',
    'writePauseP95Ms',
    'overlapMs',
    'rounds',
    'records',
    'turnedAway',
    'read',
  ],
  limitMs: 40 * 60_000,
  populations: ['rounds', 'records', 'turnedAway', 'read', 'writePauseP50Ms'],

  async run({ short, options }, context) {
    const rounds = short ? 2 : Number(options['rounds'])
    const verdicts: { setting: Setting; verdict: StageVerdict }[] = []
    for (const setting of settingsOf(options, short)) {
      context.log(`${nameSetting(setting)} regions, ${rounds} moves`)
      verdicts.push({ setting, verdict: await runSetting(setting, rounds, context) })
    }
    return conclude(verdicts, { rounds, isTimed: !short })
  },
}

async function runSetting(setting: Setting, rounds: number, context: TrialContext): Promise<StageVerdict> {
  const { signal } = context
  await using stage = await FailoverStage.start({ ...setting, rate: RATE }, context)
  const isthmus = await stage.begin(signal)
  let active = stage.home.name
  await stage.createFreshTopic(active, signal)
  for (let round = 1; round <= rounds; round++) {
    await sleep(STEADY_MS, undefined, { signal })
    active = await moveOn(stage, { isthmus, active, round }, context)
  }
  await sleep(STEADY_MS, undefined, { signal })
  return await judgeStage(stage, { isthmus, active }, signal)
}

/** To the next region of the list; home by `failback`. */
async function moveOn(
  stage: FailoverStage,
  { isthmus, active, round }: { readonly isthmus: IsthmusProcess; readonly active: string; readonly round: number },
  { signal, log }: TrialContext,
): Promise<string> {
  const names = stage.regions.all.map(({ name }) => name)
  const to = names[(names.indexOf(active) + 1) % names.length] ?? active
  const kind = to === stage.home.name ? 'failback' : 'switchover'
  stage.apps.ordered(to)
  for (let attempt = 1; ; attempt++) {
    await untilPlanned(isthmus, { kind, to }, { signal })
    const startedMs = performance.now()
    const { code, output } = await moveByCommand(isthmus, { kind, to }, signal)
    log(`move ${round}: ${kind} to ${to} took ${Math.round(performance.now() - startedMs)} ms`)
    if (code === 0) return to
    if (attempt < ATTEMPTS_MAX && NOT_BEGUN.test(output)) continue
    log(`${output}\n${isthmus.log.slice(-LOG_LINES).join('\n')}`)
    throw new Error(`${kind} to ${to} ended with ${code}`)
  }
}

function conclude(
  verdicts: readonly { setting: Setting; verdict: StageVerdict }[],
  /** The short form runs beside others on a busy machine. */
  { rounds, isTimed }: { readonly rounds: number; readonly isTimed: boolean },
): TrialResult {
  const all = verdicts.map(({ verdict }) => verdict)
  const sum = (pick: (verdict: StageVerdict) => number) => all.reduce((total, verdict) => total + pick(verdict), 0)
  const places = (pick: (log: StageVerdict['active']) => number) =>
    sum(({ active, standbys }) => pick(active) + pick(standbys))
  const secured = verdicts.filter(({ setting }) => setting.isSecured).map(({ verdict }) => verdict)
  const pauses = all.flatMap(({ pausesMs }) => pausesMs).sort((a, b) => a - b)
  const equal = sum(({ identical }) => identical.equal)
  const summary = {
    lost: places(({ lost }) => lost),
    repeated: places(({ repeated }) => repeated),
    reordered: places(({ reordered }) => reordered),
    unwritten: places(({ unwritten }) => unwritten),
    reread: sum(({ reads }) => reads.reread),
    skipped: sum(({ reads }) => reads.skipped),
    copiedAgain: sum(({ copiedAgain }) => copiedAgain),
    identical: { equal, total: sum(({ identical }) => identical.total) },
    writePauseP50Ms: percentile(pauses, 0.5),
    writePauseP95Ms: percentile(pauses, 0.95),
    overlapMs: Math.max(...all.map(({ overlapMs }) => overlapMs)),
    rounds: rounds * verdicts.length,
    records: sum(({ records }) => records),
    turnedAway: sum(({ turnedAway }) => turnedAway),
    read: sum(({ reads }) => reads.read),
  }
  const { lost, repeated, reordered, unwritten, reread, skipped, copiedAgain, identical } = summary
  const ok =
    lost + repeated + reordered + unwritten + reread + skipped + copiedAgain === 0 &&
    identical.total > 0 &&
    identical.equal === identical.total &&
    secured.every(({ overlapMs }) => overlapMs === 0) &&
    pauses.length === summary.rounds &&
    (!isTimed || summary.writePauseP95Ms < PAUSE_AIM_MS)
  return { ok, rows: verdicts.map(rowOf), summary }
}

function rowOf({ setting, verdict }: { setting: Setting; verdict: StageVerdict }) {
  const { active, standbys, reads, copiedAgain, identical, overlapMs, overlapWrites, pausesMs, records } = verdict
  const pauses = [...pausesMs].sort((a, b) => a - b)
  return {
    regions: nameSetting(setting),
    records,
    lost: `${active.lost}/${standbys.lost}`,
    repeated: `${active.repeated}/${standbys.repeated}`,
    reordered: `${active.reordered}/${standbys.reordered}`,
    unwritten: `${active.unwritten}/${standbys.unwritten}`,
    reread: reads.reread,
    skipped: reads.skipped,
    copiedAgain,
    identical: `${identical.equal}/${identical.total}`,
    pauseP50Ms: percentile(pauses, 0.5),
    pauseP95Ms: percentile(pauses, 0.95),
    overlapMs,
    overlapWrites,
  }
}

/** Nearest rank of sorted values; 0 where there are none. */
function percentile(sorted: readonly number[], part: number): number {
  return Math.round(sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? 0)
}
