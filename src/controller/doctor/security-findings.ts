import type { DriftLook } from '../../api/index.ts'
import type { ProbeRound } from '../../security/index.ts'
import { COULD_NOT_LOOK, type Finding, type FindingSpec, listOf } from './finding.ts'

/** How the regions hold to the policies of rights, and what the last probes of their listeners have seen end. */
export const SECURITY_FINDINGS = {
  'policy-drift': {
    severity: 'warning',
    title: 'A region differs from a policy of who may do what.',
    remedy: '`isthmus security drift` shows how; `isthmus security plan` and `apply` put it right.',
  },
  'listener-certificate-ends': {
    severity: 'warning',
    title: 'The certificate of a listener ends soon, or has ended, as of the last probe.',
    remedy: 'Renew it on its brokers, then look again: `isthmus security probe`.',
  },
} as const satisfies Record<string, FindingSpec>

/** Pure. */
export function findInPolicies({ drifts, troubles }: DriftLook): Finding[] {
  const found = drifts.flatMap(
    ({ owner, region, missing, extraOwned, extraForeign, changed, users, quotas }): Finding[] => {
      const kinds = [
        ...count(missing, 'missing'),
        ...count(changed, 'changed'),
        ...count(extraOwned, 'no longer declared'),
        ...count(extraForeign, 'of others for its principals'),
        ...count(users, 'users not as declared'),
        ...count(quotas, 'quotas not as declared'),
      ]
      if (kinds.length === 0) return []
      const evidence = `policy of ${owner}: ${listOf(kinds)}`
      return [{ id: 'policy-drift', group: null, region, evidence, ...SECURITY_FINDINGS['policy-drift'] }]
    },
  )
  const { severity, title, remedy } = COULD_NOT_LOOK
  const unseen = troubles.map(({ owner, region, reason }): Finding => {
    return {
      id: 'could-not-look',
      severity,
      group: null,
      region,
      title,
      remedy,
      evidence: `policy of ${owner}: ${reason}`,
    }
  })
  return [...found, ...unseen]
}

/** Pure. What else probes find has a page and an alert of its own. */
export function findInProbes(rounds: readonly Pick<ProbeRound, 'region' | 'findings'>[]): Finding[] {
  return rounds.flatMap(({ region, findings }) =>
    findings
      .filter(({ id }) => id === 'certificate-ends' || id === 'certificate-expired')
      .map(({ broker, listener, evidence }): Finding => {
        const place = `listener ${listener}${broker === null ? '' : ` of broker ${broker}`}`
        const id = 'listener-certificate-ends'
        return { id, group: null, region, evidence: `${place}: ${evidence}`, ...SECURITY_FINDINGS[id] }
      }),
  )
}

function count(entries: readonly unknown[], what: string): string[] {
  return entries.length === 0 ? [] : [`${entries.length} ${what}`]
}
