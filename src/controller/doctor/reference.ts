import { COULD_NOT_LOOK, type FindingSpec } from './finding.ts'
import { guardFindings } from './guard-findings.ts'
import { CREDENTIAL_FINDINGS } from './credential-findings.ts'
import { PROCESS_FINDINGS } from './process-findings.ts'
import { REGION_FINDINGS } from './region-findings.ts'
import { SECURITY_FINDINGS } from './security-findings.ts'

const HEAD = `# Findings of the doctor

\`isthmus doctor\` and \`GET /api/v1/doctor\` look for what would go wrong one day, and change nothing. Each finding has its
evidence and its remedy. Exit code 6 means that one of them is a warning or an error; \`--ignore ID\` leaves one out.
*As judged*: \`error\` where a switchover would be refused for it, else \`warning\`; these are found by the guards of a
plan, for each standby.

This page is made from the tables of findings (\`UPDATE=1 npx vitest run --project tidy\` writes it anew); a test compares them.
`

/** The reference page, as Markdown. */
export function renderDoctorReference(): string {
  const own = Object.entries<FindingSpec>({
    ...PROCESS_FINDINGS,
    ...CREDENTIAL_FINDINGS,
    ...REGION_FINDINGS,
    ...SECURITY_FINDINGS,
    'could-not-look': COULD_NOT_LOOK,
  })
  const all = new Map<string, FindingSpec>([...own, ...guardFindings().map((spec) => [spec.id, spec] as const)])
  const rows = [...all]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([id, { severity, title, remedy }]) => {
      return `## ${id}\n\n*${severity === 'as-judged' ? 'As judged' : severity}.* ${title}\n\nRemedy: ${remedy}\n`
    })
  return [HEAD, ...rows].join('\n')
}
