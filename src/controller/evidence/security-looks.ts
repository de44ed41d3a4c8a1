import type { FoundDiffering } from '../../failover/index.ts'
import type { RegionName } from '../../core/index.ts'
import type { DriftLook } from '../../api/index.ts'
import type { AclBinding } from '../../kafka/index.ts'

/** What guards ask of policies. Implemented by the process's control of security; see policies/security-control.ts. */
export interface SecurityLooks {
  /** How a region differs from the policies that apply to it; throws where that cannot be told. */
  judgePolicies(region: RegionName, signal: AbortSignal): Promise<FoundDiffering>
}

/** Pure: what is missing or changed keeps applications from working; what is extra lets in more than was meant. */
export function judgeDrift({ drifts, troubles }: DriftLook): FoundDiffering {
  const [trouble] = troubles
  if (trouble !== undefined) throw new Error(`the policy of ${trouble.owner}: ${trouble.reason}`)
  return {
    stops: drifts.flatMap(({ owner, missing, changed }) => [
      ...missing.map((entry) => `${owner} misses ${word(entry)}`),
      ...changed.map(({ declared }) => `${owner} has another ${word(declared)}`),
    ]),
    notes: drifts.flatMap(({ owner, extraOwned, extraForeign }) => [
      ...extraOwned.map((entry) => `${owner} no longer declares ${word(entry)}`),
      ...extraForeign.map((entry) => `others gave ${word(entry)}`),
    ]),
  }
}

function word({ principal, operation, resource, name, pattern }: AclBinding): string {
  return `${principal} ${operation.toUpperCase()} ${resource} ${name}${pattern === 'prefixed' ? '*' : ''}`
}
