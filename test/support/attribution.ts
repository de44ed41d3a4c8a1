import type { IsthmusProcess } from './isthmus-process.ts'

const CAUSES = ['records_copied', 'records_aborted', 'control_records', 'holes', 'records_lost']

/**
 * Source offsets of a link that are neither copied nor accounted for, over all of its flows. For a process that has
 * copied every flow itself, since the counters begin with it.
 *
 * @param skipped - offsets that lie before the starts of the flows
 */
export async function countUnattributed(isthmus: IsthmusProcess, link: string, skipped = 0): Promise<number> {
  const metrics = await isthmus.get('/metrics')
  const flows = await isthmus.flows(link)
  const offsets = flows.reduce((sum, { sourceNext }) => sum + (sourceNext ?? 0), 0)
  const accounted = CAUSES.reduce((sum, cause) => sum + sumMetric(metrics, `isthmus_flow_${cause}_total`), 0)
  return Math.abs(offsets - skipped - accounted)
}

/** Over all series of a metric. */
export function sumMetric(text: string, name: string): number {
  const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}
