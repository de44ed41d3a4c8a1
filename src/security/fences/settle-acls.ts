import { describeError, type Fault, isFault, pause } from '../../core/index.ts'
import type { AclBinding, AclFilter } from '../../kafka/index.ts'
import { type AclChange, type ChangeRequest, makeChange } from './change-acls.ts'
import { bindingKey } from './fence-record.ts'
import { callBounded, isUndecided, type RegionAccess } from './region-access.ts'

/**
 * Brings entries into force on every broker, or out of it. What counts is what each live broker itself describes, never
 * the answer to the call: that comes earlier, and a call without an answer may come into force half a minute later. So
 * a change is looked for, made where it is missing, and looked for again, until the brokers agree or the time is up.
 */
export type SettleOutcome = {
  /** Entries that this change has added or taken away, as far as calls were answered. */
  readonly changed: number
  /** Some call got no answer; else every call that was made was carried out. */
  readonly mayLandLate: boolean
  readonly tookMs: number
} & (
  | { readonly kind: 'settled'; readonly brokers: readonly number[] }
  | { readonly kind: 'unsettled'; readonly reason: string }
  | { readonly kind: 'refused'; readonly fault: Fault }
)

/** What one broker has in force of the entries asked for. */
export type BrokerLook =
  | { readonly nodeId: number; readonly kind: 'seen'; readonly present: ReadonlySet<string> }
  | { readonly nodeId: number; readonly kind: 'silent'; readonly reason: string }

const FIRST_LOOK_MS = 20
const MOST_LOOK_MS = 250
/** A change that was answered, and that no broker shows, is made again after this long. */
const REPEAT_MS = 2_000

/** What the calls of one change came to so far. */
interface Calls {
  readonly added: Set<string>
  removed: number
  mayLandLate: boolean
  isOvertaken: boolean
  /** The last one that was answered. */
  answeredMs: number
}

export async function settleAcls(access: RegionAccess, change: AclChange, signal: AbortSignal): Promise<SettleOutcome> {
  const { clock, timings } = access
  const startedMs = clock.monotonicMs()
  const isOvertaken = change.through !== 'every'
  const calls: Calls = { added: new Set(), removed: 0, mayLandLate: false, isOvertaken, answeredMs: -Infinity }
  const outcome = () => {
    const tookMs = Math.round(clock.monotonicMs() - startedMs)
    return { changed: calls.added.size + calls.removed, mayLandLate: calls.mayLandLate, tookMs }
  }
  let waitMs = FIRST_LOOK_MS
  const { seenWrong = [] } = change
  let sight: Sight =
    seenWrong.length > 0
      ? { kind: 'differs', wrong: seenWrong, brokers: [], reason: 'not looked at yet' }
      : await lookOnce(access, change, signal)
  for (;;) {
    if (sight.kind === 'refused') return { kind: 'refused', fault: sight.fault, ...outcome() }
    if (sight.kind === 'agreed' && calls.isOvertaken) return { ...sight, kind: 'settled', ...outcome() }
    const { wrong, reason } = sight.kind === 'agreed' ? NOT_OVERTAKEN : sight
    const nowMs = clock.monotonicMs()
    if (nowMs - startedMs > timings.settleMs) return { kind: 'unsettled', reason, ...outcome() }
    if ((wrong.length > 0 || !calls.isOvertaken) && nowMs - calls.answeredMs >= REPEAT_MS) {
      const fault = await callOnce(access, change, { wrong, brokers: sight.brokers, calls }, signal)
      if (fault !== undefined) return { kind: 'refused', fault, ...outcome() }
    }
    await pause(clock, waitMs, signal)
    signal.throwIfAborted()
    waitMs = Math.min(MOST_LOOK_MS, waitMs * 2)
    sight = await lookOnce(access, change, signal)
  }
}

/** Makes the change once and notes what came of it; a fault where it is refused. */
async function callOnce(
  access: RegionAccess,
  change: AclChange,
  { wrong, brokers, calls }: Pick<ChangeRequest, 'brokers'> & { wrong: readonly AclBinding[]; calls: Calls },
  signal: AbortSignal,
): Promise<Fault | undefined> {
  const request = calls.isOvertaken
    ? ({ bindings: wrong, through: 'any' } as const)
    : ({ bindings: change.bindings, through: 'every' } as const)
  const nowMs = access.clock.monotonicMs()
  const called = await makeChange(access, { change, brokers, ...request }, signal)
  if (called.kind === 'refused') return called.fault
  if (called.kind === 'answered') {
    calls.answeredMs = nowMs
    calls.isOvertaken = true
    calls.removed += called.deleted
  }
  calls.mayLandLate ||= called.kind === 'unanswered' || (called.kind === 'answered' && !called.isSure)
  if (change.want === 'present') for (const binding of wrong) calls.added.add(bindingKey(binding))
  return undefined
}

const NOT_OVERTAKEN = { wrong: [], reason: 'not every broker has answered what overtakes a call that was lost' }

type Sight = { readonly brokers: readonly number[] } & (
  | { readonly kind: 'agreed' }
  | { readonly kind: 'differs'; readonly wrong: readonly AclBinding[]; readonly reason: string }
  | { readonly kind: 'refused'; readonly fault: Fault }
)

async function lookOnce(access: RegionAccess, change: AclChange, signal: AbortSignal): Promise<Sight> {
  const { bindings, want } = change
  try {
    const looks = await lookAtBrokers(access, bindings, signal)
    const isWrong = (look: BrokerLook, key: string) =>
      look.kind === 'seen' && look.present.has(key) !== (want === 'present')
    const wrong = bindings.filter((binding) => looks.some((look) => isWrong(look, bindingKey(binding))))
    const silent = looks.flatMap((look) => (look.kind === 'silent' ? [`broker ${look.nodeId}: ${look.reason}`] : []))
    // Those that answer first: a change goes through them.
    const brokers = looks.toSorted((one, other) => rank(one) - rank(other)).map(({ nodeId }) => nodeId)
    if (wrong.length === 0 && silent.length === 0) return { kind: 'agreed', brokers }
    const missing = `${wrong.length} of ${bindings.length} entries are not ${want} on every broker`
    return { kind: 'differs', wrong, brokers, reason: [...(wrong.length > 0 ? [missing] : []), ...silent].join('; ') }
  } catch (error) {
    signal.throwIfAborted()
    if (!isFault(error)) throw error
    // Nothing is known: the change is made all the same, because to make it twice does no harm.
    return isUndecided(error)
      ? { kind: 'differs', wrong: bindings, brokers: [], reason: describeError(error) }
      : { kind: 'refused', fault: error, brokers: [] }
  }
}

function rank({ kind }: BrokerLook): number {
  return kind === 'seen' ? 0 : 1
}

/** Asks each live broker. Throws where not even the list of brokers can be had, or where asking is not allowed. */
export async function lookAtBrokers(
  access: RegionAccess,
  bindings: readonly AclBinding[],
  signal: AbortSignal,
): Promise<BrokerLook[]> {
  const { cluster } = access
  const { brokers } = await callBounded(access, 'Metadata', signal, (signal) => cluster.metadata([], signal))
  const filter = filterOf(bindings)
  const wanted = new Set(bindings.map(bindingKey))
  return Promise.all(
    brokers.map(async ({ nodeId }): Promise<BrokerLook> => {
      try {
        const describe = (signal: AbortSignal) => cluster.describeAcls(filter, signal, nodeId)
        const held = await callBounded(access, 'DescribeAcls', signal, describe, access.timings.lookMs)
        const present = new Set(held.map(bindingKey).filter((key) => wanted.has(key)))
        return { nodeId, kind: 'seen', present }
      } catch (error) {
        signal.throwIfAborted()
        if (!isUndecided(error)) throw error
        return { nodeId, kind: 'silent', reason: describeError(error) }
      }
    }),
  )
}

/** As little as can be asked for in one request that holds all of them. */
function filterOf(bindings: readonly AclBinding[]): AclFilter {
  const [first] = bindings
  if (first === undefined) return { permission: 'deny' }
  const isSame = (key: 'resource' | 'principal' | 'permission') =>
    bindings.every((binding) => binding[key] === first[key])
  return {
    ...(isSame('permission') && { permission: first.permission }),
    ...(isSame('resource') && { resource: first.resource }),
    ...(isSame('principal') && { principal: first.principal }),
  }
}
