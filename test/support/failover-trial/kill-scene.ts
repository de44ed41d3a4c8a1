import { setTimeout as sleep } from 'node:timers/promises'
import type { JournalEntry } from '../../../src/authority/index.ts'
import type { OperationRecord, Phase, SalvageChoice } from '../../../src/failover/index.ts'
import { eventually } from '../isthmus-process.ts'
import type { TrialContext } from '../trial.ts'
import { monotonicMs } from './apps.ts'
import { ControllerPair } from './controller-pair.ts'
import { JournalTail } from './journal-tail.ts'
import { type Cell, isSourceDead, kindOf, nameCell } from './kill-cells.ts'
import { abortMove, chooseSalvage, type Order, orderMove, resumeMove } from './orders.ts'
import type { FailoverStage } from './stage.ts'

/** What became of a move whose controller was killed, on the clock of the applications' notes. */
export interface CellReport {
  readonly name: string
  readonly kind: Order['kind']
  readonly from: string
  readonly to: string
  readonly end: Phase
  readonly orderedMs: number
  readonly endedMs: number
  /** From the kill to the first thing that another controller did. */
  readonly takeoverMs: number | undefined
  /** Records that the product named as held only by the region that was left. */
  readonly named: number
  /** Of those, the ones that it was told to keep: once that region is active, they are there twice. */
  readonly kept: number
  /** When applications could write to the region that came back: the announced exception of one writable region. */
  readonly open: { readonly region: string; readonly fromMs: number; readonly untilMs: number } | undefined
  readonly problems: string[]
}

interface Run {
  readonly cell: Cell | undefined
  readonly order: Order
  readonly from: string
  readonly mark: number
  readonly problems: string[]
  killed: { readonly actor: string; readonly atMs: number; readonly number: number } | undefined
}

const ORDER_LIMIT_MS = 120_000
const END_LIMIT_MS = 240_000
const RETURN_LIMIT_MS = 240_000
const POLL_MS = 50
/** Some probes of every region while nothing moves. */
const QUIET_MS = 300
const HISTORY_LINES = 16
const FACTS_CHARS = 300
const ATTESTATION = 'its brokers were killed'

/** Runs moves one after the other on one stage, and kills their controllers. */
export class KillScene implements Disposable {
  readonly #stage: FailoverStage
  readonly #tail: JournalTail
  readonly #pair: ControllerPair
  readonly #context: TrialContext
  readonly #down = new Set<string>()

  static async start(stage: FailoverStage, context: TrialContext): Promise<KillScene> {
    return new KillScene(stage, await ControllerPair.start(stage, context.signal), context)
  }

  private constructor(stage: FailoverStage, pair: ControllerPair, context: TrialContext) {
    this.#stage = stage
    this.#pair = pair
    this.#tail = new JournalTail(stage.authorityFile)
    this.#context = context
  }

  get active(): string {
    return this.#tail.group().active
  }

  get pair(): ControllerPair {
    return this.#pair
  }

  /** What was done lately, for people. */
  history(): string {
    return this.#tail
      .last(HISTORY_LINES)
      .map(({ actor, kind, operation = '', facts }) => {
        return [actor, kind, operation, JSON.stringify(facts).slice(0, FACTS_CHARS)].join(' ')
      })
      .join('\n')
  }

  [Symbol.dispose](): void {
    this.#tail[Symbol.dispose]()
  }

  /** Without a cell it is a move that nobody disturbs. */
  async run(cell: Cell | undefined): Promise<CellReport> {
    await this.#pair.ready()
    const isDead = cell !== undefined && isSourceDead(cell)
    const run = this.#plan(cell, isDead)
    const { from, order } = run
    const { kind, to } = order
    if (isDead) await this.#stop(from)
    const over = new AbortController()
    const killing = cell === undefined ? undefined : this.#killAt(cell, run, over.signal)
    const { operation, orderedMs } = await this.#order(run)
    // There is nothing to go back to without its brokers.
    const restarting = isDead ? this.#restartWhenRolledBack(run, over.signal) : undefined
    const ended = await this.#ended(operation, run)
    this.#checkEnd(ended, run)
    if (ended.phase === 'rolled-back') await this.#restart(from)
    const returned = ended.phase === 'done' && kind === 'failover' ? await this.#return(run, isDead) : undefined
    over.abort()
    await Promise.all([killing, restarting])
    const endedMs = monotonicMs()
    await sleep(QUIET_MS, undefined, { signal: this.#context.signal })
    return {
      name: cell === undefined ? `${kind}, not disturbed` : nameCell(cell),
      kind,
      from,
      to,
      end: ended.phase,
      orderedMs,
      endedMs,
      takeoverMs: await this.#takeoverMs(run),
      named: returned?.named ?? 0,
      kept: choiceOf(cell).kind === 'keep' ? (returned?.named ?? 0) : 0,
      open: returned?.open,
      problems: run.problems,
    }
  }

  #plan(cell: Cell | undefined, isDead: boolean): Run {
    const from = this.active
    const to = this.#stage.regions.all.find(({ name }) => name !== from)?.name ?? from
    const undisturbed = from === this.#stage.home.name ? 'switchover' : 'failback'
    const kind = cell === undefined ? undisturbed : kindOf(cell)
    const order = { kind, to, ...(isDead && { attestation: ATTESTATION }) }
    return { cell, order, from, mark: this.#tail.head(), problems: [], killed: undefined }
  }

  /** Where the move does not come to the step before it is over, nothing is killed. */
  async #killAt(cell: Cell, run: Run, over: AbortSignal): Promise<void> {
    const look = { after: run.mark, limitMs: ORDER_LIMIT_MS + END_LIMIT_MS + RETURN_LIMIT_MS, signal: over }
    if (cell.phase === 'rolling-back') {
      const fencing = await this.#tail.until((entry) => isStart(entry, 'fence'), look)
      const isAborted = fencing?.operation !== undefined && (await abortMove(this.#pair.eldest, fencing.operation))
      if (!isAborted) return
    }
    const entry = await this.#tail.until(triggerOf(cell), look)
    if (entry === undefined) return
    this.#pair.kill(entry.actor)
    run.killed = { actor: entry.actor, atMs: performance.now(), number: entry.number }
  }

  /** Asks until the guards let it pass. */
  async #order({ order, mark }: Run): Promise<{ readonly operation: string; readonly orderedMs: number }> {
    let last = ''
    const attempt = async () => {
      const orderedMs = monotonicMs()
      const answer = await orderMove(this.#pair.eldest, order)
      if (answer.kind === 'refused') last = answer.reason
      // A controller that is killed over its answer has taken the order all the same.
      const begun = this.#tail.group().operation ?? (await this.#begunSince(mark))
      const operation = answer.kind === 'accepted' ? answer.operation : begun?.id
      return operation === undefined ? undefined : { operation, orderedMs }
    }
    const options = { limitMs: ORDER_LIMIT_MS, everyMs: POLL_MS, signal: this.#context.signal }
    return await eventually('a move is accepted', attempt, options).catch((error: unknown) => {
      throw new Error(`${order.kind} to ${order.to} is refused: ${last}`, { cause: error })
    })
  }

  async #begunSince(mark: number): Promise<OperationRecord | undefined> {
    const { signal } = this.#context
    const isBegun = ({ kind, operation }: JournalEntry) => kind === 'request' && operation !== undefined
    const entry = await this.#tail.until(isBegun, { after: mark, limitMs: 1, signal })
    return entry?.operation === undefined ? undefined : this.#tail.operation(entry.operation)
  }

  async #ended(operation: string, run: Run): Promise<OperationRecord> {
    const look = async () => {
      const present = this.#tail.group().operation
      if (present?.id !== operation) return this.#tail.operation(operation)
      if (present.phase !== 'needs-operator') return undefined
      run.problems.push(`needs an operator at ${present.stop?.at}: ${present.stop?.reason}`)
      await resumeMove(this.#pair.eldest, operation)
      return undefined
    }
    const options = { limitMs: END_LIMIT_MS, everyMs: POLL_MS, signal: this.#context.signal }
    return await eventually('the move ends', look, options).catch((error: unknown) => {
      const { phase, attempt } = this.#tail.group().operation ?? {}
      throw new Error(`${nameRun(run)}: the move stands at ${phase}, attempt ${attempt}`, { cause: error })
    })
  }

  #checkEnd({ phase }: OperationRecord, { cell, from, order: { to }, problems }: Run): void {
    const { active, regions } = this.#tail.group()
    const isBack = phase === 'rolled-back'
    if (cell?.phase === 'rolling-back' && !isBack) problems.push(`ended as ${phase}`)
    if (active !== (isBack ? from : to)) problems.push(`${active} is active`)
    const roles = Object.values(regions).filter(({ role }) => role === 'active').length
    if (roles !== 1) problems.push(`${roles} regions are active`)
  }

  /** The region that was left comes back, and is a standby again. */
  async #return(run: Run, isDead: boolean) {
    const { from: region, problems } = run
    const fromMs = monotonicMs()
    if (isDead) await this.#restart(region)
    let untilMs = Number.POSITIVE_INFINITY
    let named = 0
    const look = async () => {
      const entry = this.#tail.group().regions[region]
      const phase = entry?.return?.phase
      if (phase !== 'fencing') untilMs = Math.min(untilMs, monotonicMs())
      named = Math.max(named, entry?.return?.divergence?.records ?? 0)
      if (phase === 'choosing') await chooseSalvage(this.#pair.eldest, region, choiceOf(run.cell))
      if (phase === 'needs-operator') throw new Error(`${region} needs an operator: ${entry?.return?.stop?.reason}`)
      return entry?.role === 'standby' ? true : undefined
    }
    const options = { limitMs: RETURN_LIMIT_MS, everyMs: POLL_MS, signal: this.#context.signal }
    await eventually('the region is a standby again', look, options).catch((error: unknown) => {
      const phase = this.#tail.group().regions[region]?.return?.phase
      problems.push(`${region} does not come back, it is at ${phase}: ${String(error)}`)
      throw new Error(`${nameRun(run)}: ${problems.at(-1)}`, { cause: error })
    })
    return { named, open: isDead ? { region, fromMs, untilMs } : undefined }
  }

  async #restartWhenRolledBack({ from, mark }: Run, over: AbortSignal): Promise<void> {
    const look = { after: mark, limitMs: ORDER_LIMIT_MS + END_LIMIT_MS, signal: over }
    const entry = await this.#tail.until((it) => isStart(it, 'rollBack'), look)
    if (entry !== undefined) await this.#restart(from)
  }

  async #stop(region: string): Promise<void> {
    await this.#stage.regions.get(region).region.stopBroker(0, { hard: true })
    this.#down.add(region)
  }

  async #restart(region: string): Promise<void> {
    if (!this.#down.delete(region)) return
    await this.#stage.regions.get(region).region.startBroker(0, this.#context.signal)
  }

  async #takeoverMs({ killed }: Run): Promise<number | undefined> {
    if (killed === undefined) return undefined
    const isOther = ({ actor, kind }: JournalEntry) => actor !== killed.actor && kind !== 'request'
    const entry = await this.#tail.until(isOther, {
      after: killed.number,
      limitMs: 1,
      signal: this.#context.signal,
    })
    return entry && Math.round(Date.parse(entry.at) - (performance.timeOrigin + killed.atMs))
  }
}

/** What is chosen so that the return comes to its step. */
/** What an earlier cell has kept goes with the next re-seed: its records were named when it was kept. */
function choiceOf(cell: Cell | undefined): Pick<SalvageChoice, 'kind' | 'losesOlder'> {
  if (cell?.effect === 'keep') return { kind: 'keep' }
  const kind = cell?.effect === 'export' || cell?.effect === 'replay' ? cell.effect : 'discard'
  return { kind, losesOlder: true }
}

/** Tells the entry at which the controller that wrote it is killed. */
function triggerOf({ effect, moment, phase }: Cell): (entry: JournalEntry) => boolean {
  if (moment === 'before') return (entry) => isStart(entry, effect)
  let hasStarted = false
  return (entry) => {
    hasStarted ||= isStart(entry, effect)
    const { kind, facts } = entry
    if (kind === 'effect-ended' && facts['effect'] === effect) {
      return facts['outcome'] === 'done' || facts['outcome'] === 'failed'
    }
    // A step that is given up leaves its phase without an end of its effect.
    const left = facts['phase']
    return hasStarted && kind === 'transition' && left !== undefined && left !== phase
  }
}

function isStart({ kind, facts }: JournalEntry, effect: string): boolean {
  return kind === 'effect-started' && facts['effect'] === effect
}

function nameRun({ cell, order }: Run): string {
  return cell === undefined ? order.kind : nameCell(cell)
}
