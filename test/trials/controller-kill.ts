import { seededRandom } from '../../src/core/index.ts'
import { monotonicMs } from '../support/failover-trial/apps.ts'
import { type Cell, drawCells, listCells, nameCell, takeCell } from '../support/failover-trial/kill-cells.ts'
import { type CellReport, KillScene } from '../support/failover-trial/kill-scene.ts'
import { judgeCells, type KillVerdict } from '../support/failover-trial/kill-verdict.ts'
import { FailoverStage } from '../support/failover-trial/stage.ts'
import { readStored } from '../support/failover-trial/stored-logs.ts'
import type { Trial, TrialContext, TrialResult } from '../support/trial.ts'

/**
 * The controller that carries a move out is killed before and after the side effect of every step, in every kind of move
 * and in the return of a lost region, while applications write and read. A second controller takes over and ends it.
 */
const RATE = 20
const SHORT = ['switchover', 'failback', 'return'] as const
const AUTHORITY = { leaseSeconds: 2, authorityKeys: 'takeoverSeconds: 1' }
const SESSION = 'replication: { sessionSeconds: 6 }'
/** Of a cell whose move does not come to its step. */
const TRIES = 3
const LOG_LINES = 12

export const trial: Trial = {
  name: 'controller-kill',
  describe: 'kill -9 of the controller at every step leaves a move that another controller ends, without any loss',
  limitMs: 120 * 60_000,
  options: {
    access: { describe: 'secured or plain regions', default: 'secured' },
    cells: { describe: 'all, or only those whose name begins so, such as "switchover: before"', default: 'all' },
    seed: { describe: 'which cells the short form draws', default: '1' },
  },
  fields: ['cells', 'wrong', 'lost', 'unnamed', 'repeated', 'unwritten', 'unread', 'overlaps', 'killed', 'records'],
  populations: ['cells', 'killed', 'records', 'read'],

  async run({ short, options }, context) {
    const { access = '', cells = '', seed = '1' } = options
    const chosen = listCells().filter((cell) => nameCell(cell).startsWith(cells))
    const pending = short ? drawCells(SHORT, seededRandom(Number(seed))) : cells === 'all' ? listCells() : chosen
    const { signal } = context
    const setting = { regions: 2, isSecured: access === 'secured', rate: RATE, ...AUTHORITY, more: SESSION }
    await using stage = await FailoverStage.start(setting, context)
    await stage.begin(signal)
    await stage.createFreshTopic(stage.home.name, signal)
    const begun = { to: stage.home.name, atMs: monotonicMs() }
    using scene = await KillScene.start(stage, context)
    const reports = await runCells(scene, pending, context)
    const writes = await stage.apps.stopWriting()
    const reads = await stage.apps.finishReading()
    const region = stage.regions.get(scene.active)
    const stored = await readStored(stage.folder, { region, isolation: 'read_committed' }, signal)
    const verdict = judgeCells({ begun, reports, writes, reads, stored })
    const records = writes.filter((note) => note.verdict === 'kept').length
    return conclude(reports, verdict, { killed: scene.pair.killed, records, read: reads.length })
  },
}

/** Until every cell had its turn, or one has left a group that cannot be moved any more. */
async function runCells(scene: KillScene, pending: Cell[], context: TrialContext): Promise<CellReport[]> {
  const reports: CellReport[] = []
  const home = scene.active
  const tries = new Map<Cell, number>()
  while (pending.length > 0) {
    const cell = takeCell(pending, { isHome: scene.active === home })
    if (cell !== undefined) tries.set(cell, (tries.get(cell) ?? 0) + 1)
    const report = await scene.run(cell).catch((error: unknown) => {
      for (const { log, apiUrl } of scene.pair.running) context.log([apiUrl, ...log.slice(-LOG_LINES)].join('\n'))
      context.log(scene.history())
      throw error
    })
    reports.push(report)
    // A busy machine may have rolled the move back before its step, and a region may have come back with nothing to choose.
    if (cell !== undefined && report.takeoverMs === undefined) {
      if ((tries.get(cell) ?? 0) < TRIES) pending.push(cell)
      else report.problems.push('no move came to its step')
    }
    if (report.problems.length > 0) context.log(scene.history())
    const took = `${Math.round(report.endedMs - report.orderedMs)} ms, taken over after ${report.takeoverMs ?? '-'} ms`
    context.log([`${report.name}: ${report.end}, ${took}`, ...report.problems.map((it) => `  ${it}`)].join('\n'))
  }
  return reports
}

function conclude(
  reports: readonly CellReport[],
  { problems, ...figures }: KillVerdict,
  counts: { readonly killed: number; readonly records: number; readonly read: number },
): TrialResult {
  const wrong = [...problems].filter(([, list]) => list.length > 0)
  const cells = reports.filter(({ takeoverMs }) => takeoverMs !== undefined)
  const takeovers = cells.map(({ takeoverMs }) => takeoverMs ?? 0).sort((a, b) => a - b)
  const summary = {
    cells: cells.length,
    wrong: wrong.length,
    ...figures,
    ...counts,
    takeoverP50Ms: takeovers[Math.floor(takeovers.length / 2)] ?? 0,
  }
  const { unnamed, repeated, unwritten, unread, overlaps } = figures
  const ok = wrong.length === 0 && unnamed + repeated + unwritten + unread + overlaps === 0
  return { ok, rows: wrong.flatMap(([cell, list]) => list.map((problem) => ({ cell, problem }))), summary }
}
