import { Value } from 'typebox/value'
import type { Authority, StoredDocument } from '../authority/index.ts'
import type { Config } from '../config/index.ts'
import { canonicalJson, type Clock, describeError, type Events, type Pass, regionName, runLoop } from '../core/index.ts'
import { type GroupDocument, groupKey, readGroupDocument } from '../failover/index.ts'
import { CommandRuns, type FenceCommand, isByHand, type Joined, type SecurityEvents } from '../security/index.ts'
import { AgentAnswer, AgentOrder, agentPrefix, answerKey } from './agent-orders.ts'

export interface AgentCommandsOptions {
  readonly config: Pick<Config, 'regions' | 'failoverGroups' | 'health'>
  /** Of this process. */
  readonly name: string
  readonly authority: Pick<Authority, 'read' | 'list' | 'write' | 'overview'>
  readonly env: FenceCommand['env']
  readonly clock: Clock
  readonly events: Events<SecurityEvents>
}

/** What is known of an order as of one look. */
export interface OrderSight {
  readonly order: AgentOrder
  readonly answer: AgentAnswer | undefined
  /** For how long the answer has not changed here, milliseconds. */
  readonly unchangedMs: number
  /** Of the lease that the order names, as it is now; undefined where nobody has it. */
  readonly token: number | undefined
  readonly document: GroupDocument | undefined
}

export type OrderDecision =
  | { readonly kind: 'run'; readonly reason: string }
  | { readonly kind: 'leave'; readonly reason: string }

/** An agent that has taken an order and has not been heard of for so long: another one takes it. */
const ABANDONED_MS = 5_000
const LOOK_EVERY_MS = 500
const AFTER_ERROR_MS = 1_000
/** What was read is acted on within this, or read again: a process that was stopped in between knows nothing. */
const FRESH_MS = 1_500

/** Pure: whether this agent carries an order out. Whoever gave it leads now, and is about to leave or to open the region. */
export function decideOrder(
  { order, answer, unchangedMs, token, document }: OrderSight,
  own: { readonly agent: string; readonly region: string },
): OrderDecision {
  const leave = (reason: string): OrderDecision => ({ kind: 'leave', reason })
  if (order.region !== own.region) return leave(`it is for ${order.region}`)
  const isTaken = answer?.order === order.id
  if (isTaken && answer.end !== null) return leave('it was carried out')
  if (isTaken && answer.agent !== own.agent && unchangedMs < ABANDONED_MS) return leave(`${answer.agent} runs it`)
  if (token !== order.token)
    return leave(`whoever gave it does not lead: token ${order.token} is not ${token ?? 'held'}`)
  const why = findReason(order, document)
  return why === undefined
    ? leave(`nothing under way fences ${own.region} for ${order.operation}`)
    : { kind: 'run', reason: why }
}

/** An active region is fenced only by what is about to leave it, or by a person. */
function findReason(
  { verb, operation, by, region, group }: AgentOrder,
  document: GroupDocument | undefined,
): string | undefined {
  if (verb === 'unfence') return `${by} opens it again after ${operation}`
  if (document === undefined) return undefined
  if (document.active !== region) return `it is not active for ${group}`
  const leaving = [
    document.operation,
    document.automatic && { ...document.automatic, id: document.automatic.operation },
  ]
  const isLeaving = leaving.some((one) => one?.id === operation && one.from === region)
  return isLeaving || isByHand({ operation }) ? `${by} fences it for ${operation}` : undefined
}

/** Carries out the orders for one region: at most one program for each group, each order once by whoever takes it. */
export class AgentCommands {
  readonly #options: AgentCommandsOptions
  readonly #region: string
  readonly #command: FenceCommand
  readonly #groups: ReadonlySet<string>
  readonly #runs = new CommandRuns()
  readonly #stopping = new AbortController()
  /** Answers by group, and since when they have been so here. */
  readonly #seen = new Map<string, { readonly text: string; readonly sinceMs: number }>()
  /** The order that this process carries out, by group. */
  readonly #current = new Map<string, string>()
  #ended: { readonly id: string; readonly end: Exclude<Joined, { kind: 'running' }> } | undefined
  #running: Promise<void> | undefined

  constructor(options: AgentCommandsOptions, region: string, command: FenceCommand, groups: readonly string[]) {
    this.#options = options
    this.#region = region
    this.#command = command
    this.#groups = new Set(groups)
  }

  start(): void {
    const { clock, events } = this.#options
    const onError = (error: unknown) => {
      events.emit('agent:trouble', { region: regionName(this.#region), reason: describeError(error) })
    }
    const loop = { clock, signal: this.#stopping.signal, everyMs: LOOK_EVERY_MS, afterErrorMs: AFTER_ERROR_MS, onError }
    this.#running ??= runLoop<
      readonly OrderSight[],
      { readonly sights: readonly OrderSight[]; readonly reason: string }
    >(
      {
        observe: (signal) => this.#look(signal),
        decide: (sights) => ({ sights, reason: `${sights.length} orders are to be carried out` }),
        act: async ({ sights, reason }, signal): Promise<Pass> => {
          for (const sight of sights) await this.#carryOut(sight, signal)
          return { kind: 'done', reason }
        },
      },
      loop,
    )
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the agent stops'))
    await this.#running
    await this.#runs.stop('the agent stops')
  }

  /** Those that this agent is to carry out. The authority is asked again where there is one that was not answered. */
  async #look(signal: AbortSignal): Promise<OrderSight[]> {
    const { authority, name: agent, clock } = this.#options
    const startedMs = clock.monotonicMs()
    const region = this.#region
    const stored = await authority.list(agentPrefix(region), signal)
    const orders = stored.flatMap(({ value }) => (Value.Check(AgentOrder, value) ? [value] : []))
    const open = orders.filter(({ id, group }) => this.#groups.has(group) && !isAnswered(stored, region, group, id))
    if (open.length === 0) return []
    const { leases } = await authority.overview(signal)
    const sights: OrderSight[] = []
    for (const order of open) {
      const { group } = order
      const recorded = await authority.read(groupKey(group), signal)
      const document = recorded && readGroupDocument(recorded.value)
      const answer = answerOf(stored, region, group)
      const token = leases.find(({ name }) => name === order.lease)?.token
      const sight = { order, answer, unchangedMs: this.#unchangedMs(group, answer), token, document }
      if (decideOrder(sight, { agent, region }).kind === 'run') sights.push(sight)
      else if (this.#current.get(group) === order.id) this.#current.delete(group)
    }
    return clock.monotonicMs() - startedMs < FRESH_MS ? sights : []
  }

  #unchangedMs(group: string, answer: AgentAnswer | undefined): number {
    const nowMs = this.#options.clock.monotonicMs()
    const text = JSON.stringify(answer ?? null)
    const before = this.#seen.get(group)
    if (before?.text === text) return nowMs - before.sinceMs
    this.#seen.set(group, { text, sinceMs: nowMs })
    return 0
  }

  /** Takes the order, waits a moment for its program, and says how far it is; the next look goes on with the same run. */
  async #carryOut({ order, answer }: OrderSight, signal: AbortSignal): Promise<void> {
    const { name: agent, events } = this.#options
    const { id, group, verb, operation } = order
    const isOwn = answer?.order === id && answer.agent === agent
    const taken: AgentAnswer = { format: 1, order: id, agent, beat: isOwn ? answer.beat + 1 : 1, end: null }
    if (!(await this.#answer(group, { seen: answer, next: taken }, signal))) return
    this.#current.set(group, id)
    const end = await this.#run(order, signal)
    if (end.kind === 'running') return
    // Kept, so that an answer that cannot be written now does not have the program run again.
    this.#ended = { id, end }
    const isTold = await this.#answer(group, { seen: taken, next: { ...taken, end } }, signal)
    this.#current.delete(group)
    if (!isTold) return
    const ending = end.kind === 'ran' ? `exit code ${end.code}` : 'reason' in end ? end.reason : 'no end in time'
    events.emit('agent:ran', { region: regionName(this.#region), group, verb, operation, by: order.by, ending })
  }

  async #run({ id, group, verb, operation }: AgentOrder, signal: AbortSignal): Promise<Joined> {
    if (this.#ended?.id === id) return this.#ended.end
    const { env, clock } = this.#options
    const names = {
      ISTHMUS_REGION: this.#region,
      ISTHMUS_GROUP: group,
      ISTHMUS_OPERATION: operation,
      ISTHMUS_ACTION: verb,
    }
    const { timeoutMs } = this.#command
    const program = { argv: this.#command[verb], env: { ...env, ...names }, timeoutMs, clock }
    const permit = () => {
      if (this.#current.get(group) !== id) throw new Error('the order does not stand any more')
    }
    return await this.#runs.join({ group, purpose: id, program, permit }, LOOK_EVERY_MS, signal)
  }

  /** False where the answer is another one than was seen: another agent of the region was faster. */
  async #answer(
    group: string,
    { seen, next }: { readonly seen: AgentAnswer | undefined; readonly next: AgentAnswer },
    signal: AbortSignal,
  ): Promise<boolean> {
    const { authority } = this.#options
    const key = answerKey(this.#region, group)
    const present = await authority.read(key, signal)
    const isAsSeen = canonicalJson(present?.value ?? null) === canonicalJson(seen ?? null)
    if (!isAsSeen && seen !== undefined) return false
    if (present !== undefined && seen === undefined && Value.Check(AgentAnswer, present.value)) return false
    const outcome = await authority.write(key, next, { expected: present?.revision ?? 'absent' }, signal)
    return outcome.kind === 'written'
  }
}

function answerOf(stored: readonly StoredDocument[], region: string, group: string): AgentAnswer | undefined {
  const value = stored.find(({ key }) => key === answerKey(region, group))?.value
  return Value.Check(AgentAnswer, value) ? value : undefined
}

function isAnswered(stored: readonly StoredDocument[], region: string, group: string, id: string): boolean {
  const answer = answerOf(stored, region, group)
  return answer?.order === id && answer.end !== null
}

/** Of the region that the agent stands in; undefined where its commands run in controllers. */
export function openAgentCommands(options: AgentCommandsOptions): AgentCommands | undefined {
  const { config, env } = options
  const region = regionName(config.health.standsIn)
  const command = config.regions.get(region)?.fence.command
  if (command?.runs !== 'agent') return undefined
  const groups = config.failoverGroups.filter(({ regions }) => regions.includes(region)).map(({ name }) => name)
  return new AgentCommands(options, region, { ...command, env }, groups)
}
