import type { Logger } from 'pino'
import type { Events } from '../core/index.ts'
import type { SecurityEvents } from '../security/index.ts'

interface Line {
  readonly level: 'info' | 'warn' | 'error'
  readonly sentence: string
}

type Wording = { readonly [Name in keyof SecurityEvents]: (event: SecurityEvents[Name]) => Line }

const where = ({ region, group }: { region: string; group: string }) => `region ${region} for group ${group}`

/** A sentence for every event; the compiler asks for a new one where an event is added. */
const WORDING: Wording = {
  'fence:applied': (event) => ({
    level: event.isRecorded ? 'info' : 'warn',
    sentence:
      `${event.by} fenced ${where(event)} by ${event.means} (operation ${event.operation}, ${event.tookMs} ms)` +
      (event.isRecorded ? '' : '; there is no record of it yet'),
  }),
  'fence:lifted': (event) => ({
    level: 'info',
    sentence:
      `${event.by} lifted the ${event.means} fence of ${where(event)} (operation ${event.operation}): ` +
      `${event.removed} entries went, ${event.kept} stay`,
  }),
  'fence:unsettled': (event) => ({
    level: 'warn',
    sentence: `whether the fence of ${where(event)} (operation ${event.operation}) is in force is unknown: ${event.reason}`,
  }),
  'fence:landed-late': (event) => ({
    level: 'warn',
    sentence: `a fence of ${where(event)} (operation ${event.operation}) came into force after it was lifted; it was taken away again`,
  }),
  'fence:lost': (event) => ({
    level: 'error',
    sentence: `${where(event)} is a standby and takes writes of applications: ${event.reason}`,
  }),
  'fence:held': (event) => ({ level: 'info', sentence: `the fence of ${where(event)} holds: ${event.reason}` }),
  'fence:unproved': (event) => ({
    level: 'warn',
    sentence: `whether the fence of ${where(event)} holds cannot be told: ${event.reason}`,
  }),
  'fence:unavailable': (event) => ({
    level: 'warn',
    sentence: `${where(event)} is a standby and cannot be fenced: ${event.reason}`,
  }),
  'gate:moved': ({ region, to, reason }) => ({ level: 'info', sentence: `the gate of ${region} is ${to}: ${reason}` }),
  'gate:found': ({ region, position }) => ({
    level: 'warn',
    sentence: `the gate of ${region} was found ${position}, and not by a doing of this agent`,
  }),
  'gate:failed': ({ reason }) => ({ level: 'error', sentence: reason }),
  'gate:warned': ({ reason }) => ({ level: 'error', sentence: reason }),
}

/** Logs every event of fences and gates. Returns what ends it. */
export function logFenceEvents(events: Events<SecurityEvents>, logger: Logger): () => void {
  return events.onAny((name, event) => {
    const { level, sentence } = (WORDING[name] as (event: SecurityEvents[typeof name]) => Line)(event)
    logger[level]({ event: name, ...event }, sentence)
  })
}
