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
  readonly wanted: string[]
  readonly records: BlockRecord[]
  /** What its blocks are filled with: its parameters, and what earlier ones have saved. */
  values: Values
  stop: AbortController
  state: 'running' | 'done' | 'stopped'
  endedAtMs: number | null
}

interface FurtherOrder {
  readonly runbook: Runbook
  readonly blocks: readonly Block[]
  readonly runner: CommandRunner
}

interface RunOrder extends FurtherOrder {
  readonly by: string
  readonly values: Values
}

/** How many runs are remembered, how many go on at once, how many blocks one has, and how long an order may take. */
export const RUNS_KEPT = 100
const RUNNING_MOST = 4
const BLOCKS_MOST = 50
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
    this.#checkBusy()
    const run: RunbookRun = {
      id: randomBytes(8).toString('hex'),
      runbook: runbook.id,
      by,
      startedAtMs: this.#clock.nowMs(),
      values,
      wanted: [],
      records: [],
      stop: new AbortController(),
      state: 'running',
      endedAtMs: null,
    }
    this.#runs.unshift(run)
    this.#runs.splice(RUNS_KEPT)
    this.#begin(run, { runbook, blocks, runner })
    return run
  }

  /** Further blocks of the same runbook, which know what its earlier ones have saved. @throws `RUNBOOK_RUN_BUSY`, `RUNBOOK_RUN_FULL`, `RUNBOOK_BUSY` */
  goOn(run: RunbookRun, order: FurtherOrder): RunbookRun {
    if (run.state === 'running') throw runbookFaults.fault('RUNBOOK_RUN_BUSY', { run: run.id })
    const blocks = run.wanted.length
    if (blocks + order.blocks.length > BLOCKS_MOST) {
      throw runbookFaults.fault('RUNBOOK_RUN_FULL', { run: run.id, blocks, most: BLOCKS_MOST })
    }
    this.#checkBusy()
    this.#begin(run, order)
    return run
  }

  #checkBusy(): void {
    const running = this.#runs.filter(({ state }) => state === 'running').length
    if (running >= RUNNING_MOST) throw runbookFaults.fault('RUNBOOK_BUSY', { running })
  }

  #begin(run: RunbookRun, order: FurtherOrder): void {
    const stop = new AbortController()
    Object.assign(run, { stop, state: 'running', endedAtMs: null } satisfies Partial<RunbookRun>)
    run.wanted.push(...order.blocks.map(({ id }) => id))
    const limit = this.#clock.setTimer(LIMIT_MS, () => stop.abort(new Error('the run took too long')))
    void this.#carryOut(run, order).finally(() => limit.cancel())
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

  async #carryOut(run: RunbookRun, { runbook, blocks, runner }: FurtherOrder): Promise<void> {
    const ends = eitherSignal(run.stop.signal, this.#closing)
    const context = { runner, clock: this.#clock, signal: ends.signal, values: run.values }
    const onRecord = (record: BlockRecord) => {
      run.records.push(record)
      run.values = context.values
    }
    try {
      const records = await runBlocks(runbook, blocks, context, { onRecord })
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
