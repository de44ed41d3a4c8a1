import { type AggregateRecord, toAggregateRecord } from './aggregates.ts'
import { type Aggregate, mergeAggregates, type StateOptions } from './windows.ts'

/** A window of one device, as a part of its site's window. */
export interface DeviceWindow {
  readonly site: string
  readonly kind: string
  readonly deviceId: string
  readonly window: Aggregate
}

export interface SiteWindows {
  /** Puts a device's window in the place of what the site held of it; false where the site's window is past retention. */
  put(part: DeviceWindow): boolean
  holds(part: DeviceWindow): boolean
  /** The last state of the windows that changed, and the device windows that went with a window past its retention. */
  takeChanges(): { published: AggregateRecord[]; dropped: DeviceWindow[] }
}

interface SiteState {
  readonly site: string
  readonly kind: string
  /** The latest event time seen. */
  watermark: number
  /** By start of the window, then by device. */
  readonly windows: Map<number, Map<string, DeviceWindow>>
  touched: Set<number>
}

/**
 * The windows of the sites, as far as the devices of one partition make them up. They are not a state of their own but
 * the union of device windows, so a reading that counts once for its device counts once for its site.
 */
export function createSiteWindows(options: StateOptions): SiteWindows {
  const sites = new Map<string, SiteState>()

  const isKept = (site: SiteState, start: number) => start + options.windowMs + options.siteRetentionMs > site.watermark

  return {
    put(part) {
      const { windowStart, last } = part.window
      const state = siteOf(sites, part)
      state.watermark = Math.max(state.watermark, last.at)
      if (!isKept(state, windowStart)) return false
      const parts = state.windows.get(windowStart) ?? new Map<string, DeviceWindow>()
      state.windows.set(windowStart, parts.set(part.deviceId, part))
      state.touched.add(windowStart)
      return true
    },

    holds({ site, kind, deviceId, window }) {
      return sites.get(`${site}/${kind}`)?.windows.get(window.windowStart)?.has(deviceId) ?? false
    },

    takeChanges() {
      const published: AggregateRecord[] = []
      const dropped: DeviceWindow[] = []
      for (const state of sites.values()) {
        for (const [start, parts] of state.windows) {
          const isClosed = !isKept(state, start)
          if (isClosed || state.touched.has(start)) published.push(toRecord(state, parts, isClosed, options))
          if (!isClosed) continue
          state.windows.delete(start)
          dropped.push(...parts.values())
        }
        state.touched = new Set()
      }
      return { published, dropped }
    },
  }
}

function siteOf(sites: Map<string, SiteState>, { site, kind }: DeviceWindow): SiteState {
  const subject = `${site}/${kind}`
  const state = sites.get(subject) ?? { site, kind, watermark: 0, windows: new Map(), touched: new Set<number>() }
  sites.set(subject, state)
  return state
}

function toRecord(
  { site, kind }: SiteState,
  parts: ReadonlyMap<string, DeviceWindow>,
  isClosed: boolean,
  options: StateOptions,
): AggregateRecord {
  const whole = [...parts.values()].map((part) => part.window).reduce(mergeAggregates)
  const about = { scope: 'site', subject: `${site}/${kind}`, site, kind, part: options.partition, isClosed } as const
  return toAggregateRecord(whole, about, options.windowMs)
}
