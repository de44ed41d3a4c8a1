/** One broker of a local region, whatever runs it. Calls on one broker must not overlap. */
export interface LocalBroker {
  readonly nodeId: number
  readonly logFile: string
  /** Formats the storage on the first start, then starts and waits until clients can use the broker. */
  start(signal: AbortSignal): Promise<void>
  /** `hard` is SIGKILL; otherwise the broker hands its leaderships over and closes its log cleanly. */
  stop(options: { readonly hard: boolean }): Promise<void>
  /** Freezes the broker: connections stay open, nothing is answered. */
  pause(): Promise<void>
  resume(): Promise<void>
  /** Kills the broker and deletes its data. The log file stays. */
  remove(): Promise<void>
}

/** Bound on one start, format included. A start takes 2 to 4 s on an idle machine; a busy one may need much longer. */
export const START_DEADLINE_MS = 120_000
/** An orderly stop that takes longer than this becomes a hard one. */
export const STOP_DEADLINE_MS = 30_000

/** Settings of Java's own security, where old TLS is asked for. */
export const OLD_TLS_FILE = 'java.security'

/**
 * Serial collector and first-tier compiler: a broker starts twice as fast and takes half of the memory.
 * `oldTlsFile`: path of the file, where there is one.
 */
export function jvmFlags(heapMb: number, oldTlsFile?: string): string[] {
  return [
    ...(oldTlsFile === undefined ? [] : [`-Djava.security.properties=${oldTlsFile}`]),
    `-Xms64m`,
    `-Xmx${heapMb}m`,
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    '-Xshare:auto',
    '-Djava.awt.headless=true',
  ]
}
