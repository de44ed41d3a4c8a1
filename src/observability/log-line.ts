import type { Logger } from 'pino'
import type { EventMap, Events } from '../core/index.ts'

export interface Line {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly sentence: string
}

/** A sentence for every event of a room; the compiler asks for a new one where an event is added. */
export type Wording<Map extends EventMap> = { readonly [Name in keyof Map]: (event: Map[Name]) => Line }

export const info = (sentence: string): Line => ({ level: 'info', sentence })
export const warn = (sentence: string): Line => ({ level: 'warn', sentence })
export const error = (sentence: string): Line => ({ level: 'error', sentence })

/** Logs every event with its facts. Returns what ends it. */
export function logEvents<Map extends EventMap>(
  events: Events<Map>,
  wording: Wording<Map>,
  logger: Logger,
): () => void {
  return events.onAny((name, event) => {
    const { level, sentence } = wording[name](event)
    logger[level]({ event: name, ...plain(event) }, sentence)
  })
}

/** JSON has no bigint. */
function plain(event: object): object {
  return Object.fromEntries(
    Object.entries(event).map(([key, value]) => [key, typeof value === 'bigint' ? value.toString() : value]),
  )
}
