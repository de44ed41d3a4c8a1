import { type Fault, isFault } from '../../core/index.ts'
import { type AclBinding, type AclDeletion, type AclOutcome, errorName, isRetriableCode } from '../../kafka/index.ts'
import { securityFaults } from '../faults.ts'
import { callBounded, isUndecided, type RegionAccess } from './region-access.ts'

/** What entries are to become on every broker. */
export interface AclChange {
  /** For messages. */
  readonly group: string
  readonly want: 'present' | 'absent'
  readonly bindings: readonly AclBinding[]
  /** Of those, the ones that somebody has just seen wrong: they are changed before anybody is asked again. */
  readonly seenWrong?: readonly AclBinding[]
  /**
   * `every`: a call about the same entries was lost before. A broker hands calls on one at a time and in their order, so
   * what it answers now has overtaken, or come behind, whatever was lost there: the change is made through each of them.
   * @defaultValue 'any'
   */
  readonly through?: 'any' | 'every'
}

export type Called =
  /** `isSure`: without a broker that was asked before and did not answer. */
  | { readonly kind: 'answered'; readonly deleted: number; readonly isSure: boolean }
  /** It may have been carried out, or may be later. */
  | { readonly kind: 'unanswered' }
  /** No broker is known that it could have been sent to. */
  | { readonly kind: 'not-sent' }
  | { readonly kind: 'refused'; readonly fault: Fault }

export interface ChangeRequest {
  readonly change: AclChange
  readonly bindings: readonly AclBinding[]
  /** Through the first broker that answers, or through every one. */
  readonly through: 'any' | 'every'
  /** Those that are known; empty where the region is to be asked. */
  readonly brokers: readonly number[]
}

const BROKERS_TRIED_MAX = 3

export async function makeChange(access: RegionAccess, request: ChangeRequest, signal: AbortSignal): Promise<Called> {
  const brokers = request.brokers.length > 0 ? request.brokers : await findBrokers(access, signal)
  if (brokers.length === 0) return { kind: 'not-sent' }
  if (request.through === 'any') return await callUntilAnswered(access, request, brokers, signal)
  const calls = await Promise.all(brokers.map((nodeId) => callBroker(access, request, nodeId, signal)))
  const worst = calls.find(({ kind }) => kind === 'refused') ?? calls.find(({ kind }) => kind !== 'answered')
  if (worst !== undefined) return worst
  const deleted = calls.reduce((sum, called) => sum + (called.kind === 'answered' ? called.deleted : 0), 0)
  return { kind: 'answered', deleted, isSure: true }
}

async function callUntilAnswered(
  access: RegionAccess,
  request: ChangeRequest,
  brokers: readonly number[],
  signal: AbortSignal,
): Promise<Called> {
  for (const [at, nodeId] of brokers.slice(0, BROKERS_TRIED_MAX).entries()) {
    const called = await callBroker(access, request, nodeId, signal)
    if (called.kind === 'answered') return { ...called, isSure: at === 0 }
    if (called.kind === 'refused') return called
  }
  return { kind: 'unanswered' }
}

async function findBrokers(access: RegionAccess, signal: AbortSignal): Promise<number[]> {
  try {
    const ask = (signal: AbortSignal) => access.cluster.metadata([], signal)
    return (await callBounded(access, 'Metadata', signal, ask)).brokers.map(({ nodeId }) => nodeId)
  } catch (error) {
    signal.throwIfAborted()
    if (!isUndecided(error)) throw error
    return []
  }
}

async function callBroker(
  access: RegionAccess,
  { change: { want, group }, bindings, through }: ChangeRequest,
  nodeId: number,
  signal: AbortSignal,
): Promise<Called> {
  const { cluster, region, timings } = access
  // While there is another broker to try, none is waited for as long as a call may take.
  const afterMs = through === 'every' ? timings.callMs : timings.lookMs
  try {
    const outcomes: readonly (AclOutcome | AclDeletion)[] =
      want === 'present'
        ? await callBounded(access, 'CreateAcls', signal, (it) => cluster.createAcls(bindings, it, nodeId), afterMs)
        : await callBounded(access, 'DeleteAcls', signal, (it) => cluster.deleteAcls(bindings, it, nodeId), afterMs)
    const failed = outcomes.filter(({ errorCode }) => errorCode !== 0)
    const refused = failed.find(({ errorCode }) => !isRetriableCode(errorCode))
    if (refused !== undefined) return { kind: 'refused', fault: refusal(region, group, refused) }
    if (failed.length > 0) return { kind: 'unanswered' }
    const deleted = outcomes.reduce((sum, it) => sum + ('deleted' in it ? it.deleted : 0), 0)
    return { kind: 'answered', deleted, isSure: true }
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
