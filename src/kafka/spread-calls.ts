import { isFault, retry, type RetryContext } from '../core/index.ts'
import { isRetriableCode, NETWORK_EXCEPTION, UNKNOWN_TOPIC_OR_PARTITION } from './errors.ts'
import { delaysForCode } from './retry-delays.ts'

/**
 * One call over many items (partitions, groups) that live on several brokers: each item goes to the broker that is
 * responsible for it, answers are collected per item, and items with a retriable code are located and asked again
 * until the deadline. What is left then keeps its last code: a sick broker costs only its own items. A broker that
 * cannot be reached counts as code 13 for its items. Faults that are the same everywhere (credentials, rights,
 * versions) end the call.
 */
export interface SpreadCall<Item, Outcome> {
  readonly items: readonly Item[]
  readonly deadlineMs: number
  keyOf(item: Item): string
  keyOfOutcome(outcome: Outcome): string
  codeOf(outcome: Outcome): number
  /** Which broker is responsible for each; a code where none is. */
  locate(items: readonly Item[], signal: AbortSignal): Promise<readonly Located<Item>[]>
  call(nodeId: number, items: readonly Item[], signal: AbortSignal): Promise<readonly Outcome[]>
  fail(item: Item, errorCode: number): Outcome
  /** Told of what is about to be tried again, to look up again where it lives. */
  renew(items: readonly Item[], outcomes: readonly Outcome[], signal: AbortSignal): Promise<void>
}

export type Located<Item> =
  | { readonly item: Item; readonly nodeId: number }
  | { readonly item: Item; readonly errorCode: number }

/** A topic that was just created is unknown to some brokers for a moment; one that is still unknown then is missing. */
const UNKNOWN_TRIES_MAX = 5

class Unfinished extends Error {
  readonly code: number

  constructor(code: number) {
    super(`some items answered with retriable code ${code}`)
    this.code = code
  }
}

export async function spreadCall<Item, Outcome>(
  call: SpreadCall<Item, Outcome>,
  context: RetryContext,
): Promise<Outcome[]> {
  const outcomes = new Map<string, Outcome>()
  let pending = call.items
  let tries = 0
  const attempt = async (signal: AbortSignal) => {
    if (tries++ > 0) await renewUnlessUnreachable(call, pending, outcomes, signal)
    for (const outcome of await callOnce(call, pending, signal)) outcomes.set(call.keyOfOutcome(outcome), outcome)
    const codes = new Set<number>()
    pending = pending.filter((item) => {
      const outcome = outcomes.get(call.keyOf(item))
      const code = outcome === undefined ? NETWORK_EXCEPTION : call.codeOf(outcome)
      if (!isRetriableCode(code) || (code === UNKNOWN_TOPIC_OR_PARTITION && tries >= UNKNOWN_TRIES_MAX)) return false
      codes.add(code)
      return true
    })
    for (const code of codes) throw new Unfinished(code)
  }
  try {
    await retry(
      attempt,
      {
        deadlineMs: call.deadlineMs,
        delaysFor: (error) => (error instanceof Unfinished ? delaysForCode(error.code) : undefined),
      },
      context,
    )
  } catch (error) {
    context.signal.throwIfAborted()
    if (!(error instanceof Unfinished)) throw error
  }
  return call.items.map((item) => outcomes.get(call.keyOf(item)) ?? call.fail(item, NETWORK_EXCEPTION))
}

async function callOnce<Item, Outcome>(
  call: SpreadCall<Item, Outcome>,
  items: readonly Item[],
  signal: AbortSignal,
): Promise<Outcome[]> {
  const byNode = new Map<number, Item[]>()
  const outcomes: Outcome[] = []
  for (const located of await call.locate(items, signal)) {
    if ('errorCode' in located) {
      outcomes.push(call.fail(located.item, located.errorCode))
      continue
    }
    const sameNode = byNode.get(located.nodeId)
    if (sameNode === undefined) byNode.set(located.nodeId, [located.item])
    else sameNode.push(located.item)
  }
  const answers = await Promise.all(
    [...byNode].map(async ([nodeId, nodeItems]) => {
      try {
        return await call.call(nodeId, nodeItems, signal)
      } catch (error) {
        if (signal.aborted || !isFault(error) || !error.retriable) throw error
        return nodeItems.map((item) => call.fail(item, NETWORK_EXCEPTION))
      }
    }),
  )
  return [...outcomes, ...answers.flat()]
}

/** Where no broker answers at all, the items keep what they have and the deadline decides. */
async function renewUnlessUnreachable<Item, Outcome>(
  call: SpreadCall<Item, Outcome>,
  items: readonly Item[],
  outcomes: ReadonlyMap<string, Outcome>,
  signal: AbortSignal,
): Promise<void> {
  try {
    await call.renew(
      items,
      items.flatMap((item) => outcomes.get(call.keyOf(item)) ?? []),
      signal,
    )
  } catch (error) {
    if (signal.aborted || !isFault(error) || !error.retriable) throw error
  }
}
