import type { Logger } from 'pino'
import { describeError, type Events } from '../core/index.ts'
import type { RegionEvents } from '../regions/index.ts'
import { error, info, type Line, logEvents, warn, type Wording } from './log-line.ts'

const LEVELS: Readonly<Record<RegionEvents['region:health']['to'], (sentence: string) => Line>> = {
  healthy: info,
  degraded: warn,
  suspect: warn,
  down: error,
}

const VERDICTS: Readonly<Record<RegionEvents['region:verdict']['to'], (sentence: string) => Line>> = {
  up: info,
  suspect: warn,
  unknown: warn,
  'cut-off': error,
  contested: error,
  isolated: error,
  unconfirmed: error,
  down: error,
}

export const REGION_WORDING: Wording<RegionEvents> = {
  'region:health': ({ region, from, to, reason }) =>
    LEVELS[to](`region ${region} is ${to} as seen from here${from === null ? '' : `, after ${from}`}: ${reason}`),
  'region:verdict': ({ region, to, reason }) => VERDICTS[to](`the verdict on region ${region} is ${to}: ${reason}`),
  'region:canary-unavailable': ({ region, reason }) => warn(`region ${region} has no canaries: ${reason}`),
  'region:probe-error': (event) => error(`looking at region ${event.region} failed: ${describeError(event.error)}`),
  'observer:doubt': ({ reason }) => warn(`this process judges no region for now: ${reason}`),
  'observer:trusted': ({ afterMs }) =>
    info(`this process judges regions again, after ${Math.round(afterMs / 1_000)} s`),
  'vantage:heard': ({ vantage, standsIn }) => info(`vantage point ${vantage} is heard${standing(standsIn)}`),
  'vantage:silent': ({ vantage, standsIn, ageMs }) =>
    warn(`vantage point ${vantage} has not been heard of for ${Math.round(ageMs / 1_000)} s${standing(standsIn)}`),
}

/** Logs every event of the watching of regions. Returns what ends it. */
export function logRegionEvents(events: Events<RegionEvents>, logger: Logger): () => void {
  return logEvents(events, REGION_WORDING, logger)
}

function standing(region: string | null): string {
  return region === null ? '' : `; it stands in ${region}`
}
