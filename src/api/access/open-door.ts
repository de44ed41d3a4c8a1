import type { Clock, Events } from '../../core/index.ts'
import { Authenticator } from './authenticator.ts'
import type { ApiEvents } from '../../observability/index.ts'
import { FollowedFiles } from './followed-files.ts'
import { openTls, type ServerTls } from './server-tls.ts'
import type { ApiSettings } from './settings.ts'

/** What tells strangers from callers, and the files it does so by. */
export interface Door {
  readonly tls: ServerTls | undefined
  readonly authenticator: Authenticator
  readonly files: FollowedFiles
}

/** Reads every file once. @throws `API_FILES_UNUSABLE` */
export async function openDoor(settings: ApiSettings, clock: Clock, events: Events<ApiEvents>): Promise<Door> {
  const files = new FollowedFiles({
    clock,
    onTaken: (taken) => events.emit('api:files-taken', { files: taken }),
    onRefused: (refused, reason) => events.emit('api:files-refused', { files: refused, reason }),
  })
  const issuer = settings.oidc?.issuer ?? ''
  const onTrouble = (reason: string) => events.emit('api:issuer-unavailable', { issuer, reason })
  const tls = await openTls(settings, files)
  return { tls, files, authenticator: await Authenticator.open({ settings, files, clock, onTrouble }) }
}
