import { fileURLToPath } from 'node:url'
import type { ApiSettings } from '../../../src/api/index.ts'
import { regionName, systemClock } from '../../../src/core/index.ts'
import type { CredentialStatus } from '../../../src/credentials/index.ts'
import type { DrillDocument } from '../../../src/failover/index.ts'
import type { RegionStatus } from '../../../src/regions/index.ts'
import { regionStatus, startFakeControl } from '../fake-control.ts'
import { generateDrills, WEEKLY } from './generated-drills.ts'
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
  const nowMs = systemClock.nowMs()
  const control = await startFakeControl({
    schedules: [WEEKLY],
    consoleFolder: CONSOLE_FOLDER,
    links,
    ...(api && { api }),
    content: { regions: NAMES.map(regionName), history: () => samples, credentials: () => credentialsAt(nowMs) },
  })
  control.seen.regions = NAMES.map(healthyRegion)
  await control.policies.probes.probe(undefined)
  await keepDrills(control, generateDrills(nowMs))
  return control
}

type Control = Awaited<ReturnType<typeof startFakeControl>>

async function keepDrills({ store, drillStore }: Control, drills: readonly DrillDocument[]): Promise<void> {
  const { signal } = new AbortController()
  const acquired = await store.acquire('controller', { holder: 'here', ttlMs: 60_000 }, signal)
  if (acquired.kind !== 'held') throw new Error('somebody else leads')
  for (const drill of drills) await drillStore.keepEnded(drill, acquired.lease, signal)
}

function credentialsAt(nowMs: number): CredentialStatus[] {
  const own = { version: 'a41f9c02', sinceMs: nowMs - 4 * 3_600_000, changes: 1, failures: 0, usesFormer: false }
  const endsAtMs = nowMs + 9 * 86_400_000
  return [
    { ...own, name: 'regions.west.tls', files: ['/run/secrets/west/tls.crt'], endsAtMs, trouble: null },
    { ...own, name: 'regions.east.sasl', files: ['/run/secrets/east'], endsAtMs: null, trouble: 'it is empty' },
  ]
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
