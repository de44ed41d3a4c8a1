import { EXIT, type ExitCode } from '../cli/index.ts'
import { pause, systemClock } from '../core/index.ts'
import { GROUPS } from '../local/index.ts'
import type { ReplicationStatus } from '../replication/index.ts'
import { renderHints } from './hints.ts'
import type { StageOptions } from './options.ts'
import type { Scope } from './scope.ts'
import { Canvas, isInStep, renderScreen } from './screen.ts'
import { type Stage, setStage } from './stage.ts'
import { runTour } from './tour.ts'

const REDRAW_MS = 1_000
/** Where the output is no terminal. */
const PLAIN_EVERY_MS = 5_000
const IN_STEP_WITHIN_MS = 120_000

/** Resolves with the exit code: 0 after an interrupt. */
export async function playStage(options: StageOptions, signal: AbortSignal): Promise<ExitCode> {
  await using stack = new AsyncDisposableStack()
  try {
    if (options.isTour) return await runTour(options, { stack, signal, say })
    return await showStage(options, { stack, signal, say })
  } catch (error) {
    if (!signal.aborted) throw error
    return EXIT.ok
  } finally {
    say('Stopping: clients, replicator, regions.')
  }
}

/** Shows what goes on; the hints come once everything that they name is there. */
async function showStage(options: StageOptions, scope: Scope): Promise<ExitCode> {
  const { signal } = scope
  const canvas = process.stdout.isTTY ? new Canvas(process.stdout) : undefined
  const sayAbove = (line: string) => {
    canvas?.clear()
    say(line)
  }
  const stage = await setStage(options, { ...scope, say: sayAbove })
  const standbys = options.regions - 1
  const startedMs = systemClock.monotonicMs()
  let inStepMs: number | undefined
  let shownMs = Number.NEGATIVE_INFINITY
  while (!signal.aborted) {
    const nowMs = systemClock.monotonicMs()
    const status = stage.app.status()
    if (inStepMs === undefined && isInStep(status, { group: GROUPS.analytics, standbys })) {
      inStepMs = nowMs
      sayAbove(renderHints(stage))
      shownMs = Number.NEGATIVE_INFINITY
    }
    if (nowMs - shownMs >= (canvas === undefined ? PLAIN_EVERY_MS : 0)) {
      const screen = renderStage(stage, status, (nowMs - startedMs) / 1_000)
      if (canvas === undefined) say(`${screen}\n`)
      else canvas.draw(screen)
      shownMs = nowMs
    }
    if (options.seconds > 0 && inStepMs !== undefined && nowMs - inStepMs >= options.seconds * 1_000) return EXIT.ok
    if (inStepMs === undefined && nowMs - startedMs > IN_STEP_WITHIN_MS) return reportNotInStep(status)
    await pause(systemClock, REDRAW_MS, signal)
  }
  return EXIT.ok
}

function renderStage({ workload, follower }: Stage, status: ReplicationStatus, seconds: number): string {
  return renderScreen({
    seconds: Math.round(seconds),
    status,
    workload: workload.stats,
    runsIn: follower.region,
    group: follower.group,
    consumerGroup: GROUPS.analytics,
  })
}

function reportNotInStep({ links }: ReplicationStatus): ExitCode {
  const reasons = links.map(({ link, state, reason }) => `link ${link} is ${state}: ${reason}`)
  const seconds = IN_STEP_WITHIN_MS / 1_000
  process.stderr.write(`isthmus demo: not everything is copied after ${seconds} s: ${reasons.join('; ')}\n`)
  return EXIT.timedOut
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
