import { execFile } from 'node:child_process'
import { access, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import type { Clock } from '../core/index.ts'
import { localFaults } from './faults.ts'
import { withFileLock } from './file-lock.ts'
import type { KafkaRelease } from './kafka-release.ts'

const RESOLVE_DEADLINE_MS = 600_000

export interface ClasspathOptions {
  readonly release: KafkaRelease
  readonly mavenProgram: string
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly onProgress: (line: string) => void
}

const resolving = new Map<string, Promise<string>>()

/**
 * The classpath of a broker. Resolved by Maven once a machine and kept in the user's cache; regions and processes
 * that ask at the same time wait for the first. Faults: LOCAL_ARTIFACTS_MISSING.
 */
export function kafkaClasspath(options: ClasspathOptions): Promise<string> {
  const { version } = options.release
  const known = resolving.get(version)
  if (known !== undefined) return known
  const resolved = resolveClasspath(options).catch((error: unknown) => {
    resolving.delete(version)
    throw error
  })
  resolving.set(version, resolved)
  return resolved
}

/** `${XDG_CACHE_HOME:-~/.cache}/isthmus/kafka-<version>`. */
export function kafkaCacheDir({ version }: KafkaRelease): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'isthmus', `kafka-${version}`)
}

async function resolveClasspath(options: ClasspathOptions): Promise<string> {
  const { release } = options
  const dir = kafkaCacheDir(release)
  const file = join(dir, 'classpath.txt')
  const cached = await readClasspath(file)
  if (cached !== undefined) return cached
  await mkdir(dir, { recursive: true })
  return withFileLock(join(dir, 'resolving'), options, async () => {
    const resolvedMeanwhile = await readClasspath(file)
    if (resolvedMeanwhile !== undefined) return resolvedMeanwhile
    options.onProgress(`fetching Kafka ${release.version} from Maven (once)`)
    await runMaven(options, dir)
    await rename(join(dir, 'classpath.new'), file)
    const resolved = await readClasspath(file)
    if (resolved !== undefined) return resolved
    throw artifactsMissing(release, 'its output names files that do not exist')
  })
}

/** Undefined where the file or any of its jars is missing, as after the Maven repository was cleared. */
async function readClasspath(file: string): Promise<string | undefined> {
  try {
    const classpath = (await readFile(file, 'utf8')).trim()
    await Promise.all(classpath.split(delimiter).map((jar) => access(jar)))
    return classpath
  } catch {
    return undefined
  }
}

async function runMaven({ release, mavenProgram, signal }: ClasspathOptions, dir: string): Promise<void> {
  const pom = join(dir, 'pom.xml')
  await writeFile(pom, renderPom(release))
  const args = ['-B', '-q', '-f', pom, 'dependency:build-classpath', '-Dmdep.includeScope=runtime']
  args.push(`-Dmdep.outputFile=${join(dir, 'classpath.new')}`)
  await new Promise<void>((resolve, reject) => {
    execFile(mavenProgram, args, { signal, timeout: RESOLVE_DEADLINE_MS }, (error, stdout, stderr) => {
      if (error === null) resolve()
      else reject(signal.aborted ? error : artifactsMissing(release, `${stdout}${stderr}` || error.message, error))
    })
  })
}

function artifactsMissing({ version }: KafkaRelease, output: string, cause?: unknown) {
  const tail = output.trimEnd().split('\n').slice(-15).join('\n')
  return localFaults.fault('LOCAL_ARTIFACTS_MISSING', { version, tail }, cause)
}

/** The tools bring Kafka Connect and its web server along; a broker needs neither. */
const WITHOUT_CONNECT =
  '<exclusions><exclusion><groupId>org.apache.kafka</groupId><artifactId>connect-runtime</artifactId></exclusion></exclusions>'

function renderPom({ artifacts }: KafkaRelease): string {
  const dependencies = artifacts.map((coordinates) => {
    const [group, artifact, version] = coordinates.split(':')
    const place = `<groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version>`
    return `<dependency>${place}${WITHOUT_CONNECT}</dependency>`
  })
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
<modelVersion>4.0.0</modelVersion><groupId>isthmus.local</groupId><artifactId>broker</artifactId><version>1</version>
<dependencies>
${dependencies.join('\n')}
</dependencies></project>
`
}
