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
  /** Of the region that is active first. @defaultValue 1 */
  readonly homeBrokers?: 1 | 3
  /** Records a second of each writer. */
  readonly rate: number
  /** More keys of `failover`, in YAML's flow style. */
  readonly failover?: string
  /** @defaultValue 3 */
  readonly leaseSeconds?: number
  /** More keys of `authority`, in YAML's flow style. */
  readonly authorityKeys?: string
  /** Whether it has a canary group, for drills. @defaultValue false */
  readonly canary?: boolean
  /** More sections of the configuration, in YAML. */
  readonly more?: string
}

const NAMES = ['alpha', 'beta', 'gamma']
const START_LIMIT_MS = 120_000

/** A failover group of real regions with applications at work, and controllers that share one authority. */
export class FailoverStage implements AsyncDisposable {
  readonly folder: TrialFolder
  readonly regions: TrialRegions
  readonly homeBrokers: number
  /** Those that run now, in the order of their start. */
  readonly controllers: IsthmusProcess[] = []
  readonly #stack: AsyncDisposableStack
  readonly #restOf: (authority: string) => string
  readonly #startApps: () => Promise<Apps>
  #apps: Apps | undefined

  static async start(options: StageOptions, { signal, log }: TrialContext): Promise<FailoverStage> {
    await using stack = new AsyncDisposableStack()
    const folder = stack.use(new TrialFolder())
    const names = NAMES.slice(0, options.regions)
    const { isSecured, homeBrokers = 1 } = options
    const regions = stack.use(await TrialRegions.start({ names, isSecured, homeBrokers, folder: folder.path, signal }))
    const { fresh: _later, ...first } = TOPICS
    const home = { region: regions.get(names[0] ?? ''), replicationFactor: homeBrokers }
    await createTopics(home, Object.values(first), signal)
    const startApps = () =>
      Apps.start({ folder: folder.file('apps'), regions: regions.all, rate: options.rate, signal, log })
    const restOf = (authority: string) => renderConfig(names, { ...options, authority })
    return new FailoverStage({ folder, regions, homeBrokers, startApps, restOf, stack: stack.move() })
  }

  private constructor(parts: {
    readonly folder: TrialFolder
    readonly regions: TrialRegions
    readonly homeBrokers: number
    readonly startApps: () => Promise<Apps>
    readonly restOf: (authority: string) => string
    readonly stack: AsyncDisposableStack
  }) {
    this.folder = parts.folder
    this.regions = parts.regions
    this.homeBrokers = parts.homeBrokers
    this.#startApps = parts.startApps
    this.#restOf = parts.restOf
    this.#stack = parts.stack
  }

  get apps(): Apps {
    if (this.#apps === undefined) throw new Error('the stage has not begun')
    return this.#apps
  }

  get home(): TrialRegion {
    const [home] = this.regions.all
    if (home === undefined) throw new Error('a stage has regions')
    return home
  }

  get authorityFile(): string {
    return join(this.folder.path, 'authority.db')
  }

  /** `authority`: the file of another one than all share. */
  async startController(authority = this.authorityFile): Promise<IsthmusProcess> {
    const regions = this.regions.all.map(({ entry }) => entry)
    const controller = await IsthmusProcess.start({ regions, rest: this.#restOf(authority) })
    this.controllers.push(controller)
    this.#stack.use(controller)
    return controller
  }

  /** Beside the region, as the same vantage point each time. */
  async startAgent(region: string): Promise<IsthmusProcess> {
    const regions = this.regions.all.map(({ name, entry, agentEntry }) => (name === region ? agentEntry : entry))
    const rest = `${this.#restOf(this.authorityFile)}\nhealth: { vantage: agent-${region} }`
    return this.#stack.use(await IsthmusProcess.start({ regions, rest, role: 'agent', region }))
  }

  /** The first controller runs and every standby is fenced; then applications begin. */
  async begin(signal: AbortSignal): Promise<IsthmusProcess> {
    const controller = await this.startController()
    const look = async () => {
      if (!controller.isRunning) throw new Error(`isthmus ended: ${controller.log.slice(-8).join('\n')}`)
      const standbys = this.regions.all.filter((region) => region !== this.home)
      const areFenced = await Promise.all(standbys.map((region) => isFenced(region, signal)))
      return (await readGroup(controller)) !== undefined && areFenced.every((it) => it) ? true : undefined
    }
    await eventually('every standby is fenced', look, { limitMs: START_LIMIT_MS, signal })
    this.#apps = this.#stack.use(await this.#startApps())
    this.apps.ordered(this.home.name)
    this.#stack.use(new Router(this.apps, () => this.controllers.filter(({ isRunning }) => isRunning)))
    return controller
  }

  /** A topic of the group that was not there before. */
  async createFreshTopic(region: string, signal: AbortSignal): Promise<void> {
    const replicationFactor = region === this.home.name ? this.homeBrokers : 1
    await createTopics({ region: this.regions.get(region), replicationFactor }, [TOPICS.fresh], signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync()
  }
}

function renderConfig(
  names: readonly string[],
  {
    failover,
    more,
    canary = false,
    authority,
    leaseSeconds = 3,
    authorityKeys = '',
  }: StageOptions & { readonly authority: string },
): string {
  const timings = [
    'cooldownSeconds: 0',
    'groupGraceSeconds: 1',
    'evictSeconds: 20',
    'fenceCheckSeconds: 1',
    ...(failover ? [failover] : []),
  ]
  return [
    'failoverGroups:',
    `  - name: ${GROUP}`,
    `    regions: [${names.join(', ')}]`,
    `    topics: { include: ["${TOPIC_PREFIX}*"] }`,
    `    consumerGroups: { include: ["${GROUP_PREFIX}*"] }`,
    `    failover: { ${timings.join(', ')} }`,
    `    canary: ${canary}`,
    `authority: { path: "${authority}", leaseSeconds: ${leaseSeconds}${authorityKeys && `, ${authorityKeys}`} }`,
    ...(more === undefined ? [] : [more]),
  ].join('\n')
}

type Topic = (typeof TOPICS)[keyof typeof TOPICS]

async function createTopics(
  { region: { admin }, replicationFactor }: { readonly region: TrialRegion; readonly replicationFactor: number },
  wanted: readonly Topic[],
  signal: AbortSignal,
): Promise<void> {
  const compact = Object.fromEntries(FAST_COMPACTION.split(';').map((pair) => pair.split('=') as [string, string]))
  const topics = wanted.map(({ name: topic, partitions }) => {
    const configs = isCompacted(topic) ? { ...compact, 'segment.ms': '2000' } : {}
    return { topic, partitions, replicationFactor, configs }
  })
  const refused = (await admin.createTopics(topics, signal)).find(({ errorCode }) => errorCode !== 0)
  if (refused !== undefined) throw new Error(`topic ${refused.topic}: ${refused.errorCode} ${refused.message}`)
}

/** Whether applications are kept from writing, as the region itself shows it. */
export async function isFenced({ admin, gate }: TrialRegion, signal: AbortSignal): Promise<boolean> {
  if (gate !== undefined) return !gate.isOpen
  const entries = await admin.describeAcls({}, signal)
  return entries.some(({ permission, operation }) => permission === 'deny' && operation === 'write')
}
