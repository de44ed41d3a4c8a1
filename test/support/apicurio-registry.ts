import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findEngines } from '../../bin/prerequisites.js'
import { localPorts } from '../../src/local/index.ts'
import { eventually } from './isthmus-process.ts'
import { javaProgram } from './java/classpath.ts'

const VERSION = '3.0.9'
const MAVEN_LIMIT_MS = 240_000
const START_LIMIT_MS = 120_000
const JSON_TYPE = 'application/vnd.schemaregistry.v1+json'

/**
 * A real schema registry that keeps everything in a Kafka topic: Apicurio, from Maven Central, through the HTTP
 * interface that it shares with Confluent's. (That one is not on Maven Central.)
 */
export class ApicurioRegistry implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #url: string

  private constructor(child: ChildProcess, url: string) {
    this.#child = child
    this.#url = url
  }

  /** The folder it is unpacked in, or why it is not to be had. */
  static async find(signal: AbortSignal): Promise<{ readonly folder: string } | { readonly missing: string }> {
    const folder = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'isthmus', `apicurio-${VERSION}`)
    if (existsSync(join(folder, jarName))) return { folder }
    const { maven } = await findEngines()
    if (maven.program === undefined) return { missing: 'there is no Maven to get Apicurio with' }
    const run = promisify(execFile)
    const artifact = `io.apicurio:apicurio-registry-app:${VERSION}:tar.gz:all`
    try {
      const limits = { signal, timeout: MAVEN_LIMIT_MS }
      mkdirSync(folder, { recursive: true })
      const args = ['-B', '-q', 'dependency:copy', `-Dartifact=${artifact}`, `-DoutputDirectory=${folder}`]
      await run(maven.program, args, limits)
      await run('tar', ['-xzf', join(folder, `apicurio-registry-app-${VERSION}-all.tar.gz`), '-C', folder], limits)
      return { folder }
    } catch (error) {
      signal.throwIfAborted()
      const [line = ''] = String(error).split('\n')
      return { missing: `Maven has no ${artifact}: ${line}` }
    }
  }

  static async start(folder: string, bootstrap: readonly string[], signal: AbortSignal): Promise<ApicurioRegistry> {
    const [port = 0] = await localPorts.take(1)
    const settings = {
      'quarkus.http.port': String(port),
      'quarkus.http.host': '127.0.0.1',
      'apicurio.storage.kind': 'kafkasql',
      'apicurio.kafkasql.bootstrap.servers': bootstrap.join(','),
      'apicurio.events.kafka.config.bootstrap.servers': bootstrap.join(','),
    }
    const flags = Object.entries(settings).map(([name, value]) => `-D${name}=${value}`)
    const args = ['-Xmx384m', '-XX:+UseSerialGC', ...flags, '-jar', join(folder, jarName)]
    const child = spawn(await javaProgram(), args, { stdio: ['ignore', 'ignore', 'ignore'] })
    const registry = new ApicurioRegistry(child, `http://127.0.0.1:${port}/apis/ccompat/v7`)
    try {
      const look = async () => {
        if (child.exitCode !== null) throw new Error(`the registry ended with ${child.exitCode}`)
        return (await fetch(`${registry.#url}/subjects`).catch(() => undefined))?.ok ? true : undefined
      }
      await eventually('the registry answers', look, { limitMs: START_LIMIT_MS, everyMs: 500, signal })
      return registry
    } catch (error) {
      await registry[Symbol.asyncDispose]()
      throw error
    }
  }

  /** Registers a schema and answers its id. */
  async register(subject: string, schema: object): Promise<number> {
    const answer = await fetch(`${this.#url}/subjects/${subject}/versions`, {
      method: 'POST',
      headers: { 'content-type': JSON_TYPE },
      body: JSON.stringify({ schema: JSON.stringify(schema) }),
    })
    if (!answer.ok) throw new Error(`${subject} was not registered: ${answer.status} ${await answer.text()}`)
    return ((await answer.json()) as { id: number }).id
  }

  /** Undefined where it knows no schema of that id. */
  async schemaOf(id: number): Promise<string | undefined> {
    const answer = await fetch(`${this.#url}/schemas/ids/${id}`)
    return answer.ok ? ((await answer.json()) as { schema: string }).schema : undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = new Promise((settle) => this.#child.once('exit', settle))
    this.#child.kill('SIGKILL')
    await exited
  }
}

const jarName = `apicurio-registry-app-${VERSION}-runner.jar`
