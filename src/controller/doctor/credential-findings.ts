import type { CredentialStatus } from '../../credentials/index.ts'
import type { Finding, FindingSpec } from './finding.ts'

/** What is wrong with the files of credentials, as this process has read them. */
export const CREDENTIAL_FINDINGS = {
  'credential-unusable': {
    severity: 'error',
    title: 'A file of credentials has changed to something that cannot be used: what it held before goes on.',
    remedy: 'Write it whole: certificate and key that belong together, or the password on one line.',
  },
  'credential-not-taken': {
    severity: 'warning',
    title: 'Brokers do not take the password in its file, but the one that was there before.',
    remedy: 'Give the user the new password at the brokers too, or write the old one back.',
  },
  'credential-expiring': {
    severity: 'warning',
    title: 'A certificate that Isthmus uses ends soon, or has ended.',
    remedy: 'Renew it and write it into its file; `isthmus credentials` shows when that counts.',
  },
} as const satisfies Record<string, FindingSpec>

const DAY_MS = 86_400_000
/** As the alert IsthmusCredentialEnding has it. */
const EXPIRING_DAYS = 21

/** Pure. */
export function findInCredentials(credentials: readonly CredentialStatus[], nowMs: number): Finding[] {
  return credentials.flatMap(({ name, files, trouble, usesFormer, endsAtMs }) => {
    const found: Finding[] = []
    if (trouble !== null) found.push(finding('credential-unusable', `${name} (${files.join(', ')}): ${trouble}`))
    if (usesFormer) found.push(finding('credential-not-taken', `${name} (${files.join(', ')})`))
    if (endsAtMs !== null && endsAtMs - nowMs < EXPIRING_DAYS * DAY_MS) {
      found.push(finding('credential-expiring', `${name} ends at ${new Date(endsAtMs).toISOString()}`))
    }
    return found
  })
}

function finding(id: keyof typeof CREDENTIAL_FINDINGS, evidence: string): Finding {
  return { id, group: null, region: null, evidence, ...CREDENTIAL_FINDINGS[id] }
}
