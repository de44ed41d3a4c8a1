import { join } from 'node:path'
import { FAST_COMPACTION } from '../copying.ts'
import { eventually, IsthmusProcess } from '../isthmus-process.ts'
import type { TrialContext } from '../trial.ts'
import { TrialFolder } from '../trial-folder.ts'
import { Apps, isCompacted, TOPICS } from './apps.ts'
import { GROUP, readGroup } from './control.ts'
import { Router } from './router.ts'
import { GROUP_PREFIX, TOPIC_PREFIX, type TrialRegion, TrialRegions } from './trial-regions.ts'

export interface StageOptions {
  readonly regions: number
  readonly isSecured: boolean
  /** Records a second of each writer. */
  readonly rate: number
  /** More keys of `failover`, in YAML's flow style. */
  readonly failover?: string
  /** More sections of the configuration, in YAML. */
  readonly more?: string
}

const NAMES = ['alpha', 'beta', 'gamma']
const START_LIMIT_MS = 60_000

/** A failover group of real regions with applications at work, and controllers that share one authority. */
export class FailoverStage implements AsyncDisposable {
  readonly folder: TrialFolder
  readonly regions: TrialRegions
  readonly apps: Apps
  /** Those that run now, in the order of their start. */
  readonly controllers: IsthmusProcess[] = []
  readonly router: Router
  readonly #stack: AsyncDisposableStack
  readonly #rest: string

  static async start(options: StageOptions, { signal, log }: TrialContext): Promise<FailoverStage> {
    await using stack = new AsyncDisposableStack()
    const folder = stack.use(new TrialFolder())
    const names = NAMES.slice(0, options.regions)
    const regions = stack.use(
      await TrialRegions.start({ names, isSecured: options.isSecured, folder: folder.path, signal }),
    )
    await createTopics(regions.get(names[0] ?? ''), signal)
    const apps = stack.use(
      await Apps.start({ folder: folder.file('apps'), regions: regions.all, rate: options.rate, signal, log }),
    )
    const rest = renderConfig(names, { ...options, authority: join(folder.path, 'authority.db') })
    return new FailoverStage({ folder, regions, apps, rest, stack: stack.move() })
  }

  private constructor(parts: {
    readonly folder: TrialFolder
    readonly regions: TrialRegions
    readonly apps: Apps
    readonly rest: string
    readonly stack: AsyncDisposableStack
  }) {
    this.folder = parts.folder
    this.regions = parts.regions
    this.apps = parts.apps
    this.#rest = parts.rest
    this.#stack = parts.stack
    this.router = this.#stack.use(new Router(this.apps, () => this.controllers.filter(({ isRunning }) => isRunning)))
  }

  get home(): TrialRegion {
    const [home] = this.regions.all
    if (home === undefined) throw new Error('a stage has regions')
    return home
  }

  get authorityFile(): string {
    return join(this.folder.path, 'authority.db')
  }

  async startController(): Promise<IsthmusProcess> {
    const regions = this.regions.all.map(({ entry }) => entry)
    const controller = await IsthmusProcess.start({ regions, rest: this.#rest })
    this.controllers.push(controller)
    this.#stack.use(controller)
    return controller
  }

  /** The first controller runs, and applications write where it says. */
  async begin(signal: AbortSignal): Promise<IsthmusProcess> {
    this.apps.ordered(this.home.name)
    const controller = await this.startController()
    const look = async () => {
      if (!controller.isRunning) throw new Error(`isthmus ended: ${controller.log.slice(-8).join('\n')}`)
      return (await readGroup(controller)) === undefined ? undefined : true
    }
    await eventually('the group is led', look, { limitMs: START_LIMIT_MS, signal })
    return controller
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync()
  }
}

function renderConfig(
  names: readonly string[],
  { failover, more, authority }: StageOptions & { readonly authority: string },
): string {
  const timings = ['cooldownSeconds: 0', 'groupGraceSeconds: 1', 'evictSeconds: 20', ...(failover ? [failover] : [])]
  return [
    'failoverGroups:',
    `  - name: ${GROUP}`,
    `    regions: [${names.join(', ')}]`,
    `    topics: { include: ["${TOPIC_PREFIX}*"] }`,
    `    consumerGroups: { include: ["${GROUP_PREFIX}*"] }`,
    `    failover: { ${timings.join(', ')} }`,
    `authority: { path: "${authority}", leaseSeconds: 3 }`,
    ...(more === undefined ? [] : [more]),
  ].join('\n')
}

export async function createTopics({ admin }: TrialRegion, signal: AbortSignal): Promise<void> {
  const compact = Object.fromEntries(FAST_COMPACTION.split(';').map((pair) => pair.split('=') as [string, string]))
  const topics = Object.values(TOPICS).map(({ name: topic, partitions }) => {
    const configs = isCompacted(topic) ? { ...compact, 'segment.ms': '2000' } : {}
    return { topic, partitions, replicationFactor: 1, configs }
  })
  const refused = (await admin.createTopics(topics, signal)).find(({ errorCode }) => errorCode !== 0)
  if (refused !== undefined) throw new Error(`topic ${refused.topic}: ${refused.errorCode} ${refused.message}`)
}
