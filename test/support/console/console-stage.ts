import { fileURLToPath } from 'node:url'
import type { ApiSettings } from '../../../src/api/index.ts'
import { regionName } from '../../../src/core/index.ts'
import type { RegionStatus } from '../../../src/regions/index.ts'
import { regionStatus, startFakeControl } from '../fake-control.ts'
import { generateLink, type GeneratedSize } from './generated-links.ts'

export const CONSOLE_FOLDER = fileURLToPath(new URL('../../../dist/console', import.meta.url))
const NAMES = ['west', 'east', 'north']
/** Of the replicator in memory. */
const NOW_MS = 1_000_000
const SAMPLES = 240

/** The API of a controller with three regions and generated links, and the console as it was built. */
export async function startConsoleStage(size: GeneratedSize, api?: Partial<ApiSettings>) {
  const links = NAMES.slice(1).map((target) => generateLink({ source: 'west', target, group: 'orders' }, size, NOW_MS))
  const samples = Array.from({ length: SAMPLES }, (_, at) => ({
    atMs: NOW_MS - (SAMPLES - at) * 15_000,
    lagRecords: Math.round(400 + 380 * Math.sin(at / 12)),
    lagSeconds: at % 60 === 30 ? null : 1 + Math.sin(at / 12),
    recordsCopied: at * 15_000,
    bytesCopied: at * 12_000_000,
  }))
  const control = await startFakeControl({
    consoleFolder: CONSOLE_FOLDER,
    links,
    ...(api && { api }),
    content: { regions: NAMES.map(regionName), history: () => samples },
  })
  control.seen.regions = NAMES.map(healthyRegion)
  return control
}

function healthyRegion(name: string): RegionStatus {
  const region = regionName(name)
  const { health } = regionStatus()
  const votes = [
    { vantage: `${name}-agent`, standsIn: region, vote: 'up' as const, ageMs: 700 },
    { vantage: 'here', standsIn: null, vote: 'up' as const, ageMs: 300 },
  ]
  return regionStatus({
    region,
    ...(health && { health: { ...health, level: 'healthy', reason: 'every look was good', findings: [] } }),
    sampleAgeMs: 800,
    judgement: { region, verdict: 'up', reason: '2 of 2 vantage points say up', votes, majority: 2 },
  })
}
