/** What becomes of the configuration file while a process runs. */
export type ConfigEvents = {
  /** These keys count from now on as the file says. */
  'config:applied': { readonly file: string; readonly keys: readonly string[] }
  /** These keys have changed too, and count only after a restart; empty where the file is again what counts. */
  'config:restart-needed': { readonly file: string; readonly keys: readonly string[] }
  /** The file cannot be used as it stands: nothing has changed. */
  'config:refused': { readonly file: string; readonly reason: string }
  /** A change waits. */
  'config:held': { readonly file: string; readonly keys: readonly string[]; readonly reason: string }
  /** What was begun is tried again. */
  'config:failed': { readonly file: string; readonly keys: readonly string[]; readonly error: unknown }
}

/** The configuration file of a process, as it was last looked at. */
export interface ConfigStatus {
  readonly file: string
  /** When what counts now was read. */
  readonly appliedAtMs: number
  /** Keys that have changed and count only after a restart. */
  readonly restartKeys: readonly string[]
  /** Why the file as it stands is not used; null where it is. */
  readonly refused: string | null
  /** What a change waits for; null where none does. */
  readonly held: string | null
}
