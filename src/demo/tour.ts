import { EXIT, type ExitCode } from '../cli/index.ts'
import { describeError, pause, systemClock } from '../core/index.ts'
import { GROUPS, type ReadBatch, readPositions, readReadings, type SensorReading } from '../local/index.ts'
import { GROUP_NAME } from './config-file.ts'
import type { Landing } from './follow.ts'
import { judgeLanding, type LandingVerdict, type Logs } from './judge-landing.ts'
import { countLoss, keepCommon, missingReadings } from './judge-loss.ts'
import { Ledger } from './ledger.ts'
import type { StageOptions } from './options.ts'
import { clientOf, findRegion, USERS } from './regions.ts'
import type { Scope } from './scope.ts'
import { isInStep } from './screen.ts'
import { type Stage, setStage } from './stage.ts'
import { ALL_TOPICS, READ_TOPICS, readLogs, settleAggregates } from './survey.ts'
import { type LossResult, type MoveResult, renderResult, type TourResult } from './tour-report.ts'
import { typeCommand } from './typed-command.ts'

/** Long enough for a machine that has other things to do. */
const STEP_WITHIN_MS = 120_000
const LOOK_EVERY_MS = 250
/** What is written between two chapters, so that there is something to move. */
const BETWEEN_MS = 4_000
const MOVES = 3
/** A guard could not be looked at in time, on a machine that is busy: as a person would, it tries again. */
const REFUSED_AGAIN_MAX = 3

/**
 * The demo's whole story, told with the commands that a person would type, and checked against what the workload and
 * the logs themselves say: a switchover, the loss of a region, a failover, its return and a failback.
 */
export async function runTour(options: StageOptions, scope: Scope): Promise<ExitCode> {
  const startedMs = systemClock.monotonicMs()
  const tour = new Tour(scope)
  const failures: string[] = []
  try {
    await tour.play(options)
  } catch (error) {
    if (scope.signal.aborted) throw error
    failures.push(describeError(error))
  }
  const seconds = Math.round((systemClock.monotonicMs() - startedMs) / 1_000)
  const result = tour.result(seconds, failures)
  scope.say(renderResult(result))
  scope.say(JSON.stringify(result))
  return result.ok ? EXIT.ok : EXIT.driftFound
}

type Kind = MoveResult['kind']

class Tour {
  readonly #scope: Scope
  readonly #ledger = new Ledger(systemClock)
  readonly #moves: MoveResult[] = []
  #loss: LossResult | null = null
  #set: Stage | undefined
  /** A region that answers nobody. */
  #dead: string | undefined

  constructor(scope: Scope) {
    this.#scope = scope
  }

  async play(options: StageOptions): Promise<void> {
    this.#set = await setStage(options, this.#scope, {
      fleet: { onAcknowledged: (readings: readonly SensorReading[]) => this.#ledger.noteAcknowledged(readings) },
      onRead: (batch: ReadBatch) => this.#ledger.noteRead(batch),
      onLanding: (landing) => this.#noteLanding(landing),
    })
    const [home = '', other = ''] = this.#stage.regions.map(({ name }) => name)
    await this.#untilCopied()
    await this.#writeOn()

    await this.#move('switchover', other)
    await this.#demo('kill', other, '--held')
    this.#dead = other
    const acknowledged = this.#ledger.acknowledged.length
    await this.#move('failover', home, '--accept-loss', '--attest', `every broker of ${other} is dead`)

    await this.#demo('start', other)
    this.#dead = undefined
    await this.#takeBack(other, acknowledged)
    await this.#move('failback', other)
  }

  result(seconds: number, failures: readonly string[]): TourResult {
    const problems = [...failures, ...this.#moves.flatMap((move) => move.problems), ...(this.#loss?.problems ?? [])]
    const ok = problems.length === 0 && this.#moves.length === MOVES && this.#loss !== null
    return { ok, seconds, moves: this.#moves, loss: this.#loss, problems }
  }

  get #stage(): Stage {
    if (this.#set === undefined) throw new Error('the stage is not set')
    return this.#set
  }

  async #noteLanding({ from, to }: Landing): Promise<void> {
    const positionsOf = (name: string) => readPositions(clientOf(findRegion(this.#stage.regions, name), USERS.isthmus))
    const before = from === this.#dead ? undefined : await positionsOf(from)
    this.#ledger.noteLanding({ before, after: await positionsOf(to) })
  }

  async #move(kind: Kind, to: string, ...more: readonly string[]): Promise<void> {
    const { follower } = this.#stage
    const from = follower.region
    const reason = { switchover: 'to see it', failover: `${from} is lost`, failback: 'as before' }[kind]
    await this.#isthmus(kind, GROUP_NAME, '--to', to, '--reason', reason, ...more, '--wait', '--yes')
    await this.#until(`the fleet runs in ${to}`, () => follower.isSettled && follower.region === to)
    await this.#until('the groups read on', () => this.#ledger.haveReadOn)
    this.#moves.push(await this.#judgeMove(kind, from, to))
    await this.#writeOn()
  }

  async #judgeMove(kind: Kind, from: string, to: string): Promise<MoveResult> {
    const { standing, firstReads, writePauseMs } = this.#ledger
    const settled = await settleAggregates(this.#stage, findRegion(this.#stage.regions, to), this.#scope.signal)
    const before = standing.before && { positions: standing.before, logs: await this.#logs(from, READ_TOPICS) }
    const after = { positions: standing.after, logs: await this.#logs(to, READ_TOPICS) }
    const verdict = judgeLanding({ before, after, firstReads })
    const problems = problemsOf(kind, verdict)
    if (!settled.isEqual) problems.push(`${kind}: the aggregates are not the oracle's: ${settled.reason}`)
    if (writePauseMs === undefined) problems.push(`${kind}: nothing was acknowledged in ${to}`)
    return {
      ...verdict,
      kind,
      from,
      to,
      epoch: this.#stage.follower.group?.epoch ?? 0,
      writePauseMs: Math.round(writePauseMs ?? 0),
      windows: settled.windows,
      aggregatesEqual: settled.isEqual,
      problems,
    }
  }

  /** Once the returned region was compared: compares it anew, and says what becomes of the records that only it has. */
  async #takeBack(name: string, acknowledged: number): Promise<void> {
    const entry = () => this.#stage.follower.group?.regions.find(({ region }) => region === name)
    const phase = () => {
      const { phase: at, stop } = entry()?.return ?? {}
      if (stop != null) throw new Error(`${name} needs an operator: ${stop.reason} ${stop.instructions}`)
      return at
    }
    await this.#until(`${name} was compared`, () => phase() === 'choosing' || entry()?.role === 'standby')
    await this.#countLoss(name, entry()?.return?.divergence?.records ?? 0, acknowledged)
    if (phase() === 'choosing') {
      await this.#isthmus('divergence', 'show', GROUP_NAME, '--region', name)
      const reason = 'somebody may want them'
      await this.#isthmus('divergence', 'export', GROUP_NAME, '--region', name, '--reason', reason, '--yes')
    }
    await this.#until(`${name} is a standby again`, () => phase() === undefined && entry()?.role === 'standby')
    await this.#untilCopied()
  }

  async #countLoss(name: string, named: number, acknowledged: number): Promise<void> {
    const active = this.#stage.follower.region
    const [lost, held] = await Promise.all([this.#logs(name, ALL_TOPICS), this.#logs(active, ALL_TOPICS)])
    const { records, partitions } = countLoss(lost, held)
    const missing = missingReadings(this.#ledger.acknowledged.slice(0, acknowledged), await this.#readings(active))
    const nowhere = missingReadings(missing, await this.#readings(name)).length
    const problems: string[] = []
    if (missing.length === 0) problems.push('no acknowledged reading was lost: that shows nothing')
    if (records !== named) problems.push(`${records} records are lost, and ${named} were named`)
    if (nowhere > 0) problems.push(`${nowhere} acknowledged readings are in neither region`)
    this.#loss = { counted: records, named, partitions, acknowledgedReadings: missing.length, problems }
    await this.#judgeRereading(name, lost, held)
  }

  /** Where groups stood in the region that was lost is known only now that it answers again. */
  async #judgeRereading(name: string, lost: Logs, held: Logs): Promise<void> {
    const failover = this.#moves.pop()
    if (failover === undefined) return
    const positions = await readPositions(clientOf(findRegion(this.#stage.regions, name), USERS.isthmus))
    const { standing, firstReads } = this.#ledger
    const before = { positions, logs: keepCommon(lost, held) }
    const verdict = judgeLanding({ before, after: { positions: standing.after, logs: held }, firstReads })
    const problems = [...failover.problems, ...problemsOf('failover', verdict)]
    this.#moves.push({ ...failover, ...verdict, problems: [...new Set(problems)] })
  }

  #logs(name: string, topics: readonly string[]): Promise<Logs> {
    return readLogs(findRegion(this.#stage.regions, name), topics, this.#scope.signal)
  }

  #readings(name: string): Promise<SensorReading[]> {
    const { signal } = this.#scope
    return readReadings(clientOf(findRegion(this.#stage.regions, name), USERS.isthmus), { signal })
  }

  #isthmus(...words: readonly string[]): Promise<void> {
    return this.#type(['node', 'bin/isthmus.js', ...words, '--api', this.#stage.address])
  }

  #demo(...words: readonly string[]): Promise<void> {
    return this.#type(['node', 'bin/demo.js', ...words, '--port', String(this.#stage.port)])
  }

  async #type(words: readonly string[]): Promise<void> {
    let code = await typeCommand(words, this.#scope)
    for (let again = 0; code === EXIT.refused && again < REFUSED_AGAIN_MAX; again++) {
      await this.#writeOn()
      code = await typeCommand(words, this.#scope)
    }
    if (code !== 0) throw new Error(`${words.slice(1, 3).join(' ')} ended with exit code ${code}`)
  }

  #untilCopied(): Promise<void> {
    const { app, regions } = this.#stage
    const step = { group: GROUPS.analytics, standbys: regions.length - 1 }
    return this.#until('everything is copied', () => isInStep(app.status(), step))
  }

  #writeOn(): Promise<void> {
    return pause(systemClock, BETWEEN_MS, this.#scope.signal)
  }

  async #until(what: string, isTrue: () => boolean): Promise<void> {
    const { signal } = this.#scope
    const startedMs = systemClock.monotonicMs()
    while (!isTrue()) {
      signal.throwIfAborted()
      if (systemClock.monotonicMs() - startedMs > STEP_WITHIN_MS) {
        throw new Error(`not within ${STEP_WITHIN_MS / 1_000} s: ${what}`)
      }
      await pause(systemClock, LOOK_EVERY_MS, signal)
    }
  }
}

/** A failover may have groups read again; nothing may be passed over. */
function problemsOf(kind: Kind, { positions, reread, skipped, problems }: LandingVerdict): string[] {
  return [
    ...problems.map((problem) => `${kind}: ${problem}`),
    ...(positions === 0 ? [`${kind}: no group has a position in the new region`] : []),
    ...(skipped > 0 ? [`${kind}: ${skipped} records were passed over`] : []),
    ...(reread > 0 && kind !== 'failover' ? [`${kind}: ${reread} records were read again`] : []),
  ]
}
