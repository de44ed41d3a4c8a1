/**
 * Prometheus's text format, written straight from what is known at the moment: thousands of flows with a dozen series
 * each would otherwise be kept as objects between two scrapes.
 */
export interface MetricHead {
  readonly name: string
  readonly help: string
  readonly kind: 'gauge' | 'counter'
}

export interface Labelled<Subject> {
  readonly subject: Subject
  /** As `renderLabels` gives them. */
  readonly labels: string
}

/** `link="eu",topic="orders"`; empty without labels. */
export function renderLabels(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escapeLabel(value)}"`)
    .join(',')
}

/** One metric with a series for each subject that has a value. */
export function renderMetric<Subject>(
  { name, help, kind }: MetricHead,
  subjects: readonly Labelled<Subject>[],
  read: (subject: Subject) => { readonly value: number | undefined; readonly moreLabels?: string },
): string {
  const lines = [`# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`, `# TYPE ${name} ${kind}`]
  for (const { subject, labels } of subjects) {
    const { value, moreLabels } = read(subject)
    if (value === undefined) continue
    lines.push(`${name}{${moreLabels === undefined ? labels : `${labels},${moreLabels}`}} ${renderValue(value)}`)
  }
  return `${lines.join('\n')}\n`
}

function renderValue(value: number): string {
  if (Number.isFinite(value)) return String(value)
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
}

function escapeLabel(value: string): string {
  return /[\\"\n]/.test(value) ? value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n') : value
}
