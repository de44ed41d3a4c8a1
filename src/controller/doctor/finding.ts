import type { DoctorBody } from '../../api/index.ts'

export type Finding = DoctorBody['findings'][number]
export type FindingSeverity = Finding['severity']

/** What the doctor can find, as data: its reference page is made of it. */
export interface FindingSpec {
  /** `as-judged`: that of the guard by which it was found, `error` where it would stop a switchover. */
  readonly severity: FindingSeverity | 'as-judged'
  /** What is wrong. */
  readonly title: string
  readonly remedy: string
}

/** Of several looks. */
export const COULD_NOT_LOOK = {
  severity: 'warning',
  title: 'Something could not be found out, so that it may be wrong.',
  remedy: 'Let Isthmus reach the regions and ask what it asks; a move is refused for the same reason.',
} as const satisfies FindingSpec

export interface FoundAt {
  readonly group?: string | undefined
  readonly region?: string | undefined
  /** What was seen. */
  readonly evidence: string
}

const LISTED_MAX = 10
const ORDER: readonly FindingSeverity[] = ['error', 'warning', 'info']

/** The names, or the first of them and how many more there are. */
export function listOf(names: readonly string[]): string {
  const shown = names.slice(0, LISTED_MAX).join(', ')
  return names.length > LISTED_MAX ? `${shown} and ${names.length - LISTED_MAX} more` : shown
}

/** The gravest first, each once: what two looks have found alike is one finding. */
export function sortFindings(findings: readonly Finding[]): Finding[] {
  const once = new Map(findings.map((one) => [JSON.stringify(one), one]))
  return [...once.values()].sort((a, b) => {
    const bySeverity = ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity)
    return bySeverity || a.id.localeCompare(b.id) || placeOf(a).localeCompare(placeOf(b))
  })
}

function placeOf({ group, region, evidence }: Finding): string {
  return [group ?? '', region ?? '', evidence].join(' ')
}
