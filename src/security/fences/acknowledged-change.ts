import type { AclBinding } from '../../kafka/index.ts'
import { EVERYONE } from '../authorizer-model.ts'
import type { FenceStep } from './fence-step.ts'
import { codeOf, type RegionAccess } from './region-access.ts'
import { settleAcls } from './settle-acls.ts'

/**
 * A change that means nothing: an entry about a topic that there never is, put up through every broker and taken away.
 * A region that acknowledges it has carried out, or dropped, whatever it was asked before; a reading cannot tell that.
 */
export const MARK: AclBinding = {
  resource: 'topic',
  name: '__isthmus.fence-mark',
  pattern: 'literal',
  principal: EVERYONE,
  host: '*',
  operation: 'describe-configs',
  permission: 'deny',
}

const CLUSTER_NOT_AUTHORIZED = 31
const SECURITY_DISABLED = 54

/** `isPossible` is false where there are no ACLs, or none that Isthmus may change: nothing can come into force there. */
export async function makeAcknowledgedChange(
  access: RegionAccess,
  signal: AbortSignal,
): Promise<FenceStep<{ readonly isPossible: boolean }>> {
  for (const want of ['present', 'absent'] as const) {
    const change = { group: 'its own', want, bindings: [MARK], seenWrong: [MARK], through: 'every' } as const
    const settled = await settleAcls(access, change, signal)
    if (settled.kind === 'unsettled') return { kind: 'unknown', reason: settled.reason }
    if (settled.kind === 'settled') continue
    const { fault } = settled
    const code = codeOf(fault)
    if (code !== SECURITY_DISABLED && code !== CLUSTER_NOT_AUTHORIZED) return { kind: 'failed', fault }
    return { kind: 'done', evidence: { isPossible: false } }
  }
  return { kind: 'done', evidence: { isPossible: true } }
}
