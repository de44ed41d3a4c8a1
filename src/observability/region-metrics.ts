import type { RegionStatus, RegionsStatus } from '../regions/index.ts'
import { type Labelled, renderLabels, renderMetric } from './exposition.ts'
import type { MetricSpec } from './metric-specs.ts'

export const REGION_LABELS = ['region'] as const

/** Every metric of a region, as seen from this process. What could not be asked is left out, never 0. */
export const REGION_METRICS: readonly MetricSpec<RegionStatus>[] = [
  gauge(
    'isthmus_region_look_age_seconds',
    'Seconds since a look at the region last ended. Old means that nothing else about the region is to be trusted.',
    ({ sampleAgeMs }) => (sampleAgeMs === undefined ? undefined : sampleAgeMs / 1_000),
  ),
  gauge('isthmus_region_brokers', 'Brokers of the region that are known.', ({ sample }) => sample?.brokers.length),
  gauge(
    'isthmus_region_brokers_answering',
    'Of those, the ones that let this process in and answer.',
    ({ sample }) => sample?.brokers.filter(({ state }) => state === 'answers').length,
  ),
  gauge('isthmus_region_offline_partitions', 'Partitions without a leader.', ({ sample }) =>
    sample?.partitions.kind === 'ok' ? sample.partitions.value.offline.count : undefined,
  ),
  gauge(
    'isthmus_region_under_min_isr_partitions',
    'Partitions with fewer replicas in sync than min.insync.replicas, which refuse acks=all.',
    ({ sample }) => (sample?.partitions.kind === 'ok' ? sample.partitions.value.underMinIsr.count : undefined),
  ),
  gauge('isthmus_region_under_replicated_partitions', 'Partitions with a replica that is not in sync.', ({ sample }) =>
    sample?.partitions.kind === 'ok' ? sample.partitions.value.underReplicated.count : undefined,
  ),
  gauge(
    'isthmus_region_quorum_answers',
    '1 where the controller quorum of the region answers, 0 where it does not: then nothing can be fenced or changed there.',
    ({ sample }) =>
      sample === undefined || sample.quorum.kind === 'unknown' ? undefined : Number(sample.quorum.kind === 'ok'),
  ),
  gauge(
    'isthmus_region_canaries_refused',
    'Leaders of the health topic that took no canary in the newest look.',
    ({ sample }) =>
      sample?.canary.kind === 'ok' ? sample.canary.value.tried - sample.canary.value.written : undefined,
  ),
  gauge(
    'isthmus_region_canary_seconds',
    'From write to read, at the slowest leader of the newest look that took its canary.',
    ({ sample }) =>
      sample?.canary.kind === 'ok' && sample.canary.value.written > 0
        ? sample.canary.value.slowestMs / 1_000
        : undefined,
  ),
  gauge(
    'isthmus_region_clock_offset_seconds',
    'How far the clock of the region is ahead of the one here.',
    ({ sample }) => (sample?.clock.kind === 'ok' ? sample.clock.value.offsetMs / 1_000 : undefined),
  ),
]

export const REGION_STATES = {
  level: { name: 'isthmus_region_health', help: '1 for the level that the region has as seen from here.' },
  verdict: { name: 'isthmus_region_verdict', help: '1 for the verdict of all vantage points on the region.' },
} as const

export const OBSERVER_METRICS = {
  doubt: {
    name: 'isthmus_observer_in_doubt',
    help: '1 while this process does not trust itself, because it stalled or its clock jumped, and judges no region.',
  },
  vantages: {
    name: 'isthmus_vantage_points',
    help: 'Vantage points that count when a majority is needed, this one included.',
  },
} as const

/** The text of all of them, without a series where no region is watched. */
export function renderRegions({ regions, doubt, heard }: RegionsStatus, nowMs: number): string[] {
  const labelled = regions.map((subject): Labelled<RegionStatus> => {
    return { subject, labels: renderLabels({ region: subject.region }) }
  })
  const seen = labelled.flatMap(({ subject, labels }) =>
    subject.health === undefined ? [] : [{ subject: subject.health.level, labels }],
  )
  const observer = regions.length === 0 ? [] : [{ subject: null, labels: '' }]
  return [
    ...REGION_METRICS.map((spec) => renderMetric(spec, labelled, (one) => ({ value: spec.read(one, nowMs) }))),
    renderMetric({ ...REGION_STATES.level, kind: 'gauge' }, seen, (level) => ({
      value: 1,
      moreLabels: `level="${level}"`,
    })),
    renderMetric({ ...REGION_STATES.verdict, kind: 'gauge' }, labelled, ({ judgement }) => {
      return { value: 1, moreLabels: `verdict="${judgement.verdict}"` }
    }),
    renderMetric({ ...OBSERVER_METRICS.doubt, kind: 'gauge' }, observer, () => ({ value: Number(doubt !== null) })),
    renderMetric({ ...OBSERVER_METRICS.vantages, kind: 'gauge' }, observer, () => ({ value: heard.length + 1 })),
  ]
}

function gauge(
  name: string,
  help: string,
  read: (region: RegionStatus) => number | undefined,
): MetricSpec<RegionStatus> {
  return { name, kind: 'gauge', help, read }
}
