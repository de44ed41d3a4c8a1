import { randomUUID } from 'node:crypto'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import type { Authority, Lease } from '../authority/index.ts'
import { type Clock, pause, type RegionName } from '../core/index.ts'
import type { CommandElsewhere, ElsewhereRun } from '../security/index.ts'

/**
 * A fence command that an agent is to run in its region. The order and what became of it are two documents, so that each
 * has one writer. The order is written under the lease of whoever leads and names its token: an agent carries out none of
 * an earlier one. No programs travel: an agent runs those of its own file.
 */
export const AgentOrder = Type.Object({
  format: Type.Literal(1),
  id: Type.String({ maxLength: 100 }),
  region: Type.String({ maxLength: 63 }),
  group: Type.String({ maxLength: 63 }),
  verb: Type.Enum(['fence', 'unfence']),
  operation: Type.String({ maxLength: 300 }),
  lease: Type.String({ maxLength: 100 }),
  token: Type.Integer({ minimum: 0 }),
  by: Type.String({ maxLength: 300 }),
  at: Type.String({ maxLength: 40 }),
})
export type AgentOrder = Type.Static<typeof AgentOrder>

/** `beat` grows while it runs: an agent that stops in the middle is noticed by the others of its region. */
export const AgentAnswer = Type.Object({
  format: Type.Literal(1),
  order: Type.String({ maxLength: 100 }),
  agent: Type.String({ maxLength: 300 }),
  beat: Type.Integer({ minimum: 0 }),
  end: Type.Union([
    Type.Null(),
    Type.Object({
      kind: Type.Literal('ran'),
      code: Type.Union([Type.Integer(), Type.String()]),
      output: Type.String(),
    }),
    Type.Object({ kind: Type.Literal('not-started'), reason: Type.String() }),
    Type.Object({ kind: Type.Literal('stopped'), reason: Type.String() }),
    Type.Object({ kind: Type.Literal('late') }),
  ]),
})
export type AgentAnswer = Type.Static<typeof AgentAnswer>

export const agentPrefix = (region: string) => `agents/${region}/`
export const orderKey = (region: string, group: string) => `${agentPrefix(region)}${group}/order`
export const answerKey = (region: string, group: string) => `${agentPrefix(region)}${group}/answer`

export interface AgentOrdersOptions {
  readonly region: RegionName
  readonly authority: Pick<Authority, 'read' | 'write'>
  /** The lease to act under now; undefined where this process may not. */
  readonly lease: () => Lease | undefined
  readonly by: string
  readonly timeoutMs: number
  readonly clock: Clock
}

interface Pending {
  readonly id: string
  readonly purpose: string
  readonly sinceMs: number
}

/** An agent looks twice a second. One that has not taken an order by then is not there, or cannot reach the authority. */
export const SILENT_MS = 5_000
const LOOK_MS = 250
/** What the agent may take beside the program: to see the order, and to tell its end. */
const BESIDE_MS = 3_000

/** Has the agent of one region run its fence commands; asks again for what it has asked for, and waits for one answer. */
export class AgentOrders implements CommandElsewhere {
  readonly #options: AgentOrdersOptions
  /** By group. */
  readonly #pending = new Map<string, Pending>()

  constructor(options: AgentOrdersOptions) {
    this.#options = options
  }

  async join({ group, verb, operation }: ElsewhereRun, waitMs: number, signal: AbortSignal) {
    const { region, authority, timeoutMs, clock } = this.#options
    const startedMs = clock.monotonicMs()
    const purpose = `${verb} ${operation}`
    const pending = await this.#issue({ group, verb, operation }, purpose, signal)
    for (;;) {
      const stored = await authority.read(answerKey(region, group), signal)
      const answer = Value.Check(AgentAnswer, stored?.value) ? stored.value : undefined
      const isTaken = answer?.order === pending.id
      if (isTaken && answer.end !== null) {
        this.#pending.delete(group)
        return answer.end
      }
      const nowMs = clock.monotonicMs()
      const forMs = Math.round(nowMs - pending.sinceMs)
      if (forMs >= timeoutMs + BESIDE_MS + SILENT_MS) {
        this.#pending.delete(group)
        return isTaken ? ({ kind: 'late' } as const) : this.#silent(forMs)
      }
      if (!isTaken && forMs >= SILENT_MS) return this.#silent(forMs)
      if (nowMs - startedMs >= waitMs) return { kind: 'running', forMs } as const
      await pause(clock, LOOK_MS, signal)
    }
  }

  #silent(forMs: number) {
    const reason = `no agent of ${this.#options.region} has taken the order for ${forMs} ms: it may have gone with its region`
    return { kind: 'silent', reason } as const
  }

  async #issue({ group, verb, operation }: ElsewhereRun, purpose: string, signal: AbortSignal): Promise<Pending> {
    const before = this.#pending.get(group)
    if (before?.purpose === purpose) return before
    const { region, authority, by, clock } = this.#options
    const key = orderKey(region, group)
    const present = await authority.read(key, signal)
    const lease = this.#options.lease()
    if (lease === undefined) throw new Error('the right to order agents has ended')
    const at = new Date(clock.nowMs()).toISOString()
    const id = randomUUID()
    const order: AgentOrder = {
      format: 1,
      id,
      region,
      group,
      verb,
      operation,
      lease: lease.name,
      token: lease.token,
      by,
      at,
    }
    const outcome = await authority.write(key, order, { expected: present?.revision ?? 'absent', lease }, signal)
    if (outcome.kind !== 'written')
      throw new Error(`the order for the agents of ${region} was refused: ${outcome.kind}`)
    const pending = { id, purpose, sinceMs: clock.monotonicMs() }
    this.#pending.set(group, pending)
    return pending
  }
}
