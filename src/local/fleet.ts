import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../core/index.ts'
import { type LocalBroker, OLD_TLS_FILE } from './broker.ts'
import { classArchive } from './class-archive.ts'
import { CONTAINER_DATA_DIR, CONTAINER_DIR, ContainerBroker } from './container-broker.ts'
import { createNetwork, removeNetwork } from './container-engine.ts'
import type { JvmPrograms, LocalEngine } from './engine.ts'
import { guardEntry, releaseEntry } from './guardian.ts'
import { JvmBroker } from './jvm-broker.ts'
import { kafkaClasspath } from './kafka-classpath.ts'
import type { KafkaRelease } from './kafka-release.ts'
import { localPorts } from './ports.ts'
import type { SecurityMaterial } from './region-security.ts'
import { ADVERTISED_HOST, type BrokerAddress, brokerProperties, type ExtraListener } from './server-properties.ts'

/** What both engines need to know to make a region's brokers. */
export interface FleetPlan {
  readonly release: KafkaRelease
  readonly region: string
  /** Unique on this machine: names containers and the network. */
  readonly runName: string
  readonly clusterId: string
  readonly brokerCount: number
  readonly heapMb: number
  readonly overrides: Readonly<Record<string, string>>
  /** Of single brokers, by index. */
  readonly overridesOf: readonly Readonly<Record<string, string>>[]
  readonly listeners: readonly ExtraListener[]
  readonly oldTls: boolean
  /** By broker; where there is none the broker's own port is advertised. */
  readonly advertisedPorts: readonly number[]
  /** For files that go when the region stops. */
  readonly workDir: string
  readonly logDir: string
  readonly security: SecurityMaterial | undefined
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly onProgress: (line: string) => void
}

/** The brokers of one region, made but not started. */
export interface Fleet {
  readonly engine: LocalEngine
  readonly brokers: readonly LocalBroker[]
  readonly addresses: readonly BrokerAddress[]
  /** Kills the brokers and deletes everything but their logs. */
  remove(): Promise<void>
}

/** Ports inside containers, where nothing else listens. */
const INTERNAL_PORT = 9_094
const CONTROLLER_PORT = 9_093
const PORTS_EACH = 4

export async function buildJvmFleet(plan: FleetPlan, programs: JvmPrograms): Promise<Fleet> {
  const classpath = await kafkaClasspath({ ...plan, mavenProgram: programs.mavenProgram })
  const archive = await classArchive({ ...plan, classpath, javaProgram: programs.javaProgram })
  const ports = await localPorts.take(plan.brokerCount * PORTS_EACH)
  const takeExtra = await extraPorts(plan)
  const addresses = nodeIds(plan).map((nodeId, index): BrokerAddress => {
    const [clientPort = 0, mtlsPort = 0, internalPort = 0, controllerPort = 0] = ports.slice(index * PORTS_EACH)
    const host = { bindHost: ADVERTISED_HOST, internalHost: ADVERTISED_HOST }
    const advertisedPort = plan.advertisedPorts[index]
    return {
      nodeId,
      ...host,
      clientPort,
      advertisedPort,
      mtlsPort,
      extraPorts: takeExtra(index),
      internalPort,
      controllerPort,
    }
  })
  const brokers = addresses.map((broker) => {
    const dir = join(plan.workDir, `broker-${broker.nodeId}`)
    return new JvmBroker({
      release: plan.release,
      region: plan.region,
      nodeId: broker.nodeId,
      javaProgram: programs.javaProgram,
      classpath,
      archive,
      heapMb: plan.heapMb,
      dir,
      logFile: logFileOf(plan, broker),
      clientPort: broker.clientPort,
      properties: propertiesOf(plan, broker, addresses, { dataPath: join(dir, 'data'), secretsPath: dir }),
      formatArgs: formatArgsOf(plan),
      files: secretFilesOf(plan),
      clock: plan.clock,
    })
  })
  guardEntry('directory', plan.workDir)
  const remove = async () => {
    await removeAll(brokers)
    await rm(plan.workDir, { recursive: true, force: true })
    releaseEntry('directory', plan.workDir)
  }
  return { engine: 'jvm', brokers, addresses, remove }
}

export async function buildContainerFleet(plan: FleetPlan): Promise<Fleet> {
  const ports = await localPorts.take(plan.brokerCount * 2)
  const takeExtra = await extraPorts(plan)
  // A single broker talks to itself only, which needs no network of its own.
  const network = plan.brokerCount > 1 ? plan.runName : undefined
  const addresses = nodeIds(plan).map((nodeId, index): BrokerAddress => {
    const [clientPort = 0, mtlsPort = 0] = ports.slice(index * 2)
    const host = { bindHost: '0.0.0.0', internalHost: network === undefined ? 'localhost' : `broker-${nodeId}` }
    const advertisedPort = plan.advertisedPorts[index]
    const inside = { internalPort: INTERNAL_PORT, controllerPort: CONTROLLER_PORT }
    return { nodeId, ...host, clientPort, advertisedPort, mtlsPort, extraPorts: takeExtra(index), ...inside }
  })
  if (network !== undefined) {
    guardEntry('network', network)
    await createNetwork(network)
  }
  const brokers = addresses.map(
    (broker) =>
      new ContainerBroker({
        region: plan.region,
        nodeId: broker.nodeId,
        release: plan.release,
        containerName: `${plan.runName}-${broker.nodeId}`,
        network,
        alias: broker.internalHost,
        heapMb: plan.heapMb,
        logFile: logFileOf(plan, broker),
        ports: [broker.clientPort, ...(plan.security === undefined ? [] : [broker.mtlsPort]), ...broker.extraPorts],
        properties: propertiesOf(plan, broker, addresses, { dataPath: CONTAINER_DATA_DIR, secretsPath: CONTAINER_DIR }),
        formatArgs: formatArgsOf(plan),
        files: secretFilesOf(plan),
        clock: plan.clock,
      }),
  )
  const remove = async () => {
    await removeAll(brokers)
    if (network === undefined) return
    await removeNetwork(network)
    releaseEntry('network', network)
  }
  return { engine: 'container', brokers, addresses, remove }
}

/** Those of a broker, by its index. */
async function extraPorts({ brokerCount, listeners }: FleetPlan): Promise<(index: number) => readonly number[]> {
  const ports = await localPorts.take(brokerCount * listeners.length)
  return (index) => ports.slice(index * listeners.length, (index + 1) * listeners.length)
}

const keystoreFile = (listener: string) => `${listener.toLowerCase()}.pem`
const KEYSTORE_FILE = 'broker.pem'
const TRUSTSTORE_FILE = 'authority.pem'

function secretFilesOf({ security, oldTls, listeners }: FleetPlan): Record<string, string> {
  const old = oldTls ? { [OLD_TLS_FILE]: 'jdk.tls.disabledAlgorithms=\n' } : undefined
  if (security === undefined) return { ...old }
  const ofListeners = listeners.flatMap(({ name, keystore }) => {
    return keystore === undefined ? [] : [[keystoreFile(name), keystore] as const]
  })
  return {
    ...old,
    ...Object.fromEntries(ofListeners),
    [KEYSTORE_FILE]: security.brokerPem,
    [TRUSTSTORE_FILE]: security.authorityPem,
  }
}

function propertiesOf(
  plan: FleetPlan,
  broker: BrokerAddress,
  brokers: readonly BrokerAddress[],
  paths: { readonly dataPath: string; readonly secretsPath: string },
): Record<string, string> {
  const { release, security } = plan
  const overrides = { ...plan.overrides, ...plan.overridesOf[broker.nodeId - 1] }
  return brokerProperties({
    major: release.major,
    broker,
    brokers,
    overrides,
    listeners: plan.listeners.map(({ keystore, config, ...listener }) => {
      const location = { 'ssl.keystore.location': `${paths.secretsPath}/${keystoreFile(listener.name)}` }
      return { ...listener, config: { ...(keystore !== undefined && location), ...config } }
    }),
    dataPath: paths.dataPath,
    security: security && {
      keystorePath: `${paths.secretsPath}/${KEYSTORE_FILE}`,
      truststorePath: `${paths.secretsPath}/${TRUSTSTORE_FILE}`,
      superUsers: security.superUsers,
      users: security.users,
    },
  })
}

/** Every node gets the users: whichever controller leads first writes them into the metadata log. */
function formatArgsOf({ clusterId, security }: FleetPlan): string[] {
  const scram = (security?.users ?? []).flatMap(({ username, password }) =>
    ['SCRAM-SHA-512', 'SCRAM-SHA-256'].flatMap((mechanism) => [
      '--add-scram',
      `${mechanism}=[name=${username},password=${password}]`,
    ]),
  )
  return ['-t', clusterId, ...scram]
}

function nodeIds(plan: FleetPlan): number[] {
  return Array.from({ length: plan.brokerCount }, (_, index) => index + 1)
}

function logFileOf(plan: FleetPlan, broker: BrokerAddress): string {
  return join(plan.logDir, `broker-${broker.nodeId}.log`)
}

async function removeAll(brokers: readonly LocalBroker[]): Promise<void> {
  await Promise.all(brokers.map((broker) => broker.remove()))
}
