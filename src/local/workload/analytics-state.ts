/**
 * The state of one partition of the readings, and its form in the changelog. Pure: no I/O, no clock.
 *
 * What always holds:
 * - A reading counts once: one whose sequence number is not above the device's last is skipped. So it does no harm to
 *   read input again, whatever its offsets are called in this region.
 * - Whether a reading is late depends on the earlier readings of its own device only, never on how devices or
 *   partitions were interleaved. So every run over the same readings ends in the same aggregates.
 * - Each entry of the changelog is right by itself, so a copy that ends in the middle of a transaction restores a right
 *   state too: a `device:` entry holds the last sequence number and the open windows that belong to it, a `window:`
 *   entry is a closed window, which never changes. Where both have a window, the device's own counts.
 *
 * Size: one entry a device, and its closed windows for `siteRetentionMs` of event time behind the newest reading of its
 * site and kind. A reading older than that still counts for its device, but no longer for its site.
 */
import { type AggregateRecord, toAggregateRecord } from './aggregates.ts'
import type { ChangelogEntry } from './records.ts'
import type { SensorReading } from './schemas.ts'
import { createSiteWindows, type DeviceWindow } from './site-windows.ts'
import { type Aggregate, aggregateOf, isWindowClosed, mergeAggregates, type StateOptions } from './windows.ts'

export type Applied = 'applied' | 'repeated' | 'late'

export interface StateChanges {
  /** In the order in which they must be written. */
  readonly changelog: readonly ChangelogEntry[]
  readonly aggregates: readonly AggregateRecord[]
  /** Windows of devices that closed. */
  readonly windowsClosed: number
}

export interface PartitionState {
  apply(reading: SensorReading): Applied
  /** Everything that changed since the last call. */
  takeChanges(): StateChanges
}

interface DeviceState {
  readonly site: string
  readonly kind: string
  lastSequence: number
  /** The latest event time seen. */
  watermark: number
  windows: Aggregate[]
}

const DEVICE_PREFIX = 'device:'
const WINDOW_PREFIX = 'window:'

/**
 * @param entries - the changelog of the partition, last value by key; other keys are ignored. The first `takeChanges`
 * also publishes every window that was restored.
 */
export function createPartitionState(
  options: StateOptions,
  entries: Iterable<readonly [string, string]> = [],
): PartitionState {
  const sites = createSiteWindows(options)
  const { devices, closed: restored } = parseEntries(entries)
  let republished: readonly DeviceWindow[] = restored
  const touched = new Map<string, Set<number>>()
  let closed: DeviceWindow[] = []

  const touch = (deviceId: string) => {
    const starts = touched.get(deviceId) ?? new Set()
    touched.set(deviceId, starts)
    return starts
  }
  for (const part of restored) sites.put(part)
  for (const part of listOpenWindows(devices)) {
    touch(part.deviceId).add(part.window.windowStart)
    sites.put(part)
  }

  return {
    apply(reading) {
      const { deviceId, sequence, at, site, kind } = reading
      const device = devices.get(deviceId) ?? { site, kind, lastSequence: 0, watermark: 0, windows: [] }
      devices.set(deviceId, device)
      if (sequence <= device.lastSequence) return 'repeated'
      device.lastSequence = sequence
      device.watermark = Math.max(device.watermark, at)
      const starts = touch(deviceId)
      const added = aggregateOf(reading, options.windowMs)
      if (isWindowClosed(added.windowStart, device.watermark, options)) return 'late'
      const { window, windows } = addToWindows(device.windows, added)
      starts.add(window.windowStart)
      sites.put({ site, kind, deviceId, window })
      device.windows = []
      for (const each of windows) {
        if (isWindowClosed(each.windowStart, device.watermark, options))
          closed.push({ site, kind, deviceId, window: each })
        else device.windows.push(each)
      }
      return 'applied'
    },

    takeChanges() {
      const { published, dropped } = sites.takeChanges()
      const opened = [...touched].flatMap(([deviceId, starts]) => openWindows(deviceId, devices.get(deviceId), starts))
      const deviceEntries = [...touched.keys()].map((deviceId) => toDeviceEntry(deviceId, devices.get(deviceId)))
      const kept = closed.filter((part) => sites.holds(part))
      const whole = [...republished, ...closed].map((part) => toRecord(part, true, options.windowMs))
      const growing = opened.map((part) => toRecord(part, false, options.windowMs))
      const changes: StateChanges = {
        // A closed window before the device that no longer holds it; deletions last.
        changelog: [...kept.map(toWindowEntry), ...deviceEntries, ...dropped.map(toDeletion)],
        aggregates: [...whole, ...growing, ...published],
        windowsClosed: closed.length,
      }
      touched.clear()
      closed = []
      republished = []
      return changes
    },
  }
}

function listOpenWindows(devices: ReadonlyMap<string, DeviceState>): DeviceWindow[] {
  return [...devices].flatMap(([deviceId, { site, kind, windows }]) =>
    windows.map((window) => ({ site, kind, deviceId, window })),
  )
}

function toDeviceEntry(deviceId: string, device: DeviceState | undefined): ChangelogEntry {
  return { key: DEVICE_PREFIX + deviceId, value: JSON.stringify(device) }
}

function parseEntries(entries: Iterable<readonly [string, string]>) {
  const devices = new Map<string, DeviceState>()
  const windows: DeviceWindow[] = []
  for (const [key, value] of entries) {
    if (key.startsWith(DEVICE_PREFIX)) devices.set(key.slice(DEVICE_PREFIX.length), JSON.parse(value) as DeviceState)
    else if (key.startsWith(WINDOW_PREFIX)) windows.push(JSON.parse(value) as DeviceWindow)
  }
  return { devices, closed: windows }
}

function addToWindows(windows: readonly Aggregate[], added: Aggregate): { window: Aggregate; windows: Aggregate[] } {
  const same = windows.find((each) => each.windowStart === added.windowStart)
  if (same === undefined) return { window: added, windows: [...windows, added] }
  const window = mergeAggregates(same, added)
  return { window, windows: windows.map((each) => (each === same ? window : each)) }
}

function openWindows(deviceId: string, device: DeviceState | undefined, starts: ReadonlySet<number>): DeviceWindow[] {
  if (device === undefined) return []
  const { site, kind, windows } = device
  return windows.filter((each) => starts.has(each.windowStart)).map((window) => ({ site, kind, deviceId, window }))
}

function windowKey({ deviceId, window }: DeviceWindow): string {
  return `${WINDOW_PREFIX}${deviceId}:${window.windowStart}`
}

function toWindowEntry(part: DeviceWindow): ChangelogEntry {
  return { key: windowKey(part), value: JSON.stringify(part) }
}

function toDeletion(part: DeviceWindow): ChangelogEntry {
  return { key: windowKey(part), value: null }
}

function toRecord(
  { site, kind, deviceId, window }: DeviceWindow,
  isClosed: boolean,
  windowMs: number,
): AggregateRecord {
  return toAggregateRecord(window, { scope: 'device', subject: deviceId, site, kind, part: null, isClosed }, windowMs)
}
