import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { nodeFlags } from '../../../bin/node.js'
import { GROUP_PREFIX, TOPIC_PREFIX } from '../failover-trial/trial-regions.ts'
import { clientsClasspath, javaProgram } from '../java/classpath.ts'
import { APP_USER } from './client-regions.ts'
import type { DoorState } from './door.ts'
import { type AppSpec, renderPlan } from './program.ts'

/**
 * The applications, and what the page for their operators (src/routing/clients.md) has them do. `rollout`: they do not
 * look for another cluster by themselves, and are restarted once the name leads there. `stopped`: they are down while it
 * is switched. `themselves`: nobody touches them; that is right only where offsets are identical and the old listeners
 * are closed, and they are restarted where it is not.
 */
export type Way = 'rollout' | 'stopped' | 'themselves'

export interface App {
  readonly name: string
  readonly library: 'java' | 'librdkafka' | 'kafkajs'
  readonly way: Way
  /** Undefined for producers. */
  readonly group: { readonly name: string; readonly protocol: 'classic' | 'consumer' } | undefined
}

const LIBRARIES = ['java', 'librdkafka', 'kafkajs'] as const
export const PARTITIONS = 2
export const TOPICS = LIBRARIES.map((library) => `${TOPIC_PREFIX}${library}`)
/** A record of each producer. */
const EVERY_MS = 40
const SESSION_MS = '6000'

/** `isIdentical`: of the offsets; only then some move by themselves. */
export function castOf({ isIdentical, java }: { readonly isIdentical: boolean; readonly java: string }): App[] {
  const producer = (library: App['library'], way: Way): App => ({
    name: `${library}-producer`,
    library,
    way,
    group: undefined,
  })
  const consumer = (
    library: App['library'],
    called: string,
    way: Way,
    protocol: 'classic' | 'consumer' = 'classic',
  ): App => {
    const name = `${library}-${called}`
    return { name, library, way, group: { name: `${GROUP_PREFIX}${name}`, protocol } }
  }
  const movers = [consumer('java', 'alone', 'themselves'), consumer('librdkafka', 'alone', 'themselves')]
  return [
    producer('java', 'rollout'),
    consumer('java', 'classic', 'rollout'),
    // The consumer protocol is there since 4.0, as is moving by themselves.
    ...(isModern(java) ? [consumer('java', 'consumer', 'rollout', 'consumer')] : []),
    producer('librdkafka', 'stopped'),
    consumer('librdkafka', 'classic', 'stopped'),
    producer('kafkajs', 'stopped'),
    consumer('kafkajs', 'classic', 'stopped'),
    ...(isIdentical && isModern(java) ? movers : []),
  ]
}

function isModern(java: string): boolean {
  return Number(java.split('.')[0]) >= 4
}

/** Whether an application is restarted once clients are led to the other region. */
export function isRolledOut({ way }: App, mode: DoorState): boolean {
  return way === 'rollout' || (way === 'themselves' && mode !== 'refused' && mode !== 'reset')
}

export interface ProgramOptions {
  readonly folder: string
  readonly bootstrap: string
  readonly caFile: string
  /** Whether the applications do as the page says, or as the defaults of their libraries have it. */
  readonly isDocumented: boolean
  /** A Python with librdkafka. */
  readonly python: string | undefined
  /** Version of the Java client. */
  readonly java: string
  readonly signal: AbortSignal
}

/** The command line of each library's program, with what it runs. */
export async function programsOf(
  cast: readonly App[],
  options: ProgramOptions,
): Promise<{ readonly command: readonly string[]; readonly apps: readonly string[] }[]> {
  const { folder, python, java, signal } = options
  const programs: { command: readonly string[]; apps: readonly string[] }[] = []
  for (const library of LIBRARIES) {
    const own = cast.filter((app) => app.library === library)
    if (own.length === 0 || (library === 'librdkafka' && python === undefined)) continue
    const plan = join(folder, `${library}.plan`)
    writeFileSync(plan, renderPlan(own.map((app) => specOf(app, options))))
    const support = resolve(import.meta.dirname, '..')
    const program = {
      java: async () => {
        const flags = ['-Xmx192m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1']
        const classpath = await clientsClasspath(java, signal)
        return [await javaProgram(), ...flags, '-cp', classpath, join(support, 'java/ClientApps.java')]
      },
      librdkafka: () => [python ?? '', join(support, 'python/client_apps.py')],
      kafkajs: () => [process.execPath, ...nodeFlags, join(support, 'clients-trial/kafkajs-apps.ts')],
    }
    programs.push({ command: [...(await program[library]()), plan], apps: own.map(({ name }) => name) })
  }
  return programs
}

function specOf(app: App, options: ProgramOptions): AppSpec {
  const { name, library, group } = app
  const work =
    group === undefined
      ? `producer ${TOPIC_PREFIX}${library} ${PARTITIONS} ${EVERY_MS}`
      : `consumer ${group.name} ${TOPICS.join(',')}`
  return { name, work, properties: { ...propertiesOf(app, options), 'client.id': name } }
}

const READS = { 'auto.offset.reset': 'earliest', 'enable.auto.commit': 'false', 'isolation.level': 'read_committed' }
const SESSION = { 'session.timeout.ms': SESSION_MS, 'heartbeat.interval.ms': '1000' }

function propertiesOf(app: App, options: ProgramOptions): Record<string, string> {
  const { bootstrap, isDocumented } = options
  const alone: Record<string, string> = isDocumented ? {} : { 'app.alone': 'yes' }
  return { ...alone, 'bootstrap.servers': bootstrap, ...PROPERTIES[app.library](app, options) }
}

const PROPERTIES: Record<App['library'], (app: App, options: ProgramOptions) => Record<string, string>> = {
  java: ({ group, way }, { caFile, isDocumented, java }) => ({
    'security.protocol': 'SASL_SSL',
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': caFile,
    'sasl.mechanism': 'SCRAM-SHA-512',
    'sasl.jaas.config':
      'org.apache.kafka.common.security.scram.ScramLoginModule required ' +
      `username="${APP_USER.username}" password="${APP_USER.password}";`,
    // Before 4.0 that is the default, and before 3.8 there is no other way.
    ...(isDocumented && way === 'rollout' && isModern(java) && { 'metadata.recovery.strategy': 'none' }),
    ...(group === undefined
      ? {
          acks: 'all',
          'delivery.timeout.ms': '20000',
          'request.timeout.ms': '4000',
          'max.block.ms': '4000',
          'linger.ms': '0',
        }
      : { ...READS, 'group.protocol': group.protocol, ...(group.protocol === 'classic' && SESSION) }),
  }),
  librdkafka: ({ group }, { caFile }) => ({
    'security.protocol': 'SASL_SSL',
    'ssl.ca.location': caFile,
    'sasl.mechanisms': 'SCRAM-SHA-512',
    'sasl.username': APP_USER.username,
    'sasl.password': APP_USER.password,
    ...(group === undefined ? { 'message.timeout.ms': '20000' } : { ...READS, ...SESSION }),
  }),
  kafkajs: (_app, { caFile }) => ({
    ...SESSION,
    'ssl.ca.location': caFile,
    'sasl.username': APP_USER.username,
    'sasl.password': APP_USER.password,
  }),
}
