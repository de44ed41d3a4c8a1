/** Credentials that come from files, and count as the files stand. */
export { CredentialFiles, type CredentialStatus } from './credential-files.ts'
export type { CredentialEvents } from './events.ts'
export type { Followed } from './followed.ts'
export { Material, type MaterialOptions } from './material.ts'
export { Secret } from './secret.ts'
export { type TokenEndpoint, TokenSource } from './token-source.ts'
export { checkPem } from './tell-versions.ts'
