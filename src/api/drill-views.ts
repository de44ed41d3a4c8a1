import { type DrillDocument, type DrillList, trendOf } from '../failover/index.ts'
import type { DrillBody, DrillsBody } from './contract/index.ts'

/** From the documents of drills to the bodies of the contract. Pure. */
export function viewDrill(drill: DrillDocument): DrillBody {
  const { id, group, level, from, region, phase, outcome, request, steps, approval, abort, plan, measured } = drill
  const { by, reason, at, schedule = null } = request
  const left = drill.leftovers.filter(({ found, trouble }) => found.length > 0 || trouble !== undefined)
  return {
    id,
    group,
    level,
    from,
    region,
    phase,
    outcome: outcome === undefined ? null : { kind: outcome.kind, reasons: [...outcome.reasons] },
    by,
    reason,
    at,
    endedAt: phase === 'done' ? (steps.at(-1)?.at ?? null) : null,
    schedule,
    approval: approval ?? null,
    abort: abort ?? null,
    planHash: plan?.hash ?? null,
    moves: drill.moves.map(({ kind, operation, group: moved, from: left, to, endedAs = null }) => {
      return { kind, operation, group: moved, from: left, to, endedAs }
    }),
    measured: measured ?? null,
    leftovers: left.map(
      ({ lookedFor, found, trouble }) => `${lookedFor}: ${[...found, trouble ?? []].flat().join('; ')}`,
    ),
  }
}

export function viewDrills({ running, ended, approval, schedules }: DrillList): DrillsBody {
  return {
    running: running === undefined ? null : viewDrill(running),
    ended: ended.map(viewDrill),
    approval: approval === undefined ? null : viewApproval(approval),
    trend: trendOf(ended).map((trend) => ({ ...trend })),
    schedules: schedules.map(({ schedule: { name, cron, timezone, level, region = null }, coming }) => {
      const dates = coming.map(({ at, skipped = null }) => ({ at, skipped }))
      return { name, cron, timezone, level, region, coming: dates }
    }),
  }
}

function viewApproval({ by, reason, at, untilMs }: NonNullable<DrillList['approval']>): DrillsBody['approval'] {
  return { by, reason, at, until: new Date(untilMs).toISOString() }
}
