import { type RegionName, regionName, systemClock, systemRandom } from '../../../src/core/index.ts'
import { type Cluster, type ClusterOptions, openCluster } from '../../../src/kafka/index.ts'
import { healthTimings, type HealthTimings, RegionWatch, type RegionStatus } from '../../../src/regions/index.ts'

/** Where a region is reached, as in the configuration. */
export interface Reached {
  readonly name: string
  readonly bootstrap: readonly string[]
  readonly options?: Pick<ClusterOptions, 'tls' | 'sasl'>
}

/** Fast, but for what would take a busy machine for a fault. */
const TIMINGS: HealthTimings = {
  ...healthTimings(),
  everyMs: 400,
  timeoutMs: 3_000,
  partitionsMs: 1_000,
  downAfterMs: 4_000,
  writesDownAfterMs: 15_000,
  recoverAfterMs: 1_000,
  canarySlowMs: 60_000,
  clockOffsetMs: 60_000,
  voterLagMs: 60_000,
  stallMs: 60_000,
  clockJumpMs: 60_000,
  reportStaleMs: 10_000,
}

/** A process that watches, with clients of its own. */
export class Watcher implements AsyncDisposable {
  readonly watch: RegionWatch
  readonly told: string[] = []
  readonly #clusters: readonly Cluster[]

  constructor(regions: readonly Reached[], vantage: string, standsIn: RegionName | null = null) {
    const context = { clock: systemClock, random: systemRandom }
    const bounds = { connectTimeoutMs: TIMINGS.timeoutMs, requestTimeoutMs: TIMINGS.timeoutMs }
    this.#clusters = regions.map(({ name, bootstrap, options }) => {
      return openCluster({ name, bootstrap, clientId: vantage, ...bounds, ...options, context })
    })
    this.watch = new RegionWatch({
      regions: regions.map(({ name, bootstrap }, at) => {
        return { name: regionName(name), bootstrap, canary: true, cluster: this.#clusters[at] as Cluster }
      }),
      vantage,
      standsIn,
      timings: TIMINGS,
      clock: systemClock,
    })
    this.watch.events.on('region:health', ({ region, from, to }) => this.told.push(`${region} ${from} => ${to}`))
    this.watch.events.on('region:canary-unavailable', ({ region, reason }) => this.told.push(`${region}: ${reason}`))
    this.watch.start()
  }

  status(region: string): RegionStatus {
    const found = this.watch.status().regions.find((each) => each.region === region)
    if (found === undefined) throw new Error(`no region ${region} is watched`)
    return found
  }

  codes(region: string): string[] {
    return this.status(region).health?.findings.map(({ code }) => code) ?? []
  }

  /** Looks after every sample; the test's own time is the limit. */
  async until(region: string, isSo: (status: RegionStatus) => boolean): Promise<RegionStatus> {
    for (;;) {
      const status = this.status(region)
      if (isSo(status)) return status
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  untilLevel(region: string, level: string): Promise<RegionStatus> {
    return this.until(region, ({ health }) => health?.level === level)
  }

  untilVerdict(region: string, verdict: string): Promise<RegionStatus> {
    return this.until(region, ({ judgement }) => judgement.verdict === verdict)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.watch.stop()
    await Promise.all(this.#clusters.map((cluster) => cluster.close()))
  }
}
