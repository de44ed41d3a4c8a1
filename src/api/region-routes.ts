import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { viewer } from './access/roles.ts'
import type { RegionsStatus, RegionStatus } from '../regions/index.ts'
import { ProblemBody, type RegionHealthBody, RegionsBody } from './contract/index.ts'
import { viewFence } from './fence-views.ts'
import type { ApiContent, FailoverView } from './ports.ts'

/** How the regions of failover groups look from here and from everywhere. */
export const regionRoutes: FastifyPluginCallbackTypebox<{ content: ApiContent }> = (app, { content }, done) => {
  app.get(
    '/regions',
    {
      config: viewer,
      schema: {
        tags: ['regions'],
        summary: 'Health of the regions of failover groups',
        response: { 200: RegionsBody, '4xx': ProblemBody, '5xx': ProblemBody },
      },
    },
    () => viewRegions(content.watch.status(), content.failover),
  )
  done()
}

function viewRegions(
  { vantage, standsIn, doubt, regions }: RegionsStatus,
  failover: Pick<FailoverView, 'groups' | 'fences'> | undefined,
): RegionsBody {
  const standing = [...(failover?.groups.keys() ?? [])].flatMap((group) =>
    (failover?.fences.of(group) ?? []).flatMap(({ region, records }) =>
      records.map((record) => ({ region, fence: { group, ...viewFence(record) } })),
    ),
  )
  const fencesOf = (name: string) => standing.filter(({ region }) => region === name).map(({ fence }) => fence)
  const bodies = regions.map((one) => ({ ...viewRegion(one), fences: fencesOf(one.region) }))
  return { vantage, standsIn, doubt: doubt?.reason ?? null, regions: bodies }
}

function viewRegion({
  region,
  health,
  sample,
  sampleAgeMs,
  judgement,
}: RegionStatus): Omit<RegionHealthBody, 'fences'> {
  const { verdict, reason: verdictReason, majority, votes } = judgement
  // Both are monotonic: only their distance means something.
  const nowMs = sample === undefined || sampleAgeMs === undefined ? undefined : sample.atMs + sampleAgeMs
  return {
    region,
    level: health?.level ?? null,
    reason: health?.reason ?? 'no look at it has counted yet',
    sinceSeconds: health === undefined || nowMs === undefined ? null : (nowMs - health.sinceMs) / 1_000,
    lookedSecondsAgo: sampleAgeMs === undefined ? null : sampleAgeMs / 1_000,
    findings: [...(health?.findings ?? [])],
    verdict,
    verdictReason,
    majority,
    votes: votes.map(({ ageMs, ...vote }) => ({ ...vote, ageSeconds: Math.max(0, ageMs / 1_000) })),
  }
}
