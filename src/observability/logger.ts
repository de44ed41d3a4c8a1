import { type DestinationStream, type LevelWithSilent, type Logger, pino } from 'pino'
import { describeError, isFault } from '../core/index.ts'

export type LogLevel = LevelWithSilent

/** Keys whose values never reach a log, at the top and one and two levels below it. */
const SECRET_KEYS = ['password', 'secret', 'token', 'authorization', 'cookie', 'key', 'cert']

export interface LoggerOptions {
  readonly level: LogLevel
  /** Where the lines go. @defaultValue standard output */
  readonly destination?: DestinationStream
  /** Milliseconds since 1970, for the time of a line. */
  readonly nowMs: () => number
}

/** One JSON object a line: `time`, `level`, `msg` (a sentence in lower case) and fields. */
export function createLogger({ level, destination, nowMs }: LoggerOptions): Logger {
  const options = {
    level,
    base: null,
    messageKey: 'msg',
    timestamp: () => `,"time":"${new Date(nowMs()).toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: describeFailure, error: describeFailure },
    redact: { paths: SECRET_KEYS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]), censor: '[redacted]' },
  }
  return destination === undefined ? pino(options) : pino(options, destination)
}

/** A fault by its code and remedy, a defect with its stack. */
function describeFailure(error: unknown): object {
  // The message of a fault says its cause; the chain would say it again.
  if (isFault(error)) return { code: error.code, message: error.message, remedy: error.remedy }
  const message = describeError(error)
  return error instanceof Error ? { message, stack: error.stack } : { message }
}
