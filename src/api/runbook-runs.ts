import { randomBytes } from 'node:crypto'
import { type Clock, eitherSignal } from '../core/index.ts'
import {
  type Block,
  type BlockRecord,
  type CommandRunner,
  runBlocks,
  type Runbook,
  runbookFaults,
  type Values,
} from '../runbooks/index.ts'

/** Some blocks of a runbook, carried out for somebody. */
export interface RunbookRun {
  readonly id: string
  readonly runbook: string
  readonly by: string
  readonly startedAtMs: number
  readonly values: Values
  readonly wanted: readonly string[]
  readonly records: BlockRecord[]
  readonly stop: AbortController
  state: 'running' | 'done' | 'stopped'
  endedAtMs: number | null
}

interface RunOrder {
  readonly runbook: Runbook
  readonly blocks: readonly Block[]
  readonly by: string
  readonly values: Values
  readonly runner: CommandRunner
}

/** How many runs are remembered, how many go on at once, and how long one may take. */
export const RUNS_KEPT = 100
const RUNNING_MOST = 4
const LIMIT_MS = 60 * 60_000

/** The runs of this process: bounded, and gone with it. Who asked for which is in the journal. */
export class RunbookRuns {
  readonly #runs: RunbookRun[] = []
  readonly #clock: Clock
  readonly #closing: AbortSignal

  constructor(clock: Clock, closing: AbortSignal) {
    this.#clock = clock
    this.#closing = closing
  }

  /** @throws `RUNBOOK_BUSY` */
  start({ runbook, blocks, by, values, runner }: RunOrder): RunbookRun {
    const running = this.#runs.filter(({ state }) => state === 'running').length
    if (running >= RUNNING_MOST) throw runbookFaults.fault('RUNBOOK_BUSY', { running })
    const run: RunbookRun = {
      id: randomBytes(8).toString('hex'),
      runbook: runbook.id,
      by,
      startedAtMs: this.#clock.nowMs(),
      values,
      wanted: blocks.map(({ id }) => id),
      records: [],
      stop: new AbortController(),
      state: 'running',
      endedAtMs: null,
    }
    this.#runs.unshift(run)
    this.#runs.splice(RUNS_KEPT)
    const limit = this.#clock.setTimer(LIMIT_MS, () => run.stop.abort(new Error('the run took too long')))
    void this.#carryOut(run, { runbook, blocks, by, values, runner }).finally(() => limit.cancel())
    return run
  }

  list(): readonly RunbookRun[] {
    return this.#runs
  }

  /** @throws `RUNBOOK_RUN_UNKNOWN` */
  find(id: string): RunbookRun {
    const found = this.#runs.find((run) => run.id === id)
    if (found === undefined) throw runbookFaults.fault('RUNBOOK_RUN_UNKNOWN', { run: id, kept: RUNS_KEPT })
    return found
  }

  /** The command that is under way ends first; what it has asked for goes on. */
  stop(id: string): RunbookRun {
    const run = this.find(id)
    run.stop.abort(new Error('somebody has stopped the run'))
    return run
  }

  async #carryOut(run: RunbookRun, { runbook, blocks, values, runner }: RunOrder): Promise<void> {
    const ends = eitherSignal(run.stop.signal, this.#closing)
    try {
      const context = { runner, clock: this.#clock, signal: ends.signal, values }
      const records = await runBlocks(runbook, blocks, context, { onRecord: (record) => run.records.push(record) })
      const isWhole = records.length === blocks.length && records.every(({ state }) => state !== 'red')
      run.state = isWhole ? 'done' : 'stopped'
    } catch {
      // What a command comes to is no error; this is the process that ends.
      run.state = 'stopped'
    } finally {
      ends.release()
      run.endedAtMs = this.#clock.nowMs()
    }
  }
}
