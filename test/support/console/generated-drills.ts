import { drillId, type DrillDocument, type DrillSchedule } from '../../../src/failover/index.ts'
import { regionName } from '../../../src/core/index.ts'

const DAY_MS = 86_400_000
const [WEST, EAST] = [regionName('west'), regionName('east')]
/** What they came to, the oldest first, and how long the move took. */
const ENDED = [
  ['passed', 4_100],
  ['passed', 3_600],
  ['failed', 71_000],
  ['passed', 3_900],
  ['skipped', null],
  ['passed', 3_200],
] as const
const DAYS_BETWEEN = 3

export const WEEKLY: DrillSchedule = {
  name: 'weekly',
  cron: '0 6 * * 2',
  timezone: 'UTC',
  level: 'canary',
  region: undefined,
  stayMs: 0,
  allowed: undefined,
  blocked: [],
}

/** Drills of `orders` in the weeks before now, which went one way and another. */
export function generateDrills(nowMs: number): DrillDocument[] {
  return ENDED.map(([kind, rtoMs], index): DrillDocument => {
    const atMs = nowMs - (ENDED.length - index) * DAYS_BETWEEN * DAY_MS
    const at = new Date(atMs).toISOString()
    const reasons = kind === 'failed' ? ['the move took 71 s, and its objective is 60 s'] : []
    return {
      format: 1,
      id: drillId('orders', `generated ${index}`),
      group: 'orders',
      level: 'canary',
      from: WEST,
      region: EAST,
      request: { by: 'schedule weekly', reason: `due at ${at}`, at, stayMs: 0, schedule: WEEKLY.name },
      phase: 'done',
      attempt: 1,
      steps: [{ phase: 'done', at: new Date(atMs + 60_000).toISOString(), reason: 'over' }],
      objectives: { rpoMs: 5_000, rtoMs: 60_000 },
      outcome: { kind, reasons: kind === 'skipped' ? ['it was in a blocked window'] : reasons },
      moves: [],
      parts: {},
      leftovers: [],
      ...(rtoMs !== null && { measured: { rpoRecords: 0, rpoMs: 0, rtoMs, writePauseMs: Math.round(rtoMs / 2) } }),
    }
  })
}
