/**
 * Runs Java programs of one source file with the official Kafka client, as an opinion independent of this project.
 * Maven resolves the client once a machine; the classpath is kept in the user's cache.
 */
import { execFile, spawn } from 'node:child_process'
import { access, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Writable } from 'node:stream'
import { promisify } from 'node:util'
import { findEngines } from '../../../bin/prerequisites.js'
import { systemClock } from '../../../src/core/index.ts'
import { withFileLock } from '../../../src/local/file-lock.ts'

const CLIENTS_VERSION = '4.3.1'
const LOG4J_VERSION = '2.25.4'
const RESOLVE_TIMEOUT_MS = 300_000
/** How long a stopped program may take to finish its work. */
const STOP_GRACE_MS = 20_000
const STDERR_LINES = 30

/** What Maven resolves together, and the name of the cache folder that keeps the result. */
interface Artifacts {
  readonly name: string
  readonly list: readonly (readonly [group: string, artifact: string, version: string])[]
}

const CLIENTS = clientsOf(CLIENTS_VERSION)
const OTHER_CLIENTS = new Map<string, Artifacts>()

function clientsOf(version: string): Artifacts {
  return {
    name: `java-clients-${version}`,
    list: [
      ['org.apache.kafka', 'kafka-clients', version],
      ['org.slf4j', 'slf4j-nop', '1.7.36'],
    ],
  }
}

const TOOLS: Artifacts = {
  name: `java-tools-${CLIENTS_VERSION}`,
  list: [
    ['org.apache.kafka', 'connect-mirror', CLIENTS_VERSION],
    ['org.apache.kafka', 'connect-runtime', CLIENTS_VERSION],
    ['org.apache.kafka', 'kafka-tools', CLIENTS_VERSION],
    ['org.apache.logging.log4j', 'log4j-slf4j-impl', LOG4J_VERSION],
  ],
}

export interface JavaOptions {
  /** Asks the program to finish (SIGTERM), and after 20 s ends it. */
  readonly signal?: AbortSignal
  /** Each line the program prints on its standard output. */
  readonly onLine?: (line: string) => void
  /** Given its standard input, once it runs; without this it is empty. */
  readonly onInput?: (input: Writable) => void
  /** Largest heap in MiB. Default 512. */
  readonly heapMb?: number
  /** Default: the client and its codecs. */
  readonly classpath?: string
}

export interface JavaExit {
  /** True where the signal asked it to finish before it was done by itself. */
  readonly isStopped: boolean
}

const resolving = new Map<Artifacts, Promise<string>>()

/** The classpath of the Java client and its codecs. Safe for several callers and processes at once. */
export function javaClasspath(signal?: AbortSignal): Promise<string> {
  return classpathOf(CLIENTS, signal)
}

/** The same of another version. */
export function clientsClasspath(version: string, signal?: AbortSignal): Promise<string> {
  const artifacts = version === CLIENTS_VERSION ? CLIENTS : (OTHER_CLIENTS.get(version) ?? clientsOf(version))
  OTHER_CLIENTS.set(version, artifacts)
  return classpathOf(artifacts, signal)
}

/** The classpath of Kafka's own tools and of MirrorMaker 2. */
export function toolsClasspath(signal?: AbortSignal): Promise<string> {
  return classpathOf(TOOLS, signal)
}

/** Path of the `java` that everything here runs with. */
export function javaProgram(): Promise<string> {
  return requireProgram('java')
}

function classpathOf(artifacts: Artifacts, signal = AbortSignal.timeout(RESOLVE_TIMEOUT_MS)): Promise<string> {
  const known = resolving.get(artifacts)
  if (known !== undefined) return known
  const resolved = resolveClasspath(artifacts, signal).catch((error: unknown) => {
    resolving.delete(artifacts)
    throw error
  })
  resolving.set(artifacts, resolved)
  return resolved
}

/**
 * Runs a source file with Java's single-source launcher, or a class by its name, and waits for its end. Throws with the
 * last lines of its error output where it exits with anything but 0.
 */
export async function runJava(program: string, args: readonly string[], options: JavaOptions = {}): Promise<JavaExit> {
  const { signal, onLine, heapMb = 512 } = options
  const classpath = options.classpath ?? (await javaClasspath(signal))
  const java = await javaProgram()
  signal?.throwIfAborted()
  // They share a small machine with brokers. Kafka's own tools are compiled in full: they are what others are held to.
  const sparing = program.endsWith('.java') ? ['-XX:TieredStopAtLevel=1'] : []
  const flags = [`-Xmx${heapMb}m`, '-XX:+UseSerialGC', ...sparing, '-cp', classpath]
  const child = spawn(java, [...flags, program, ...args], { stdio: ['pipe', 'pipe', 'pipe'] })
  // It may have ended before it reads.
  child.stdin.on('error', () => undefined)
  if (options.onInput === undefined) child.stdin.end()
  else options.onInput(child.stdin)
  const errors: string[] = []
  createInterface(child.stdout).on('line', (line) => onLine?.(line))
  createInterface(child.stderr).on('line', (line) => {
    errors.push(line)
    if (errors.length > STDERR_LINES) errors.shift()
  })
  let kill: NodeJS.Timeout | undefined
  const stop = () => {
    child.kill('SIGTERM')
    kill = setTimeout(() => child.kill('SIGKILL'), STOP_GRACE_MS)
  }
  signal?.addEventListener('abort', stop, { once: true })
  try {
    const exit = await new Promise<string>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code, killedBy) => resolve(killedBy ?? String(code)))
    })
    // 143 is how a Java program that does not mind the signal answers it.
    if (signal?.aborted === true && (exit === '143' || exit === 'SIGTERM')) return { isStopped: true }
    if (exit !== '0') throw new Error(`${program} ended with ${exit}:\n${errors.join('\n')}`)
    return { isStopped: signal?.aborted ?? false }
  } finally {
    clearTimeout(kill)
    signal?.removeEventListener('abort', stop)
  }
}

async function resolveClasspath(artifacts: Artifacts, signal: AbortSignal): Promise<string> {
  const folder = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'isthmus', artifacts.name)
  const file = join(folder, 'classpath.txt')
  const cached = await readClasspath(file)
  if (cached !== undefined) return cached
  const maven = await requireProgram('maven')
  await mkdir(folder, { recursive: true })
  return withFileLock(join(folder, 'resolving'), { clock: systemClock, signal }, async () => {
    const resolvedMeanwhile = await readClasspath(file)
    if (resolvedMeanwhile !== undefined) return resolvedMeanwhile
    await runMaven(maven, { folder, artifacts }, signal)
    await rename(join(folder, 'classpath.new'), file)
    const resolved = await readClasspath(file)
    if (resolved === undefined) throw new Error(`${file} names jars that are not there; remove it and try again`)
    return resolved
  })
}

async function runMaven(
  maven: string,
  { folder, artifacts }: { readonly folder: string; readonly artifacts: Artifacts },
  signal: AbortSignal,
): Promise<void> {
  const pom = join(folder, 'pom.xml')
  await writeFile(pom, renderPom(artifacts))
  const args = [
    '-B',
    '-q',
    '-f',
    pom,
    'dependency:build-classpath',
    `-Dmdep.outputFile=${join(folder, 'classpath.new')}`,
  ]
  try {
    await promisify(execFile)(maven, args, { signal, timeout: RESOLVE_TIMEOUT_MS })
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    throw new Error(`Maven could not resolve ${artifacts.name}:\n${stdout}${stderr}`, { cause: error })
  }
}

/** Undefined where the file or one of its jars is missing, as after the Maven repository was cleared. */
async function readClasspath(file: string): Promise<string | undefined> {
  try {
    const classpath = (await readFile(file, 'utf8')).trim()
    await Promise.all(classpath.split(delimiter).map((jar) => access(jar)))
    return classpath
  } catch {
    return undefined
  }
}

async function requireProgram(name: 'java' | 'maven'): Promise<string> {
  const { [name]: finding } = await findEngines()
  if (finding.program !== undefined && finding.found) return finding.program
  throw new Error(`The Java programs of the trials need a JDK 17+ and Maven: ${finding.detail}`)
}

function renderDependency([group, artifact, version]: readonly [string, string, string]): string {
  const coordinates = `<groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version>`
  return `<dependency>${coordinates}</dependency>`
}

function renderPom({ name, list }: Artifacts): string {
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
<modelVersion>4.0.0</modelVersion><groupId>isthmus.test</groupId><artifactId>${name}</artifactId><version>1</version>
<dependencies>
${list.map(renderDependency).join('\n')}
</dependencies></project>
`
}
