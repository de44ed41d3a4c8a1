import type { RegionCopies } from '../authority/index.ts'
import { renderLabels, renderMetric } from './exposition.ts'
import type { MetricSpec } from './metric-specs.ts'

export const COPY_LABELS = ['region'] as const

/** The copies of the state that a lost authority is restored from, as data like metric-specs.ts. */
export const COPY_METRICS: readonly MetricSpec<RegionCopies>[] = [
  {
    name: 'isthmus_state_copy_documents_behind',
    kind: 'gauge',
    help: 'Documents of the authority whose newest state is not known to be in the region.',
    read: ({ behind, trouble }) => (behind === 0 && trouble !== undefined ? undefined : behind),
  },
  {
    name: 'isthmus_state_copy_behind_seconds',
    kind: 'gauge',
    help: 'For how long the copy in the region has not been the state of the authority; 0 where it is.',
    read: ({ behind, behindForMs, trouble }) =>
      behind === 0 && trouble !== undefined ? undefined : behindForMs / 1_000,
  },
  {
    name: 'isthmus_state_copy_documents_refused',
    kind: 'gauge',
    help: 'Documents that are newer in the region than in the authority, or from another one: the authority was reset, or there are two. Anything but 0 wants a person.',
    read: ({ refused }) => refused.length,
  },
]

export const AUTHORITY_METRIC = {
  name: 'isthmus_authority_answers',
  help: '1 while the authority answers this process, 0 while it does not: then no move starts or goes on.',
} as const

/** What is told of the authority. */
export interface AuthorityStatus {
  readonly answers: boolean
  readonly copies: readonly RegionCopies[]
}

export function renderAuthority({ answers, copies }: AuthorityStatus): string[] {
  const subjects = copies.map((subject) => ({ subject, labels: renderLabels({ region: subject.region }) }))
  return [
    renderMetric({ ...AUTHORITY_METRIC, kind: 'gauge' }, [{ subject: null, labels: '' }], () => {
      return { value: Number(answers) }
    }),
    ...COPY_METRICS.map((spec) => renderMetric(spec, subjects, (copy) => ({ value: spec.read(copy, 0) }))),
  ]
}
