/**
 * Which requests meet a fault, and which one: the pure part of the fault proxy.
 *
 * Rules are asked in the order they were added; the first that applies decides. A rule counts only the requests that
 * it matches, so `after: 4, times: 1` is the fifth of its kind, whatever else passes by.
 */
import type { ApiName } from '../../../src/kafka/wire/versions.ts'
import { apiNameOf, type RequestHead } from './request-frame.ts'

export type FaultAction =
  /** The connection ends before the broker has seen the request. */
  | { readonly kind: 'close' }
  /** The broker does what was asked; the connection ends instead of its answer. */
  | { readonly kind: 'lose-answer' }
  /** The broker never sees the request, and the connection stays. */
  | { readonly kind: 'drop' }
  /** The broker gets the first part of the request's bytes; then the connection ends. */
  | { readonly kind: 'cut'; readonly part: number }
  /** The request and all behind it on its connection arrive later. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** The connection ends for the client at once; the broker gets the request only after so long. */
  | { readonly kind: 'late'; readonly ms: number }
  /** The request and all behind it on its connection wait until the script is told to release the rule. */
  | { readonly kind: 'hold' }
  /** The client gets this body (from the response header's end on); the broker never sees the request. */
  | { readonly kind: 'answer'; readonly body: (request: Buffer, head: RequestHead) => Buffer }

export interface FaultRule {
  /** Names the rule in counts. */
  readonly name: string
  readonly api: ApiName
  readonly action: FaultAction
  /** Matching requests that pass first. @defaultValue 0 */
  readonly after?: number
  /** How often it applies. @defaultValue 1 */
  readonly times?: number
  /** Of the matching requests behind `after`, each such one: 1 is every one. @defaultValue 1 */
  readonly every?: number
  /** Only clients whose id begins so. */
  readonly clientId?: string
  /** Only this broker, counted from 0. */
  readonly broker?: number
}

interface RuleState {
  readonly rule: FaultRule
  matched: number
  applied: number
  readonly released: PromiseWithResolvers<void>
}

export interface Verdict {
  readonly action: FaultAction
  /** For `hold`. */
  readonly released: Promise<void>
}

export class FaultScript {
  readonly #states = new Map<string, RuleState>()

  /** A rule of the same name starts anew; what the old one held is released. */
  add(rule: FaultRule): void {
    this.release(rule.name)
    this.#states.set(rule.name, { rule, matched: 0, applied: 0, released: Promise.withResolvers() })
  }

  /** Lets go of what a rule holds; it holds nothing more. */
  release(name: string): void {
    const state = this.#states.get(name)
    if (state === undefined) return
    state.released.resolve()
    state.matched = Number.POSITIVE_INFINITY
  }

  /** Every rule stops; counts stay. */
  stop(): void {
    for (const name of this.#states.keys()) this.release(name)
  }

  decide(head: RequestHead, broker: number): Verdict | undefined {
    for (const state of this.#states.values()) {
      if (!matches(state.rule, head, broker)) continue
      const { after = 0, times = 1, every = 1, action } = state.rule
      const nth = ++state.matched - after
      if (nth < 1 || nth === Number.POSITIVE_INFINITY || state.applied >= times || (nth - 1) % every !== 0) continue
      state.applied++
      return { action, released: state.released.promise }
    }
    return undefined
  }

  /** How often each rule applied. */
  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#states].map(([name, { applied }]) => [name, applied]))
  }
}

function matches(rule: FaultRule, head: RequestHead, broker: number): boolean {
  if (apiNameOf(head) !== rule.api) return false
  if (rule.broker !== undefined && rule.broker !== broker) return false
  return rule.clientId === undefined || (head.clientId ?? '').startsWith(rule.clientId)
}
