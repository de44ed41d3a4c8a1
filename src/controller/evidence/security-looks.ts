import type { FoundDiffering } from '../../failover/index.ts'
import type { RegionName } from '../../core/index.ts'
import type { DriftLook } from '../../api/index.ts'
import type { AclBinding } from '../../kafka/index.ts'
import {
  entityText,
  type PolicyDrift,
  type ProbeFinding,
  type ProbeRound,
  type ProbeSeverity,
} from '../../security/index.ts'

/** What guards ask of policies. Implemented by the process's control of security; see policies/security-control.ts. */
export interface SecurityLooks {
  /** What probes have found about its brokers and listeners. */
  judgeProbes(region: RegionName): Promise<FoundDiffering>
  /** How a region differs from the policies that apply to it; throws where that cannot be told. */
  judgePolicies(region: RegionName, signal: AbortSignal): Promise<FoundDiffering>
}

/** Pure: what is grave stops a move where a policy says what the region has to be like. Undefined: none says so. */
export function judgeRound(round: Pick<ProbeRound, 'findings'> | undefined): FoundDiffering {
  const grave: readonly ProbeSeverity[] = ['critical', 'error']
  const word = ({ id, listener, evidence }: ProbeFinding) =>
    `${id}${listener === null ? '' : ` of ${listener}`}: ${evidence}`
  const found = round?.findings ?? []
  return {
    stops: found.filter(({ severity }) => grave.includes(severity)).map(word),
    notes: found.filter(({ severity }) => !grave.includes(severity)).map(word),
  }
}

/** Pure: what is missing or changed keeps applications from working, users and quotas too; what is extra lets in more than was meant. */
export function judgeDrift({ drifts, troubles }: DriftLook): FoundDiffering {
  const [trouble] = troubles
  if (trouble !== undefined) throw new Error(`the policy of ${trouble.owner}: ${trouble.reason}`)
  return {
    stops: drifts.flatMap(({ owner, missing, changed, users, quotas }) => [
      ...missing.map((entry) => `${owner} misses ${word(entry)}`),
      ...changed.map(({ declared }) => `${owner} has another ${word(declared)}`),
      ...users.flatMap((it) => (it.why === 'other-iterations' ? [] : [`${owner} misses the ${userWord(it)}`])),
      ...quotas.map(({ entity, key, value, found }) => {
        return `${owner} declares ${key}=${value} of ${entityText(entity)}, not ${found ?? 'none'}`
      }),
    ]),
    notes: drifts.flatMap(({ owner, extraOwned, extraForeign, users }) => [
      ...extraOwned.map((entry) => `${owner} no longer declares ${word(entry)}`),
      ...extraForeign.map((entry) => `others gave ${word(entry)}`),
      ...users.flatMap((it) => (it.why === 'other-iterations' ? [`${userWord(it)}: ${it.reason}`] : [])),
    ]),
  }
}

function userWord({ user, mechanism }: PolicyDrift['users'][number]): string {
  return `${mechanism} user ${user}`
}

function word({ principal, operation, resource, name, pattern }: AclBinding): string {
  return `${principal} ${operation.toUpperCase()} ${resource} ${name}${pattern === 'prefixed' ? '*' : ''}`
}
