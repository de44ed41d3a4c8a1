import { describeError, type Fault, isFault, pause } from '../../core/index.ts'
import {
  type AclBinding,
  type AclDeletion,
  type AclFilter,
  type AclOutcome,
  errorName,
  isRetriableCode,
} from '../../kafka/index.ts'
import { securityFaults } from '../faults.ts'
import { bindingKey } from './fence-record.ts'
import { callBounded, isUndecided, type RegionAccess } from './region-access.ts'

/**
 * Brings entries into force on every broker, or out of it. What counts is what each live broker itself describes, never
 * the answer to the call: that comes earlier, and a call without an answer may come into force half a minute later. So
 * a change is looked for, made where it is missing, and looked for again, until the brokers agree or the time is up.
 */
export interface AclChange {
  /** For messages. */
  readonly group: string
  readonly want: 'present' | 'absent'
  readonly bindings: readonly AclBinding[]
  /** Of those, the ones that somebody has just seen wrong: they are changed before anybody is asked again. */
  readonly seenWrong?: readonly AclBinding[]
}

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
/** A change that no broker shows is made again after this long. */
const REPEAT_MS = 2_000

export async function settleAcls(access: RegionAccess, change: AclChange, signal: AbortSignal): Promise<SettleOutcome> {
  const { clock, timings } = access
  const startedMs = clock.monotonicMs()
  const added = new Set<string>()
  let removed = 0
  let mayLandLate = false
  let calledMs = Number.NEGATIVE_INFINITY
  let waitMs = FIRST_LOOK_MS
  const { seenWrong = [] } = change
  let sight: Sight =
    seenWrong.length > 0
      ? { kind: 'differs', wrong: seenWrong, reason: 'not looked at yet' }
      : await lookOnce(access, change, signal)
  for (;;) {
    const nowMs = clock.monotonicMs()
    const so = { changed: added.size + removed, mayLandLate, tookMs: Math.round(nowMs - startedMs) }
    if (sight.kind === 'refused') return { ...sight, ...so }
    if (sight.kind === 'agreed') return { kind: 'settled', brokers: sight.brokers, ...so }
    if (nowMs - startedMs > timings.settleMs) return { kind: 'unsettled', reason: sight.reason, ...so }
    if (sight.wrong.length > 0 && nowMs - calledMs >= REPEAT_MS) {
      calledMs = nowMs
      const called = await makeChange(access, change, sight.wrong, signal)
      if (called.kind === 'refused') return { ...called, ...so, mayLandLate }
      if (called.kind === 'unanswered') mayLandLate = true
      removed += called.kind === 'answered' ? called.deleted : 0
      if (change.want === 'present') for (const binding of sight.wrong) added.add(bindingKey(binding))
    }
    await pause(clock, waitMs, signal)
    signal.throwIfAborted()
    waitMs = Math.min(MOST_LOOK_MS, waitMs * 2)
    sight = await lookOnce(access, change, signal)
  }
}

type Sight =
  | { readonly kind: 'agreed'; readonly brokers: readonly number[] }
  | { readonly kind: 'differs'; readonly wrong: readonly AclBinding[]; readonly reason: string }
  | { readonly kind: 'refused'; readonly fault: Fault }

async function lookOnce(access: RegionAccess, change: AclChange, signal: AbortSignal): Promise<Sight> {
  const { bindings, want } = change
  try {
    const looks = await lookAtBrokers(access, bindings, signal)
    const isWrong = (look: BrokerLook, key: string) =>
      look.kind === 'seen' && look.present.has(key) !== (want === 'present')
    const wrong = bindings.filter((binding) => looks.some((look) => isWrong(look, bindingKey(binding))))
    const silent = looks.flatMap((look) => (look.kind === 'silent' ? [`broker ${look.nodeId}: ${look.reason}`] : []))
    if (wrong.length === 0 && silent.length === 0) return { kind: 'agreed', brokers: looks.map(({ nodeId }) => nodeId) }
    const missing = `${wrong.length} of ${bindings.length} entries are not ${want} on every broker`
    return { kind: 'differs', wrong, reason: [...(wrong.length > 0 ? [missing] : []), ...silent].join('; ') }
  } catch (error) {
    signal.throwIfAborted()
    if (!isFault(error)) throw error
    // Nothing is known: the change is made all the same, because to make it twice does no harm.
    return isUndecided(error)
      ? { kind: 'differs', wrong: bindings, reason: describeError(error) }
      : { kind: 'refused', fault: error }
  }
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

type Called =
  | { readonly kind: 'answered'; readonly deleted: number }
  | { readonly kind: 'unanswered' }
  | { readonly kind: 'refused'; readonly fault: Fault }

async function makeChange(
  access: RegionAccess,
  { want, group }: AclChange,
  bindings: readonly AclBinding[],
  signal: AbortSignal,
): Promise<Called> {
  const { cluster, region } = access
  try {
    const outcomes: readonly (AclOutcome | AclDeletion)[] =
      want === 'present'
        ? await callBounded(access, 'CreateAcls', signal, (signal) => cluster.createAcls(bindings, signal))
        : await callBounded(access, 'DeleteAcls', signal, (signal) => cluster.deleteAcls(bindings, signal))
    const failed = outcomes.filter(({ errorCode }) => errorCode !== 0)
    const refused = failed.find(({ errorCode }) => !isRetriableCode(errorCode))
    if (refused !== undefined) return { kind: 'refused', fault: refusal(region, group, refused) }
    if (failed.length > 0) return { kind: 'unanswered' }
    const deleted = outcomes.reduce((sum, it) => sum + ('deleted' in it ? it.deleted : 0), 0)
    return { kind: 'answered', deleted }
  } catch (error) {
    signal.throwIfAborted()
    if (isUndecided(error)) return { kind: 'unanswered' }
    if (isFault(error)) return { kind: 'refused', fault: error }
    throw error
  }
}

function refusal(region: string, group: string, { errorCode: code, message }: AclOutcome): Fault {
  // What a broker says of a missing right is a dump of the request.
  const detail = code === 31 ? 'Isthmus lacks ALTER on the cluster' : (message ?? '')
  return securityFaults.fault('FENCE_REFUSED', { region, group, code, name: errorName(code), detail })
}
