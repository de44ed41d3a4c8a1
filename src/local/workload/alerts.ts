import { TOPICS } from './topics.ts'
import type { OutgoingRecord } from './records.ts'
import type { SensorReading, WeatherObservation } from './schemas.ts'
import { SIGNALS } from './signals.ts'

/**
 * A value outside of its limits. The key (subject and sequence) is the same whenever the same record is read, so a
 * reader that meets an alert twice, which can happen after a move to another region, can tell.
 */
export interface Alert {
  readonly subject: string
  readonly what: string
  readonly side: 'below' | 'above'
  readonly value: number
  readonly limit: number
  readonly at: number
  readonly sequence: number
}

const STORM_METRES_PER_SECOND = 25
const FROST_CELSIUS = -25
const HEAT_CELSIUS = 40

export function alertForReading({ deviceId, kind, value, at, sequence }: SensorReading): Alert | undefined {
  const [least, most] = SIGNALS[kind].limits
  const base = { subject: deviceId, what: kind, value, at, sequence }
  if (value < least) return { ...base, side: 'below', limit: least }
  if (value > most) return { ...base, side: 'above', limit: most }
  return undefined
}

export function alertsForWeather(observation: WeatherObservation): Alert[] {
  const { stationId: subject, at, sequence, windMetresPerSecond: wind, temperatureCelsius: celsius } = observation
  const alerts: Alert[] = []
  if (wind > STORM_METRES_PER_SECOND) {
    alerts.push({ subject, what: 'wind', side: 'above', value: wind, limit: STORM_METRES_PER_SECOND, at, sequence })
  }
  if (celsius < FROST_CELSIUS) {
    alerts.push({ subject, what: 'frost', side: 'below', value: celsius, limit: FROST_CELSIUS, at, sequence })
  }
  if (celsius > HEAT_CELSIUS) {
    alerts.push({ subject, what: 'heat', side: 'above', value: celsius, limit: HEAT_CELSIUS, at, sequence })
  }
  return alerts
}

export function toAlertRecord(alert: Alert): OutgoingRecord {
  return {
    topic: TOPICS.alerts,
    key: `${alert.subject}:${alert.what}:${alert.sequence}`,
    value: JSON.stringify(alert),
  }
}
