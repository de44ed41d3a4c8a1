type Role = 'viewer' | 'operator' | 'admin'

/** A call that changes something, or one that was refused. Never what else was in it: there may be secrets. */
export interface ApiCall {
  /** As the journal names who it was, `nobody` without credentials. */
  readonly caller: string
  readonly role: Role | null
  /** Address it came from. */
  readonly from: string
  readonly method: string
  /** Without the query. */
  readonly path: string
  /** HTTP status it was answered with. */
  readonly status: number
  /** Code of the fault, where there was one. */
  readonly fault: string | null
  /** Why, in the words of whoever called. */
  readonly reason: string | null
  /** Who the body named, where the credentials say something else. */
  readonly claim: string | null
  /** Id of the request. */
  readonly request: string
}

/** What the API tells the rest. */
export type ApiEvents = {
  /** The API is open for requests: to whom. */
  'api:opened': {
    readonly address: string
    readonly isTls: boolean
    readonly isLocal: boolean
    readonly anonymous: Role | 'none'
    /** Whether anybody can log in. */
    readonly hasLogins: boolean
  }
  'api:called': ApiCall
  /** Refused for want of credentials or of a role, or because there were too many. */
  'api:refused': ApiCall & {
    /** False where so many came that this one is not put on record. */
    readonly isRecorded: boolean
    /** Those before it that were not. */
    readonly leftOut: number
  }
  /** The call was carried out, and is in the log alone. */
  'api:audit-failed': ApiCall & { readonly error: unknown }
  'api:issuer-unavailable': { readonly issuer: string; readonly reason: string }
}
