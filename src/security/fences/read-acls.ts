import { type Fault, isFault } from '../../core/index.ts'
import type { AclBinding } from '../../kafka/index.ts'
import { securityFaults } from '../faults.ts'
import { EVERYONE, matchesName } from '../authorizer-model.ts'
import { type AclView, type FenceObstacle, obstacle } from './plan-fence.ts'
import { callBounded, codeOf, type RegionAccess } from './region-access.ts'
import { settleAcls } from './settle-acls.ts'

/**
 * What the authorizer of a region says of itself. Brokers do not tell `super.users`, nor whether resources without
 * entries are open, so both are tried: a DENY for everyone stands, for good, on the configs of a topic that is not
 * there, and who is still told that it is not there is a super user.
 */
export const PROBE: AclBinding = {
  resource: 'topic',
  name: '__isthmus.fence-probe',
  pattern: 'literal',
  principal: EVERYONE,
  host: '*',
  operation: 'describe-configs',
  permission: 'deny',
}
/** No entry names it; a wildcard may. */
const UNNAMED = 'isthmus-topic-without-entries'
const OPEN_SETTING = 'allow.everyone.if.no.acl.found'

const NOT_AUTHORIZED = 29
const CLUSTER_NOT_AUTHORIZED = 31
const SECURITY_DISABLED = 54

export type Exemption =
  | { readonly kind: 'known'; readonly isExempt: boolean }
  | { readonly kind: 'obstacle'; readonly obstacle: FenceObstacle }

export type AclReading =
  | { readonly kind: 'read'; readonly view: AclView }
  | { readonly kind: 'obstacle'; readonly obstacle: FenceObstacle }

/** Whether entries apply to Isthmus here. Throws what is retriable: then it cannot be told now. */
export async function readExemption(access: RegionAccess, signal: AbortSignal): Promise<Exemption> {
  const settled = await settleAcls(access, { group: 'its own', want: 'present', bindings: [PROBE] }, signal)
  if (settled.kind === 'refused') return { kind: 'obstacle', obstacle: obstacleOf(settled.fault) }
  if (settled.kind === 'unsettled') {
    const what = `a change of ACLs (${settled.reason})`
    throw securityFaults.fault('FENCE_CALL_TIMED_OUT', { region: access.region, what, afterMs: settled.tookMs })
  }
  return { kind: 'known', isExempt: (await askConfigs(access, PROBE.name, signal)) !== NOT_AUTHORIZED }
}

/** Entries on topics or on groups. Of an exempt Isthmus only the DENYs for everyone matter. */
export async function readAcls(
  access: RegionAccess,
  { resource, isExempt }: { readonly resource: 'topic' | 'group'; readonly isExempt: boolean },
  signal: AbortSignal,
): Promise<AclReading> {
  const { cluster } = access
  const filter = isExempt ? ({ resource, permission: 'deny', principal: EVERYONE } as const) : { resource }
  try {
    const bindings = await callBounded(access, 'DescribeAcls', signal, (signal) => cluster.describeAcls(filter, signal))
    const allowsWithoutAcl = isExempt ? 'unknown' : await readOpenness(access, resource, bindings, signal)
    return { kind: 'read', view: { hasAuthorizer: true, isExempt, allowsWithoutAcl, bindings } }
  } catch (error) {
    if (!isFault(error) || error.retriable) throw error
    return { kind: 'obstacle', obstacle: obstacleOf(error) }
  }
}

function obstacleOf(fault: Fault): FenceObstacle {
  const code = codeOf(fault)
  if (code === SECURITY_DISABLED) return obstacle('no-authorizer')
  if (code !== CLUSTER_NOT_AUTHORIZED) throw fault
  return obstacle(fault.code === 'FENCE_REFUSED' ? 'acls-not-changeable' : 'acls-not-readable')
}

/** Asked only where Isthmus is no super user, so that what holds for it holds for others. */
async function readOpenness(
  access: RegionAccess,
  resource: 'topic' | 'group',
  bindings: readonly AclBinding[],
  signal: AbortSignal,
): Promise<AclView['allowsWithoutAcl']> {
  const { cluster } = access
  const topics =
    resource === 'topic'
      ? bindings
      : await callBounded(access, 'DescribeAcls', signal, (signal) =>
          cluster.describeAcls({ resource: 'topic' }, signal),
        )
  if (topics.some((binding) => matchesName(binding, UNNAMED))) return isNeverSet(access, signal)
  return (await askConfigs(access, UNNAMED, signal)) === NOT_AUTHORIZED ? 'no' : 'yes'
}

/** Whether resources without entries are open, as far as Isthmus can find out. `bindings`: every entry of the region. */
export function readDefault(
  access: RegionAccess,
  { bindings, isExempt }: { readonly bindings: readonly AclBinding[]; readonly isExempt: boolean },
  signal: AbortSignal,
): Promise<AclView['allowsWithoutAcl']> {
  if (isExempt) return isNeverSet(access, signal)
  const onTopics = bindings.filter(({ resource }) => resource === 'topic')
  return readOpenness(access, 'topic', onTopics, signal)
}

/** Brokers show the setting without its value, and do not show it where it was never set. */
async function isNeverSet(access: RegionAccess, signal: AbortSignal): Promise<'no' | 'unknown'> {
  const { cluster } = access
  const { brokers } = await callBounded(access, 'Metadata', signal, (signal) => cluster.metadata([], signal))
  const [broker] = brokers
  if (broker === undefined) return 'unknown'
  try {
    const entries = await callBounded(access, 'DescribeConfigs', signal, (signal) =>
      cluster.describeBrokerConfigs(broker.nodeId, signal),
    )
    return entries.some(({ name, value }) => name === OPEN_SETTING && value !== 'false') ? 'unknown' : 'no'
  } catch (error) {
    if (!isFault(error) || error.retriable) throw error
    return 'unknown'
  }
}

/** The code for the configs of a topic that is not there: 29, or 3. */
async function askConfigs(access: RegionAccess, topic: string, signal: AbortSignal): Promise<number | undefined> {
  const [described] = await callBounded(access, 'DescribeConfigs', signal, (signal) =>
    access.cluster.describeTopicConfigs([topic], signal),
  )
  return described?.errorCode
}
