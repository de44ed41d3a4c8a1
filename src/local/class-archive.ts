/**
 * A class archive (JEP 350) of the classes that a broker loads. With it a broker starts in half of the time and of
 * the CPU. It is recorded once, from formatting a throw-away storage directory, which loads most of them, and kept
 * in the user's cache. Archives fit one Java and one classpath; the JVM ignores one that does not fit.
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { access, mkdtemp, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Clock } from '../core/index.ts'
import { jvmFlags } from './broker.ts'
import { withFileLock } from './file-lock.ts'
import { kafkaCacheDir } from './kafka-classpath.ts'
import type { KafkaRelease } from './kafka-release.ts'
import { ADVERTISED_HOST, brokerProperties, renderProperties } from './server-properties.ts'

export interface ArchiveOptions {
  readonly release: KafkaRelease
  readonly javaProgram: string
  readonly classpath: string
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly onProgress: (line: string) => void
}

const RECORD_DEADLINE_MS = 60_000
const RECORD_HEAP_MB = 256

const recordings = new Map<string, Promise<string | undefined>>()

/** Path of the archive; undefined where none could be recorded, which costs only time. */
export function classArchive(options: ArchiveOptions): Promise<string | undefined> {
  const { version } = options.release
  const known = recordings.get(version)
  if (known !== undefined) return known
  const recording = findOrRecord(options).catch((error: unknown) => {
    recordings.delete(version)
    if (options.signal.aborted) throw error
    options.onProgress('brokers start without a class archive: it could not be recorded')
    return undefined
  })
  recordings.set(version, recording)
  return recording
}

async function findOrRecord(options: ArchiveOptions): Promise<string> {
  const java = await realpath(options.javaProgram)
  const key = `${java} ${(await stat(java)).mtimeMs} ${options.classpath}`
  const name = `classes-${createHash('sha256').update(key).digest('hex').slice(0, 12)}.jsa`
  const dir = kafkaCacheDir(options.release)
  const archive = join(dir, name)
  if (await exists(archive)) return archive
  return withFileLock(join(dir, 'recording'), options, async () => {
    if (!(await exists(archive))) await record(options, archive)
    return archive
  })
}

async function record({ release, javaProgram, classpath, signal }: ArchiveOptions, archive: string): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'isthmus-archive-'))
  try {
    const configFile = join(dir, 'server.properties')
    const { logging } = release
    const loggingFile = join(dir, logging.file)
    await writeFile(configFile, renderProperties(throwAwayProperties(release, join(dir, 'data'))))
    await writeFile(loggingFile, logging.content)
    const flags = [...jvmFlags(RECORD_HEAP_MB), `${logging.option}${loggingFile}`]
    const command = ['kafka.tools.StorageTool', 'format', '-c', configFile, '-t', 'AAAAAAAAAAAAAAAAAAAAAQ']
    await promisify(execFile)(
      javaProgram,
      [...flags, `-XX:ArchiveClassesAtExit=${archive}.new`, '-cp', classpath, ...command],
      { signal, timeout: RECORD_DEADLINE_MS, maxBuffer: 16 * 1024 * 1024 },
    )
    await rename(`${archive}.new`, archive)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

/** Nothing listens while storage is formatted: the ports are of no consequence. */
function throwAwayProperties(release: KafkaRelease, dataPath: string): Record<string, string> {
  const host = { bindHost: ADVERTISED_HOST, internalHost: ADVERTISED_HOST }
  const broker = { nodeId: 1, ...host, clientPort: 1, mtlsPort: 2, extraPorts: [], internalPort: 3, controllerPort: 4 }
  return brokerProperties({
    major: release.major,
    broker,
    brokers: [broker],
    dataPath,
    security: undefined,
    listeners: [],
    overrides: {},
  })
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
