import { type Config, ConfigFollower, notificationTargetOf } from './config/index.ts'
import type { Control, Role } from './controller/index.ts'
import type { Clock, Events } from './core/index.ts'
import type { CredentialFiles } from './credentials/index.ts'
import type { ConfigEvents, Delivery } from './observability/index.ts'
import type { Replicator } from './replication/index.ts'
import { declaredLinks } from './replicator-work.ts'

/** The configuration file of a process. */
export interface FollowedFile {
  readonly path: string
  /** What it held when the process read it. */
  readonly text: string
  /** What the arguments of the process make of a configuration. */
  readonly prepare: (config: Config) => Config
}

export interface LiveConfigOptions {
  /** What the process was started with. */
  readonly config: Config
  readonly file: FollowedFile
  readonly role: Role
  readonly replicator: Pick<Replicator, 'declareLinks'>
  readonly control: Pick<Control, 'busy' | 'reconfigure'> | undefined
  readonly delivery: Pick<Delivery, 'retarget'>
  readonly files: Pick<CredentialFiles, 'replace'>
  readonly events: Events<ConfigEvents>
  readonly clock: Clock
  /** Told what counts from now on. */
  readonly onChange: (config: Config) => void
}

/** Files that a changed configuration may name others of. */
const MOVABLE_FILES = /^(notifications|failoverGroups)\b/

/** What stopping the links that have changed may take. */
const STOP_LINKS_MS = 20_000

/** Has the parts of a running process go on with what is safe to change in its configuration; see `config/changes.ts`. */
export function followConfig(options: LiveConfigOptions): ConfigFollower {
  const { config: first, file, role, replicator, control, delivery, files, events, clock, onChange } = options
  return new ConfigFollower({
    file: file.path,
    text: file.text,
    clock,
    events,
    hold: () => control?.busy(),
    async apply(changed, keys, signal) {
      // Whom the process speaks to stays what it is, with the credentials that are followed already.
      const { regions, authority, api } = first
      const config = { ...file.prepare(changed), regions, authority, api }
      const isMovable = (name: string) => MOVABLE_FILES.test(name)
      await files.replace(
        isMovable,
        config.materials.filter(({ name }) => isMovable(name)),
      )
      const has = (part: string) => keys.some((key) => key.startsWith(part))
      if (has('links')) {
        await replicator.declareLinks(declaredLinks(config, role), AbortSignal.any([signal, within(clock)]))
      }
      if (has('failoverGroups')) await control?.reconfigure(config)
      if (has('notifications')) await delivery.retarget(config.notifications.map(notificationTargetOf))
      onChange(config)
    },
  })
}

function within(clock: Clock): AbortSignal {
  const late = new AbortController()
  clock.setTimer(STOP_LINKS_MS, () => late.abort(new Error('the links did not stop in time')), { keepAlive: false })
  return late.signal
}
