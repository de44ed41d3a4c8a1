/**
 * FailoverGroup objects, which show what the leader knows, and FailoverOperation objects, which ask for moves and drills.
 *
 * An API server that is away holds nothing up: moves go on, and are shown once it is back. Only the leader shows and takes
 * anything; what another one does at the same moment meets it in resource versions and ids.
 */
import { type Clock, describeError, pause, type Random } from '../../core/index.ts'
import type { DrillSummary, GroupDocument } from '../../failover/index.ts'
import { type KubernetesAccess, KubernetesClient } from '../../kubernetes/index.ts'
import { DeletedObjects } from './deleted-objects.ts'
import { GroupLags, type GroupLagsOptions } from './group-lags.ts'
import { GroupObjects } from './group-objects.ts'
import { ObjectEvents } from './object-events.ts'
import type { ObjectsGroup } from './objects-group.ts'
import { OperationObjects } from './operation-objects.ts'

export interface FailoverObjectsOptions {
  readonly access: KubernetesAccess
  /** Of this process, in the events. */
  readonly name: string
  /** Those that people move; groups of drills are neither shown nor moved. */
  readonly groups: ReadonlyMap<string, ObjectsGroup>
  readonly document: (group: string) => GroupDocument | undefined
  readonly missingOf: GroupLagsOptions['missingOf']
  readonly drills: () => readonly DrillSummary[]
  /** Why this process does not act now; undefined where it leads. */
  readonly hold: () => string | undefined
  readonly clock: Clock
  readonly random: Random
  /** The same trouble is told once, until another one comes or the pass works again. */
  readonly onError: (what: string, error: unknown) => void
}

const EVERY_MS = 1_000

export class FailoverObjects {
  readonly #options: FailoverObjectsOptions
  readonly #client: KubernetesClient
  readonly #lags: GroupLags
  readonly #groups: GroupObjects
  readonly #operations: OperationObjects
  readonly #deleted: DeletedObjects
  readonly #told = new Map<string, string>()
  readonly #stopping = new AbortController()
  #running: Promise<unknown> | undefined

  constructor(options: FailoverObjectsOptions) {
    const { access, groups, document, drills, missingOf, hold, clock } = options
    this.#options = options
    this.#client = new KubernetesClient(access, options)
    const client = this.#client
    const names = [...groups.keys()]
    const events = this.#quiet(new ObjectEvents({ client, name: options.name, clock }))
    const isNeeded = () => hold() === undefined
    const onError = (error: unknown) => this.#tell('lag', error)
    this.#lags = new GroupLags({ groups: names, document, missingOf, isNeeded, clock, onError })
    const lagOf = (group: string) => this.#lags.of(group)
    this.#groups = new GroupObjects({ client, groups: names, document, drills, lagOf, events, clock })
    const tell = (what: string, error: unknown) => this.#tell(what, error)
    this.#operations = new OperationObjects({ client, groups, events, clock, onError: tell })
    this.#deleted = new DeletedObjects({ client, groups, document })
  }

  start(): void {
    const { signal } = this.#stopping
    this.#running ??= Promise.all([
      this.#lags.follow(signal),
      this.#repeat('FailoverGroup objects', () => this.#groups.show(signal)),
      this.#repeat('FailoverOperation objects', () => this.#operations.take(signal)),
      this.#repeat('deleted FailoverOperation objects', () => this.#deleted.abort(signal)),
    ])
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('stopping'))
    await this.#running
    await this.#client.close()
  }

  async #repeat(what: string, pass: () => Promise<void>): Promise<void> {
    const { clock, hold } = this.#options
    const { signal } = this.#stopping
    while (!signal.aborted) {
      try {
        if (hold() === undefined) {
          await pass()
          this.#told.delete(what)
        }
      } catch (error) {
        this.#tell(what, error)
      }
      await pause(clock, EVERY_MS, signal)
    }
  }

  /** Events are told as far as that is possible. */
  #quiet(events: ObjectEvents): Pick<ObjectEvents, 'tell'> {
    return {
      tell: async (...what) => {
        try {
          await events.tell(...what)
        } catch (error) {
          this.#tell('events', error)
        }
      },
    }
  }

  #tell(what: string, error: unknown): void {
    const reason = describeError(error)
    if (this.#stopping.signal.aborted || this.#told.get(what) === reason) return
    this.#told.set(what, reason)
    this.#options.onError(what, error)
  }
}
