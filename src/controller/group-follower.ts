import type { Config } from '../config/index.ts'
import type { Clock, Events } from '../core/index.ts'
import type { FailoverEvents } from '../failover/index.ts'
import type { Replicator } from '../replication/index.ts'
import type { GroupDocuments } from './group-documents.ts'
import { GroupLinks } from './group-links.ts'
import { linkOfGroup } from './link-specs.ts'

export interface GroupFollowerOptions {
  readonly config: Pick<Config, 'failoverGroups' | 'links'>
  readonly documents: GroupDocuments
  readonly replicator: Pick<Replicator, 'addLink' | 'stopLink' | 'links'>
  readonly events: Events<FailoverEvents>
  readonly clock: Clock
}

/** Has a process that copies follow the documents of all its failover groups. */
export class GroupFollower {
  readonly #links: ReadonlyMap<string, GroupLinks>
  readonly #documents: GroupDocuments
  #stopListening: () => void = () => undefined

  constructor({ config, documents, replicator, events, clock }: GroupFollowerOptions) {
    this.#links = new Map(
      config.failoverGroups.map(({ name: group, regions }) => {
        const linkOf = linkOfGroup(group, config.links)
        const onError = (error: unknown) => events.emit('failover:error', { group, what: 'links', error })
        return [group, new GroupLinks({ group, regions, replicator, linkOf, clock, onError })]
      }),
    )
    this.#documents = documents
  }

  start(): void {
    this.#stopListening = this.#documents.listen({
      changed: (document) => this.#links.get(document.group)?.follow(document),
      unreadable: (group, reason) => this.#links.get(group)?.halt(reason),
    })
    for (const [group, links] of this.#links) {
      const document = this.#documents.get(group)
      if (document !== undefined) links.follow(document)
    }
    for (const links of this.#links.values()) links.start()
  }

  async stop(): Promise<void> {
    this.#stopListening()
    await Promise.all([...this.#links.values()].map((links) => links.stop()))
  }
}
