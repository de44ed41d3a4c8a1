import { type ChildProcess, spawn } from 'node:child_process'
import { access, mkdir, open, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Clock, sleep } from '../core/index.ts'
import { jvmFlags, type LocalBroker, OLD_TLS_FILE, START_DEADLINE_MS, STOP_DEADLINE_MS } from './broker.ts'
import { fileSize, readTail, waitUntilReady } from './broker-log.ts'
import { localFaults } from './faults.ts'
import { guardEntry, releaseEntry } from './guardian.ts'
import type { KafkaRelease } from './kafka-release.ts'
import { ADVERTISED_HOST, renderProperties } from './server-properties.ts'

export interface JvmBrokerOptions {
  readonly release: KafkaRelease
  readonly region: string
  readonly nodeId: number
  readonly javaProgram: string
  readonly classpath: string
  /** Class archive that halves the start; see `class-archive.ts`. */
  readonly archive: string | undefined
  readonly heapMb: number
  /** Holds the broker's configuration and, under `data`, its log segments. */
  readonly dir: string
  readonly logFile: string
  readonly clientPort: number
  readonly properties: Readonly<Record<string, string>>
  /** Arguments of `kafka-storage format` besides the configuration. */
  readonly formatArgs: readonly string[]
  /** Further files for `dir`, by name. */
  readonly files: Readonly<Record<string, string>>
  readonly clock: Clock
}

/** One Java process and how it ended. */
interface Run {
  readonly child: ChildProcess
  /** Undefined while it runs. */
  why: string | undefined
  readonly ended: Promise<void>
}

/** A broker as a Java process of its own group. */
export class JvmBroker implements LocalBroker {
  readonly nodeId: number
  readonly logFile: string
  readonly #options: JvmBrokerOptions
  #run: Run | undefined

  constructor(options: JvmBrokerOptions) {
    this.#options = options
    this.nodeId = options.nodeId
    this.logFile = options.logFile
  }

  async start(signal: AbortSignal): Promise<void> {
    const { clientPort, clock } = this.#options
    await this.#format(signal)
    const fromByte = await fileSize(this.logFile)
    const run = await this.#spawn('kafka.Kafka', [this.#propertiesFile])
    this.#run = run
    const why = await waitUntilReady({
      logFile: this.logFile,
      fromByte,
      host: ADVERTISED_HOST,
      port: clientPort,
      deadlineMs: START_DEADLINE_MS,
      ended: () => run.why,
      clock,
      signal,
    })
    if (why !== undefined) throw await this.#failure(why)
  }

  async stop({ hard }: { readonly hard: boolean }): Promise<void> {
    const run = this.#run
    if (run === undefined) return
    // A frozen process does not see SIGTERM before it runs again.
    if (!hard) signalRun(run, 'SIGCONT')
    signalRun(run, hard ? 'SIGKILL' : 'SIGTERM')
    const patience = new AbortController()
    const overdue = sleep(this.#options.clock, STOP_DEADLINE_MS, patience.signal).then(
      () => signalRun(run, 'SIGKILL'),
      () => undefined,
    )
    await run.ended
    patience.abort()
    await overdue
  }

  pause(): Promise<void> {
    return this.#signal('SIGSTOP')
  }

  resume(): Promise<void> {
    return this.#signal('SIGCONT')
  }

  async remove(): Promise<void> {
    await this.stop({ hard: true })
    await rm(this.#options.dir, { recursive: true, force: true })
  }

  get #propertiesFile(): string {
    return join(this.#options.dir, 'server.properties')
  }

  async #signal(name: NodeJS.Signals): Promise<void> {
    if (this.#run !== undefined) signalRun(this.#run, name)
  }

  async #format(signal: AbortSignal): Promise<void> {
    const { release, dir, files, formatArgs, properties } = this.#options
    const { logging } = release
    if (await exists(join(dir, 'data', 'meta.properties'))) return
    await mkdir(dir, { recursive: true })
    const all = { ...files, 'server.properties': renderProperties(properties), [logging.file]: logging.content }
    // Key files are among them.
    for (const [name, content] of Object.entries(all)) await writeFile(join(dir, name), content, { mode: 0o600 })
    const run = await this.#spawn('kafka.tools.StorageTool', ['format', '-c', this.#propertiesFile, ...formatArgs])
    const onAbort = () => signalRun(run, 'SIGKILL')
    signal.addEventListener('abort', onAbort, { once: true })
    await run.ended
    signal.removeEventListener('abort', onAbort)
    signal.throwIfAborted()
    if (run.child.exitCode !== 0) throw await this.#failure(`could not format its storage (${run.why})`)
  }

  /** Its output is appended to the log file by the system, so that nothing is lost when this process dies. */
  async #spawn(mainClass: string, args: readonly string[]): Promise<Run> {
    const { release, javaProgram, classpath, archive, heapMb, dir, files } = this.#options
    const { logging } = release
    await using log = await open(this.logFile, 'a')
    const flags = [
      ...jvmFlags(heapMb, files[OLD_TLS_FILE] === undefined ? undefined : join(dir, OLD_TLS_FILE)),
      `${logging.option}${join(dir, logging.file)}`,
    ]
    if (archive !== undefined) flags.push(`-XX:SharedArchiveFile=${archive}`)
    const child = spawn(javaProgram, [...flags, '-cp', classpath, mainClass, ...args], {
      cwd: dir,
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    })
    return followRun(child)
  }

  async #failure(why: string) {
    const facts = { broker: this.nodeId, region: this.#options.region, why, logFile: this.logFile }
    return localFaults.fault('LOCAL_BROKER_FAILED', { ...facts, tail: await readTail(this.logFile) })
  }
}

function followRun(child: ChildProcess): Run {
  const { promise: ended, resolve } = Promise.withResolvers<void>()
  const run: Run = { child, why: undefined, ended }
  child.once('error', (error) => {
    run.why ??= `could not be started: ${error.message}`
    resolve()
  })
  const { pid } = child
  if (pid === undefined) return run
  guardEntry('process', pid)
  child.once('exit', (code, signal) => {
    run.why ??= `ended with ${signal ?? `exit code ${code}`}`
    releaseEntry('process', pid)
    resolve()
  })
  return run
}

function signalRun({ child, why }: Run, name: NodeJS.Signals): void {
  if (child.pid !== undefined && why === undefined) process.kill(-child.pid, name)
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
