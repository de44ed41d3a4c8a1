import type { AclEntry, SecurityRightsBody } from '../api/contract/index.ts'
import type { ExitCode } from './exit-codes.ts'

/** The commands that are the process itself instead of a client of it; `main.ts` passes them in. */
export interface ProcessVerbs {
  run(options: RunOptions, signal: AbortSignal): Promise<ExitCode>
  check(options: { readonly config: string; readonly online: boolean }, signal: AbortSignal): Promise<CheckReport>
  /** Starts a new authority from the copies in the regions, or says what it would be. */
  restore(options: RestoreVerb, signal: AbortSignal): Promise<RestoreReport>
  /** Takes down what an operation has fenced, by what the regions have on record. */
  unfence(options: UnfenceVerb, signal: AbortSignal): Promise<UnfenceReport>
  /** A configuration of that of MirrorMaker 2. */
  importMm2(file: string): Promise<ImportReport>
  /** What Isthmus needs in each region, by the configuration alone. */
  rights(options: { readonly config: string; readonly role: RunOptions['role'] }): Promise<SecurityRightsBody>
  /** Puts up what Isthmus needs, as administrators of the regions, or says what it would be. */
  grant(options: GrantVerb, signal: AbortSignal): Promise<GrantReport>
  /** A token for the API, and the hash of it that the configuration takes. */
  createToken(): Promise<{ readonly token: string; readonly hash: string }>
  /** Undefined where this build has no demo: the command is left out then. */
  readonly demo: ((args: readonly string[], signal: AbortSignal) => Promise<number>) | undefined
}

/** As in pino. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
type LogLevel = (typeof LOG_LEVELS)[number]

export interface RunOptions {
  readonly config: string
  readonly role: 'all' | 'controller' | 'replicator' | 'agent'
  /** Where it stands. @defaultValue `health.standsIn` of the configuration */
  readonly region?: string
  readonly logLevel: LogLevel
}

export interface CheckReport {
  readonly ok: boolean
  readonly file: string
  readonly regionCount: number
  readonly linkCount: number
  /** Each a line, such as `line 5: regions[1].bootstrap: empty; give at least one host:port`. */
  readonly errors: readonly string[]
  readonly warnings: readonly string[]
  /** Empty unless online. */
  readonly regions: readonly {
    readonly region: string
    readonly ok: boolean
    readonly finding: string
    readonly remedy: string
  }[]
}

export interface ImportReport {
  /** What was read. */
  readonly file: string
  /** The text of the configuration. */
  readonly config: string
  readonly differences: readonly {
    /** `file`: one is to be made. `decide`: look at it before the first start. */
    readonly kind: 'same' | 'differs' | 'decide' | 'file'
    readonly key: string
    /** Null where it is not set, and where it may be a secret. */
    readonly value: string | null
    readonly line: number | null
    readonly isthmus: string
    readonly todo: string
  }[]
}

export interface GrantVerb {
  readonly config: string
  /** By region, a properties file that Kafka's own tools take as `--command-config`. Others are left alone. */
  readonly admins: ReadonlyMap<string, string>
  /** Without what is optional. */
  readonly isOnlyNeeded: boolean
  readonly isDryRun: boolean
}

export interface GrantReport {
  readonly state: 'planned' | 'granted'
  readonly regions: readonly {
    readonly region: string
    /** Who logged in there. */
    readonly by: string
    /** To be made, or made. */
    readonly users: readonly { readonly user: string; readonly mechanism: string; readonly iterations: number }[]
    readonly entries: readonly AclEntry[]
    /** Entries that were there already. */
    readonly standing: number
  }[]
}

export interface UnfenceVerb {
  readonly config: string
  readonly operation: string
  readonly by: string
  /** @defaultValue every region of a failover group */
  readonly region?: string
}

export interface UnfenceReport {
  readonly operation: string
  readonly regions: readonly {
    readonly region: string
    readonly state: 'lifted' | 'none' | 'unreachable' | 'failed'
    /** Fences on record. */
    readonly found: number
    readonly removed: number
    /** Entries that stay, because another fence claims them or they stood there before. */
    readonly kept: number
    readonly reason: string | null
  }[]
}

export interface RestoreVerb {
  readonly config: string
  /** The region whose copies have to be there. */
  readonly from: string
  readonly reason: string
  /** Who asks. */
  readonly by: string
  readonly isDryRun: boolean
}

export interface RestoreReport {
  readonly state: 'planned' | 'restored'
  /** The new authority, such as `sqlite /var/lib/isthmus/isthmus.db`. */
  readonly where: string
  readonly from: string
  readonly generation: number
  readonly documents: readonly {
    readonly key: string
    /** Whose copy it is. */
    readonly region: string
    readonly generation: number
    readonly epoch: number
  }[]
  /** Regions that gave nothing. */
  readonly unread: readonly { readonly region: string; readonly reason: string }[]
  /** Where the journal goes on. */
  readonly journal: { readonly number: number; readonly hash: string }
}
