import { setTimeout as sleep } from 'node:timers/promises'
import type { DrillBody } from '../../src/api/contract/index.ts'
import { describeError, unreachable } from '../../src/core/index.ts'
import type { AclBinding } from '../../src/kafka/index.ts'
import { CANARY_PREFIX } from '../../src/replication/index.ts'
import { GROUP, untilPlanned } from '../support/failover-trial/control.ts'
import {
  type Checked,
  checkCommon,
  checkIsolated,
  checkMoves,
  checkPreflight,
  checkRestore,
  checkStream,
  findLeftovers,
} from '../support/failover-trial/drill-checks.ts'
import {
  approveDrill,
  CANARY_GROUP,
  drillsOf,
  GroupWatch,
  hasEnded,
  orderDrill,
  reportOf,
  untilDrill,
} from '../support/failover-trial/drill-control.ts'
import { FailoverStage } from '../support/failover-trial/stage.ts'
import { judgeStage } from '../support/failover-trial/verdict.ts'
import { eventually, type IsthmusProcess } from '../support/isthmus-process.ts'
import type { Trial, TrialContext, TrialResult } from '../support/trial.ts'

/**
 * Drills of each level on two secured regions with applications at work, ordered by the API of a real process. What each
 * report says is compared with what the trial measured itself; then one drill meets a fault, another one loses a region,
 * and nothing of any of them is left.
 */
const RATE = 50
const LEVELS = ['preflight', 'canary', 'isolated', 'full', 'authority'] as const
/** On a busy machine a region may count as suspect for a moment, which ends a drill as it has to. */
const ATTEMPTS_MAX = 3
const RETURN_LIMIT_MS = 120_000

interface Scene {
  readonly stage: FailoverStage
  readonly isthmus: IsthmusProcess
  readonly context: TrialContext
}

type Row = {
  readonly drill: string
  readonly outcome: string
  readonly problems: number
  readonly rtoMs: number
  readonly writePauseMs: number
  readonly lost: number
}

export const trial: Trial = {
  name: 'drill',
  describe: 'drills of every level measure what is there, end when something real happens, and leave nothing behind',
  fields: ['levels', 'problems', 'leftovers', 'faults', 'records', 'overlapMs', 'lostByApplications'],
  populations: ['levels', 'records'],
  limitMs: 15 * 60_000,
  shortLimitMs: 420_000,

  async run({ short }, context) {
    const { signal, log } = context
    const more = { canary: true, more: 'replication: { groupDeletionGraceSeconds: 1 }' }
    await using stage = await FailoverStage.start({ regions: 2, isSecured: true, rate: RATE, ...more }, context)
    const isthmus = await stage.begin(signal)
    await stage.createFreshTopic(stage.home.name, signal)
    const scene: Scene = { stage, isthmus, context }
    const away = awayOf(scene).name
    await untilPlanned(isthmus, { kind: 'switchover', to: away }, { signal })
    const rows: Row[] = []
    const problems: string[] = []
    const note = (name: string, drill: DrillBody, found: readonly string[]) => {
      for (const one of found) log(`${name}: ${one}`)
      problems.push(...found)
      const { rtoMs, writePauseMs, rpoRecords } = drill.measured ?? {}
      rows.push({
        drill: name,
        outcome: drill.outcome?.kind ?? 'none',
        problems: found.length,
        rtoMs: rtoMs ?? -1,
        writePauseMs: writePauseMs ?? -1,
        lost: rpoRecords ?? -1,
      })
    }
    let levels = 0
    for (const level of LEVELS) {
      const { drill, found } = await playLevel(scene, level)
      note(level, drill, found)
      if (drill.outcome?.kind === 'passed') levels++
    }
    let faults = 0
    for (const [name, play] of short
      ? []
      : ([
          ['fault', playFault],
          ['region killed', playKilled],
        ] as const)) {
      const { drill, found } = await play(scene)
      note(name, drill, found)
      faults++
    }
    const leftovers = await findLeftovers(stage, isthmus, signal)
    for (const one of leftovers) log(`left behind: ${one}`)
    const listed = (await drillsOf(isthmus)).ended.length
    if (listed < rows.length) problems.push(`${listed} drills in the history, ${rows.length} were run`)
    const verdict = await judgeStage(stage, { isthmus, active: stage.home.name }, signal)
    const { overlapMs, records } = verdict
    const lostByApplications = verdict.active.lost + verdict.standbys.lost
    const isWell = problems.length === 0 && leftovers.length === 0 && lostByApplications === 0 && overlapMs === 0
    const summary = {
      levels,
      problems: problems.length,
      leftovers: leftovers.length,
      faults,
      records,
      overlapMs,
      lostByApplications,
    }
    return { ok: isWell && levels === LEVELS.length, rows, summary } satisfies TrialResult
  },
}

interface Played {
  readonly drill: DrillBody
  readonly found: readonly string[]
}

function awayOf({ stage }: Scene) {
  const away = stage.regions.all.find(({ name }) => name !== stage.home.name)
  if (away === undefined) throw new Error('a stage has two regions')
  return away
}

async function playLevel(scene: Scene, level: (typeof LEVELS)[number]): Promise<Played> {
  const { stage, isthmus, context } = scene
  const { signal, log } = context
  for (let attempt = 1; ; attempt++) {
    const isFull = level === 'full'
    const onOrder = isFull ? (to: string) => stage.apps.ordered(to) : undefined
    await using watch = new GroupWatch(isthmus, isFull ? GROUP : CANARY_GROUP, onOrder)
    if (level !== 'canary') await untilPlanned(isthmus, { kind: 'switchover', to: awayOf(scene).name }, { signal })
    if (level === 'full') await checkUnapproved(scene, attempt)
    const { id } = await orderDrill(isthmus, { level, key: `${level} ${attempt}` })
    // The same order again is the same drill.
    const again = await orderDrill(isthmus, { level, key: `${level} ${attempt}` })
    const drill = await untilDrill(isthmus, id, hasEnded, signal)
    log(`${level}: ${drill.outcome?.kind}: ${drill.outcome?.reasons.join('; ')}`)
    if (drill.outcome?.kind === 'interrupted' && attempt < ATTEMPTS_MAX) continue
    const report = await reportOf(isthmus, id)
    const checked: Checked = { drill, report, home: stage.home, away: awayOf(scene) }
    const found = [
      ...checkCommon(checked),
      ...(again.id === id ? [] : ['the same order was taken for another drill']),
      ...(await checkLevel(scene, { level, checked, watch })),
    ]
    return { drill, found }
  }
}

async function checkLevel(
  { stage, isthmus, context: { signal } }: Scene,
  {
    level,
    checked,
    watch,
  }: { readonly level: (typeof LEVELS)[number]; readonly checked: Checked; readonly watch: GroupWatch },
): Promise<string[]> {
  switch (level) {
    case 'preflight':
      return await checkPreflight(isthmus, checked)
    case 'canary':
      return [...checkMoves(checked, watch, CANARY_GROUP), ...(await checkStream(stage, checked, signal))]
    case 'isolated':
      return await checkIsolated(checked, signal)
    case 'full':
      return [
        ...checkMoves(checked, watch, GROUP),
        ...(checked.report.approval?.by === 'approver' ? [] : ['the report does not name who approved it']),
      ]
    case 'authority':
      return await checkRestore(isthmus, checked)
    default:
      return unreachable(level)
  }
}

/** Applications are only moved with an approval. */
async function checkUnapproved({ isthmus }: Scene, attempt: number): Promise<void> {
  const refused = await orderDrill(isthmus, { level: 'full', key: `unapproved ${attempt}` }).then(
    () => 'taken',
    (error: unknown) => describeError(error),
  )
  if (!refused.includes('DRILL_NOT_APPROVED')) throw new Error(`a full drill without an approval was ${refused}`)
  await approveDrill(isthmus)
}

/** The application that writes the canary records may not, as after a mistake with its rights. */
async function playFault({ stage, isthmus, context: { signal, log } }: Scene): Promise<Played> {
  const { admin } = stage.home
  const deny: AclBinding = {
    resource: 'topic',
    name: CANARY_PREFIX,
    pattern: 'prefixed',
    principal: 'User:isthmus',
    host: '*',
    operation: 'write',
    permission: 'deny',
  }
  const nodeId = (await admin.metadata([], signal)).brokers[0]?.nodeId ?? 1
  await admin.createAcls([deny], signal, nodeId)
  try {
    const { id } = await orderDrill(isthmus, { level: 'canary', key: 'fault' })
    const drill = await untilDrill(isthmus, id, hasEnded, signal)
    log(`fault: ${drill.outcome?.kind}: ${drill.outcome?.reasons.join('; ')}`)
    return {
      drill,
      found: drill.outcome?.kind === 'failed' ? [] : [`with a fault the drill ended as ${drill.outcome?.kind}`],
    }
  } finally {
    await admin.deleteAcls([deny], signal, nodeId)
  }
}

/** The standby dies while the drill moves to it; it comes back, and the next drill finds nothing left. */
async function playKilled(scene: Scene): Promise<Played> {
  const { isthmus, context } = scene
  const { signal, log } = context
  const { region } = awayOf(scene)
  const { id } = await orderDrill(isthmus, { level: 'canary', key: 'killed' })
  await untilDrill(isthmus, id, ({ phase }) => phase === 'leaving' || phase === 'done', signal)
  await region.stopBroker(0, { hard: true })
  const drill = await untilDrill(isthmus, id, hasEnded, signal)
  log(`region killed: ${drill.outcome?.kind}: ${drill.outcome?.reasons.join('; ')}`)
  const found =
    drill.outcome?.kind === 'interrupted' ? [] : [`with a dead region the drill ended as ${drill.outcome?.kind}`]
  await region.startBroker(0, signal)
  const sweep = async () => {
    const { id: next } = await orderDrill(isthmus, { level: 'preflight', key: `sweep ${Date.now()}` }).catch(() => ({
      id: '',
    }))
    if (next === '') return undefined
    const swept = await untilDrill(isthmus, next, hasEnded, signal)
    return swept.outcome?.kind === 'passed' ? true : undefined
  }
  await eventually('a drill passes again', sweep, { limitMs: RETURN_LIMIT_MS, everyMs: 2_000, signal })
  await sleep(1_000, undefined, { signal })
  return { drill, found }
}
