/** What is told of files that hold credentials, never what is in them. */
export type CredentialEvents = {
  /** They have changed, and count from now on. */
  'credentials:taken': { readonly name: string; readonly files: readonly string[]; readonly version: string }
  /** They have changed to something that cannot be used: what was read before goes on, where `keeps`. */
  'credentials:refused': {
    readonly name: string
    readonly files: readonly string[]
    readonly reason: string
    readonly keeps: boolean
  }
}
