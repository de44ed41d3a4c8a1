import type { AutomaticBody, FailoverGroupBody } from '../../../src/api/contract/index.ts'
import { EtcdServer } from '../authority/etcd-server.ts'
import { GROUP, readGroup, untilPlanned } from '../failover-trial/control.ts'
import { TOPICS } from '../failover-trial/apps.ts'
import { GROUP_PREFIX, TOPIC_PREFIX, type TrialRegion, TrialRegions } from '../failover-trial/trial-regions.ts'
import { eventually, IsthmusProcess } from '../isthmus-process.ts'
import type { TrialContext } from '../trial.ts'
import { TrialFolder } from '../trial-folder.ts'
import { PathProxy } from './path-proxy.ts'
import { Prober } from './prober.ts'

/** Where a process of Isthmus stands, and what it does there. `out` stands in none of the regions, with the authority. */
export interface Post {
  readonly name: string
  readonly region?: string
  readonly role: 'all' | 'controller' | 'agent'
}

export interface Terms {
  readonly mode: 'manual' | 'automatic'
  /** Of automatic mode, through the variable that only trials set. */
  readonly dwellSeconds?: number
  /** Who runs the fence command of the active region. @defaultValue controller */
  readonly runs?: 'controller' | 'agent'
}

export const [ACTIVE, STANDBY] = ['alpha', 'beta'] as const
/** The first one leads. */
export const CONTROLLERS: readonly Post[] = [
  { name: 'out', role: 'controller' },
  { name: 'alpha', region: ACTIVE, role: 'all' },
  { name: 'beta', region: STANDBY, role: 'all' },
]
/** With an agent beside the active region instead of a controller. */
export const WITH_AGENT: readonly Post[] = CONTROLLERS.map((post) =>
  post.name === 'alpha' ? { ...post, role: 'agent' } : post,
)

const DWELL = 'ISTHMUS_TEST_ONLY_DWELL_SECONDS'
const READY_MS = 120_000
const HEALTH =
  'everySeconds: 0.5, timeoutSeconds: 1, downAfterSeconds: 3, writesDownAfterSeconds: 6, reportStaleSeconds: 4, ' +
  'doubtSeconds: 4, stallSeconds: 2, recoverAfterSeconds: 2, canarySlowSeconds: 0.9, vantagePoints: 3'

/** Two regions, an authority at a third place, and a way of its own from each process to each of them. */
export class PartitionStage implements AsyncDisposable {
  readonly regions: TrialRegions
  readonly prober: Prober
  readonly posts = new Map<string, { readonly post: Post; readonly isthmus: IsthmusProcess }>()
  readonly #etcd: EtcdServer
  readonly #stack: AsyncDisposableStack
  /** By process, then by what it leads to. */
  readonly #paths = new Map<string, ReadonlyMap<string, PathProxy>>()

  static async start({ signal }: TrialContext): Promise<PartitionStage> {
    await using stack = new AsyncDisposableStack()
    const folder = stack.use(new TrialFolder())
    const names = [ACTIVE, STANDBY]
    const [regions, etcd] = await Promise.all([
      TrialRegions.start({ names, isSecured: false, folder: folder.path, signal }),
      EtcdServer.start(),
    ])
    stack.use(regions)
    stack.use(etcd)
    const topics = [TOPICS.probe, TOPICS.plain].map(({ name: topic, partitions }) => {
      return { topic, partitions, replicationFactor: 1, configs: {} }
    })
    await regions.get(ACTIVE).admin.createTopics(topics, signal)
    const probed = regions.all.map(({ name, kafka }) => ({ name, brokers: kafka.brokers as string[] }))
    const prober = stack.use(new Prober(probed, TOPICS.probe.name))
    return new PartitionStage(regions, etcd, prober, stack.move())
  }

  private constructor(regions: TrialRegions, etcd: EtcdServer, prober: Prober, stack: AsyncDisposableStack) {
    this.regions = regions
    this.prober = prober
    this.#etcd = etcd
    this.#stack = stack
  }

  get control() {
    const { control } = this.regions.get(ACTIVE)
    if (control === undefined) throw new Error('plain regions have programs to close them')
    return control
  }

  process(name: string): IsthmusProcess {
    const found = this.posts.get(name)
    if (found === undefined) throw new Error(`no process ${name}`)
    return found.isthmus
  }

  /** Ends the processes that run, and starts others; returns when a move would be possible. */
  async launch(posts: readonly Post[], terms: Terms, signal: AbortSignal): Promise<void> {
    await Promise.all([...this.posts.values()].map(({ isthmus }) => isthmus.terminate()))
    this.posts.clear()
    for (const post of posts) {
      const isthmus = this.#stack.use(await this.#start(post, terms))
      this.posts.set(post.name, { post, isthmus })
      if (this.posts.size === 1) await eventually('it leads', () => this.#leads(isthmus), { limitMs: READY_MS, signal })
    }
    const [first] = posts
    const to = this.regions.get(STANDBY)
    const isFenced = () => Promise.resolve(to.gate?.isOpen === false ? true : undefined)
    await eventually('the standby is fenced', isFenced, { limitMs: READY_MS, signal })
    await untilPlanned(
      this.process(first?.name ?? ''),
      { kind: 'switchover', to: STANDBY },
      { limitMs: READY_MS, signal },
    )
    const votes = async () => ((await this.automatic())?.votes.length === posts.length ? true : undefined)
    await eventually('every vantage point is heard', votes, { limitMs: READY_MS, signal })
  }

  /** The way of a process; `to` is a region or `etcd`. */
  path(process: string, to: string): PathProxy {
    const found = this.#paths.get(process)?.get(to)
    if (found === undefined) throw new Error(`${process} has no way to ${to}`)
    return found
  }

  /** Between the sites of two regions: of the processes in each of them to the other. */
  cutBetween(how?: Parameters<PathProxy['cut']>[0]): void {
    for (const { post } of this.posts.values()) {
      if (post.region !== undefined) this.path(post.name, post.region === ACTIVE ? STANDBY : ACTIVE).cut(how)
    }
  }

  /** The brokers of a region are reached by nobody outside of it; `isSite`: nor does anybody in it reach anything else. */
  isolate(region: string, { isSite }: { readonly isSite: boolean }): void {
    for (const { post } of this.posts.values()) {
      const isInside = post.region === region
      if (!isInside || !isSite) this.path(post.name, region).cut()
      if (isInside && isSite)
        for (const to of [ACTIVE, STANDBY, 'etcd']) if (to !== region) this.path(post.name, to).cut()
    }
  }

  mend(): void {
    for (const paths of this.#paths.values()) for (const path of paths.values()) path.mend()
  }

  /** As the first process that answers has it. */
  async group(): Promise<FailoverGroupBody | undefined> {
    for (const { post, isthmus } of this.posts.values()) {
      const body = post.role === 'agent' ? undefined : await readGroup(isthmus)
      if (body !== undefined) return body
    }
    return undefined
  }

  async automatic(): Promise<AutomaticBody | undefined> {
    return (await this.group())?.automatic ?? undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.mend()
    await this.#stack.disposeAsync()
  }

  async #leads({ apiUrl }: IsthmusProcess): Promise<true | undefined> {
    const metrics = await fetch(`${apiUrl}/metrics`).catch(() => undefined)
    return (await metrics?.text())?.includes('isthmus_controller_leads 1') === true ? true : undefined
  }

  async #start({ name, region, role }: Post, terms: Terms): Promise<IsthmusProcess> {
    const paths = await this.#pathsOf(name)
    const regions = this.regions.all.map((one) => ({
      name: one.name,
      bootstrap: [`127.0.0.1:${paths.get(one.name)?.port}`],
      access: this.control.fenceBy(one.name === ACTIVE ? (terms.runs ?? 'controller') : 'controller'),
    }))
    const standsIn = region === undefined ? '' : `, standsIn: ${region}`
    const rest = [
      'failoverGroups:',
      `  - name: ${GROUP}`,
      `    regions: [${ACTIVE}, ${STANDBY}]`,
      `    topics: { include: ["${TOPIC_PREFIX}*"] }`,
      `    consumerGroups: { include: ["${GROUP_PREFIX}*"] }`,
      '    objectives: { rpoSeconds: 10 }',
      `    failover: { mode: ${terms.mode}, cooldownSeconds: 5, groupGraceSeconds: 1, evictSeconds: 5, fenceCheckSeconds: 1 }`,
      `authority: { kind: etcd, endpoints: ["http://127.0.0.1:${paths.get('etcd')?.port}"], leaseSeconds: 3 }`,
      `health: { ${HEALTH}, vantage: ${name}${standsIn} }`,
    ].join('\n')
    const env: Record<string, string> = terms.dwellSeconds === undefined ? {} : { [DWELL]: String(terms.dwellSeconds) }
    return await IsthmusProcess.start({ regions, rest, role, env, ...(region !== undefined && { region }) })
  }

  async #pathsOf(process: string): Promise<ReadonlyMap<string, PathProxy>> {
    const known = this.#paths.get(process)
    if (known !== undefined) return known
    const etcdPort = Number(new URL(this.#etcd.endpoints[0] ?? '').port)
    const entries: [string, PathProxy][] = [['etcd', await PathProxy.start({ targetPort: etcdPort })]]
    for (const region of this.regions.all) entries.push([region.name, await PathProxy.start(waysTo(region))])
    for (const [, path] of entries) this.#stack.use(path)
    const paths = new Map(entries)
    this.#paths.set(process, paths)
    return paths
  }
}

function waysTo({ region, kafka }: TrialRegion) {
  const portOf = (address: string | undefined) => Number(address?.split(':')[1])
  return { targetPort: portOf(region.bootstrap[0]), advertisedPort: portOf((kafka.brokers as string[])[0]) }
}
