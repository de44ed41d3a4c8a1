import { type LocalRegion, localPorts, type RegionOptions, startRegion } from '../../../src/local/index.ts'
import { FaultProxy } from './fault-proxy.ts'
import { FaultScript } from './fault-script.ts'

/** A region whose every client goes through fault proxies, one a broker, that follow one script. */
export class ProxiedRegion implements AsyncDisposable {
  readonly region: LocalRegion
  readonly proxies: readonly FaultProxy[]
  readonly script: FaultScript

  private constructor(region: LocalRegion, proxies: readonly FaultProxy[], script: FaultScript) {
    this.region = region
    this.proxies = proxies
    this.script = script
  }

  static async start(options: RegionOptions): Promise<ProxiedRegion> {
    const script = new FaultScript()
    const advertisedPorts = await localPorts.take(options.brokers ?? 1)
    const region = await startRegion({ ...options, advertisedPorts })
    const proxies = region.bootstrap.map((address, broker) => {
      const brokerPort = Number(address.split(':')[1])
      return FaultProxy.start({ listenPort: advertisedPorts[broker] ?? 0, brokerPort, broker, script })
    })
    return new ProxiedRegion(region, await Promise.all(proxies), script)
  }

  get name(): string {
    return this.region.name
  }

  /** The proxies' addresses. */
  get bootstrap(): readonly string[] {
    return this.proxies.map(({ port }) => `127.0.0.1:${port}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.script.stop()
    for (const proxy of this.proxies) await proxy[Symbol.asyncDispose]()
    await this.region.stop()
  }
}
