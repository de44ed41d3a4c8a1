import { createWriteStream } from 'node:fs'
import { pipeline, type Readable } from 'node:stream'
import type { StartedTestContainer } from 'testcontainers'
import type { Clock } from '../core/index.ts'
import { jvmFlags, type LocalBroker, OLD_TLS_FILE, START_DEADLINE_MS, STOP_DEADLINE_MS } from './broker.ts'
import { fileSize, readTail, waitUntilReady } from './broker-log.ts'
import { containerClient, loadTestcontainers, removeContainer, statusOf } from './container-engine.ts'
import { localFaults } from './faults.ts'
import { guardEntry, releaseEntry } from './guardian.ts'
import type { KafkaRelease } from './kafka-release.ts'
import { ADVERTISED_HOST, renderProperties } from './server-properties.ts'

/** Directory inside the container for configuration and certificates. */
export const CONTAINER_DIR = '/isthmus'
/** Directory inside the container for log segments; the image's user may write here. */
export const CONTAINER_DATA_DIR = '/tmp/isthmus-data'

export interface ContainerBrokerOptions {
  readonly region: string
  readonly nodeId: number
  readonly release: KafkaRelease
  readonly containerName: string
  /** Network that the region's brokers share, and this broker's name in it. */
  readonly network: string | undefined
  readonly alias: string
  readonly heapMb: number
  readonly logFile: string
  /** Published on 127.0.0.1 under the same numbers; the first is the client listener's. */
  readonly ports: readonly [number, ...number[]]
  readonly properties: Readonly<Record<string, string>>
  readonly formatArgs: readonly string[]
  /** Further files for `CONTAINER_DIR`, by name. */
  readonly files: Readonly<Record<string, string>>
  readonly clock: Clock
}

/** A broker in a container of its own. Its data lives in the container and goes with it. */
export class ContainerBroker implements LocalBroker {
  readonly nodeId: number
  readonly logFile: string
  readonly #options: ContainerBrokerOptions
  #isCreated = false
  /** The current or last run. */
  #run = { hasEnded: false }

  constructor(options: ContainerBrokerOptions) {
    this.#options = options
    this.nodeId = options.nodeId
    this.logFile = options.logFile
  }

  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const { clock, ports } = this.#options
    const fromByte = await fileSize(this.logFile)
    await (this.#isCreated ? this.#startAgain() : this.#create())
    const run = this.#run
    const why = await waitUntilReady({
      logFile: this.logFile,
      fromByte,
      host: ADVERTISED_HOST,
      port: ports[0],
      deadlineMs: START_DEADLINE_MS,
      ended: () => (run.hasEnded ? 'ended' : undefined),
      clock,
      signal,
    })
    if (why !== undefined) throw await this.#failure(why)
  }

  async stop({ hard }: { readonly hard: boolean }): Promise<void> {
    if (!this.#isCreated) return
    const container = await this.#container()
    // A stopped container answers 304 to stop and 409 to kill.
    await (hard ? container.kill() : container.stop({ t: STOP_DEADLINE_MS / 1_000 })).catch((error: unknown) => {
      if (statusOf(error) !== 304 && statusOf(error) !== 409) throw error
    })
    await container.wait()
  }

  async pause(): Promise<void> {
    await (await this.#container()).pause()
  }

  async resume(): Promise<void> {
    await (await this.#container()).unpause()
  }

  async remove(): Promise<void> {
    const { containerName } = this.#options
    await removeContainer(containerName)
    this.#isCreated = false
    releaseEntry('container', containerName)
  }

  async #container() {
    const client = await containerClient()
    return client.container.getById(this.#options.containerName)
  }

  async #create(): Promise<void> {
    guardEntry('container', this.#options.containerName)
    try {
      await createContainer(this.#options, (output) => this.#follow(output))
    } catch (error) {
      throw await this.#failure('could not be started', error)
    } finally {
      // Also after a failure: the engine may have made the container before it could not start it.
      this.#isCreated = true
    }
  }

  /** Attached before the start, so that the log file gets this run's output only and all of it. */
  async #startAgain(): Promise<void> {
    const client = await containerClient()
    const container = client.container.getById(this.#options.containerName)
    this.#follow(await client.container.attach(container))
    await container.start()
  }

  #follow(output: Readable): void {
    const run = { hasEnded: false }
    this.#run = run
    // However the output ends, also by an error of the connection to the engine, the run is not followed any more.
    pipeline(output, createWriteStream(this.logFile, { flags: 'a' }), () => {
      run.hasEnded = true
    })
  }

  async #failure(why: string, cause?: unknown) {
    const facts = { broker: this.nodeId, region: this.#options.region, why, logFile: this.logFile }
    return localFaults.fault('LOCAL_BROKER_FAILED', { ...facts, tail: await readTail(this.logFile) }, cause)
  }
}

async function createContainer(
  options: ContainerBrokerOptions,
  follow: (output: Readable) => void,
): Promise<StartedTestContainer> {
  const { GenericContainer, Wait } = await loadTestcontainers()

  /** Publishes its ports on the loopback address only: a test broker is nobody else's business. */
  class LoopbackContainer extends GenericContainer {
    protected override async beforeContainerCreated(): Promise<void> {
      const bindings = this.hostConfig.PortBindings as Record<string, { HostIp?: string }[]>
      for (const each of Object.values(bindings).flat()) each.HostIp = ADVERTISED_HOST
    }
  }

  const files = {
    ...options.files,
    'server.properties': renderProperties(options.properties),
    [options.release.logging.file]: options.release.logging.content,
    'start.sh': startScript(options),
  }
  const container = new LoopbackContainer(options.release.image)
    .withName(options.containerName)
    .withLabels({ 'isthmus.region': options.region })
    .withExposedPorts(...options.ports.map((port) => ({ container: port, host: port })))
    .withCopyContentToContainer(
      Object.entries(files).map(([name, content]) => ({ content, target: `${CONTAINER_DIR}/${name}`, mode: 0o644 })),
    )
    .withEntrypoint(['/bin/sh', `${CONTAINER_DIR}/start.sh`])
    .withCommand([])
    .withAutoRemove(false)
    // Readiness is judged by the broker's log, the same way for both engines.
    .withWaitStrategy(Wait.forAll([]))
    .withLogConsumer((stream) => follow(stream))
  if (options.network !== undefined) container.withNetworkMode(options.network).withNetworkAliases(options.alias)
  return container.start()
}

/**
 * Starts Kafka by its classes instead of the image's own script: that one cannot create SCRAM users at format time.
 * The image's class archive halves the start where it fits the flags; where not, the JVM silently does without.
 */
function startScript({ release, heapMb, formatArgs, files }: ContainerBrokerOptions): string {
  const oldTlsFile = files[OLD_TLS_FILE] === undefined ? undefined : `${CONTAINER_DIR}/${OLD_TLS_FILE}`
  const quoted = formatArgs.map((arg) => `'${arg}'`).join(' ')
  return `set -eu
classpath=$(printf ':%s' /opt/kafka/libs/*.jar)
archive=/opt/kafka/kafka.jsa
kafka() {
  exec java ${jvmFlags(heapMb, oldTlsFile).join(' ')} -XX:SharedArchiveFile="$archive" \\
    ${release.logging.option}${CONTAINER_DIR}/${release.logging.file} -cp "\${classpath#:}" "$@"
}
mkdir -p ${CONTAINER_DATA_DIR}
if [ ! -f ${CONTAINER_DATA_DIR}/meta.properties ]; then
  (kafka kafka.tools.StorageTool format -c ${CONTAINER_DIR}/server.properties ${quoted})
fi
kafka kafka.Kafka ${CONTAINER_DIR}/server.properties
`
}
