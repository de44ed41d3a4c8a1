import { withSignal } from '../core/index.ts'
import type { ClusterParts } from './cluster-parts.ts'
import type { BrokerConnection } from './connection.ts'
import type { Connections } from './connections.ts'
import { isAuthorizationCode, isRetriableCode, NETWORK_EXCEPTION, REBALANCE_IN_PROGRESS, staleAfter } from './errors.ts'
import type { GroupMembership, MembershipOptions } from './group-member.ts'
import { requestFault } from './request-fault.ts'
import type { Api } from './wire/api.ts'
import { heartbeatApi } from './wire/heartbeat.ts'
import { joinGroupApi } from './wire/join-group.ts'
import { leaveGroupApi } from './wire/leave-group.ts'
import { syncGroupApi } from './wire/sync-group.ts'

/** What a broker may take to answer beyond the rebalance that it waits for. */
const ANSWER_MARGIN_MS = 5_000

/**
 * A connection to the coordinator of one group, for one member of it. Of its own, because a broker answers one request
 * of a connection at a time, and a join waits for the other members. It looks for the coordinator anew after it was
 * told to, or the connection was lost; it repeats nothing by itself.
 */
export function openMembership(
  parts: ClusterParts,
  connections: Connections,
  { groupId, protocolType, protocol, sessionTimeoutMs, rebalanceTimeoutMs }: MembershipOptions,
): GroupMembership {
  const requestTimeoutMs = Math.max(parts.requestTimeoutMs, rebalanceTimeoutMs + ANSWER_MARGIN_MS)
  let dialled: Promise<BrokerConnection> | undefined

  const drop = async () => {
    const dropped = dialled
    dialled = undefined
    const connection = await dropped?.catch(() => undefined)
    // Not closed in order: a join that nobody waits for any more may never be answered.
    connection?.destroy()
  }
  const connect = async (signal: AbortSignal): Promise<BrokerConnection> => {
    const known = await dialled?.catch(() => undefined)
    if (known?.isOpen === true) return known
    const [located] = await parts.coordinators.locate('group', [groupId], signal)
    if (located === undefined || 'errorCode' in located) {
      throw requestFault(parts.name, 'FindCoordinator', located?.errorCode ?? NETWORK_EXCEPTION, groupId)
    }
    const address = await parts.calls.addressOf(located.nodeId, signal)
    dialled = connections.openOwn(address, 1, signal, requestTimeoutMs)
    return dialled
  }
  const call = async <Request, Response extends { readonly errorCode: number }>(
    api: Api<Request, Response>,
    request: Request,
    signal: AbortSignal,
  ): Promise<Response> => {
    let response: Response
    try {
      response = await withSignal((await connect(signal)).call(api, request), signal)
    } catch (error) {
      parts.coordinators.drop('group', [groupId])
      await drop()
      throw error
    }
    const { errorCode } = response
    if (staleAfter(errorCode) === 'coordinator') {
      parts.coordinators.drop('group', [groupId])
      await drop()
    }
    const isOfTheCall = isRetriableCode(errorCode) || isAuthorizationCode(errorCode)
    if (isOfTheCall && errorCode !== REBALANCE_IN_PROGRESS) throw requestFault(parts.name, api.name, errorCode, groupId)
    return response
  }
  const group = { groupId, protocolType, protocol }
  return {
    join: (member, signal) => call(joinGroupApi, { ...group, ...member, sessionTimeoutMs, rebalanceTimeoutMs }, signal),
    sync: (member, signal) => call(syncGroupApi, { ...group, ...member }, signal),
    heartbeat: async (member, signal) => (await call(heartbeatApi, { ...group, ...member }, signal)).errorCode,
    leave: async (member, signal) => {
      await drop()
      return (await call(leaveGroupApi, { ...group, ...member }, signal)).errorCode
    },
    [Symbol.asyncDispose]: drop,
  }
}
