import type { CheckReport } from '../cli/index.ts'
import { systemClock, systemRandom } from '../core/index.ts'
import { openCluster } from '../kafka/index.ts'
import { readConfig } from './load.ts'
import { type CheckedCluster, checkOnline } from './online.ts'
import { formatProblem } from './problems.ts'
import { clusterOptionsOf, type RegionConfig } from './regions.ts'

const CONNECT_MS = 5_000
const REQUEST_MS = 10_000

/** `isthmus check`: what is wrong with the file and, where asked for, with the regions it names. */
export async function checkConfig(
  { config: file, online }: { readonly config: string; readonly online: boolean },
  signal: AbortSignal,
): Promise<CheckReport> {
  const { config, problems } = readConfig(file)
  const linesOf = (severity: 'error' | 'warning') =>
    problems.filter((problem) => problem.severity === severity).map(formatProblem)
  const regions =
    config === undefined || !online ? [] : await checkOnline(config.regions.values(), openForCheck, signal)
  return {
    ok: config !== undefined && regions.every((region) => region.ok),
    file,
    regionCount: config?.regions.size ?? 0,
    linkCount: config?.links.length ?? 0,
    errors: linesOf('error'),
    warnings: linesOf('warning'),
    regions,
  }
}

function openForCheck(region: RegionConfig): CheckedCluster {
  return openCluster({
    ...clusterOptionsOf(region),
    clientId: 'isthmus-check',
    connectTimeoutMs: CONNECT_MS,
    requestTimeoutMs: REQUEST_MS,
    context: { clock: systemClock, random: systemRandom },
  })
}
