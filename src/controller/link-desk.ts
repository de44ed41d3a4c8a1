import type { Journal } from '../authority/index.ts'
import { type FailoverGroupConfig, impliedLinkName, type LinkConfig } from '../config/index.ts'
import { type Clock, linkName, type LinkName, type RegionName } from '../core/index.ts'
import { failoverFaults, type GroupDocument } from '../failover/index.ts'
import { type LinkPause, type LinkPauses, replicationFaults } from '../replication/index.ts'

export interface LinkDeskOptions {
  readonly config: {
    readonly links: readonly Pick<LinkConfig, 'name' | 'target' | 'failoverGroup'>[]
    readonly failoverGroups: readonly Pick<FailoverGroupConfig, 'name' | 'regions'>[]
  }
  readonly pauses: Pick<LinkPauses, 'set'>
  /** Undefined where there is no failover group, and so no journal. */
  readonly control: { document(group: string): GroupDocument | undefined; readonly journal: JournalOfLinks } | undefined
  readonly clock: Pick<Clock, 'nowMs'>
}

type JournalOfLinks = Pick<Journal, 'append'>

interface KnownLink {
  readonly name: LinkName
  readonly target: RegionName
  readonly group: string | undefined
}

/** Takes what people ask of single links: any process with the same configuration can, whether it copies or not. */
export class LinkDesk {
  readonly #options: LinkDeskOptions
  readonly #links: ReadonlyMap<string, KnownLink>

  constructor(options: LinkDeskOptions) {
    this.#options = options
    const { links, failoverGroups } = options.config
    const declared = links
      .filter(({ failoverGroup }) => failoverGroup === null)
      .map(({ name, target }): KnownLink => ({ name, target, group: undefined }))
    // In either direction, whichever region is active: what is paused stays so over moves.
    const implied = failoverGroups.flatMap(({ name: group, regions }) =>
      regions.flatMap((source) =>
        regions
          .filter((target) => target !== source)
          .map((target): KnownLink => ({ name: linkName(impliedLinkName(group, source, target)), target, group })),
      ),
    )
    this.#links = new Map([...declared, ...implied].map((link) => [link.name, link]))
  }

  /** May be repeated. Faults: LINK_UNKNOWN, OPERATION_RUNNING, those of the journal, those of `Cluster`. */
  async pause(
    { link: name, by, reason }: { readonly link: string; readonly by: string; readonly reason: string },
    signal: AbortSignal,
  ): Promise<LinkPause> {
    const link = this.#find(name)
    const operation = link.group && this.#options.control?.document(link.group)?.operation
    if (operation) {
      const { kind, id, phase } = operation
      throw failoverFaults.fault('OPERATION_RUNNING', { kind, operation: id, group: link.group, phase })
    }
    const pause = { by, reason, since: new Date(this.#options.clock.nowMs()).toISOString() }
    await this.#tell(link, by, `pause link ${name}: ${reason}`, signal)
    await this.#options.pauses.set(link.target, link.name, pause, signal)
    return pause
  }

  /** May be repeated. Faults: LINK_UNKNOWN, those of the journal, those of `Cluster`. */
  async resume({ link: name, by }: { readonly link: string; readonly by: string }, signal: AbortSignal): Promise<void> {
    const link = this.#find(name)
    await this.#tell(link, by, `resume link ${name}`, signal)
    await this.#options.pauses.set(link.target, link.name, undefined, signal)
  }

  #find(name: string): KnownLink {
    const link = this.#links.get(name)
    if (link !== undefined) return link
    const links = [...this.#links.keys()].join(', ') || 'none'
    throw replicationFaults.fault('LINK_UNKNOWN', { link: name, links })
  }

  async #tell({ group }: KnownLink, actor: string, reason: string, signal: AbortSignal): Promise<void> {
    const about = group === undefined ? {} : { group }
    await this.#options.control?.journal.append({ actor, kind: 'request', facts: { reason }, ...about }, signal)
  }
}
