import type { Clock, Events } from '../../core/index.ts'
import type { CredentialFiles } from '../../credentials/index.ts'
import { Authenticator } from './authenticator.ts'
import type { ApiEvents } from '../../observability/index.ts'
import { openTls, type ServerTls } from './server-tls.ts'
import type { ApiSettings } from './settings.ts'

/** What tells strangers from callers. */
export interface Door {
  readonly tls: ServerTls | undefined
  readonly authenticator: Authenticator
}

export interface DoorContext {
  readonly clock: Clock
  readonly events: Events<ApiEvents>
  readonly files: CredentialFiles
}

/** Reads every file once. @throws `CREDENTIALS_UNUSABLE` */
export async function openDoor(settings: ApiSettings, { clock, events, files }: DoorContext): Promise<Door> {
  const issuer = settings.oidc?.issuer ?? ''
  const onTrouble = (reason: string) => events.emit('api:issuer-unavailable', { issuer, reason })
  const tls = await openTls(settings, files)
  return { tls, authenticator: await Authenticator.open({ settings, files, clock, onTrouble }) }
}
