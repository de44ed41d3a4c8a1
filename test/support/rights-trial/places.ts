import { writeFileSync } from 'node:fs'
import kafkajs, { type Admin, type Kafka } from 'kafkajs'
import { systemClock, systemRandom } from '../../../src/core/index.ts'
import { type Cluster, openCluster } from '../../../src/kafka/index.ts'
import type { LocalRegion } from '../../../src/local/index.ts'
import { entry } from '../../integration/security/secured-region.ts'
import type { RegionEntry } from '../isthmus-process.ts'
import type { TrialFolder } from '../trial-folder.ts'

/** One of two secured regions, as its administrator has it. */
export interface Place extends AsyncDisposable {
  readonly name: string
  readonly cluster: Cluster
  readonly kafka: Kafka
  readonly admin: Admin
}

export const ISTHMUS = 'isthmus'
const PROVER = 'canary'
const SIZE = '2000000'

export async function openPlace({ name, bootstrap, security }: LocalRegion): Promise<Place> {
  if (security === undefined) throw new Error(`${name} is not secured`)
  const { tls, admin: login } = security
  const context = { clock: systemClock, random: systemRandom }
  const sasl = { mechanism: 'scram-sha-512' as const, ...login }
  const cluster = openCluster({ name, bootstrap, tls: { ca: tls.ca }, sasl, context })
  const kafka = new kafkajs.Kafka({
    brokers: [...bootstrap],
    ssl: { ca: [tls.ca] },
    sasl,
    logLevel: kafkajs.logLevel.NOTHING,
  })
  const admin = kafka.admin()
  await admin.connect()
  return {
    name,
    cluster,
    kafka,
    admin,
    async [Symbol.asyncDispose]() {
      await Promise.all([cluster.close(), admin.disconnect()])
    },
  }
}

/** What the principal that proves fences needs. */
export const PROOF = (['write', 'describe'] as const).map((operation) => entry(`User:${PROVER}`, { operation }))

/** Isthmus is no super user here. */
export function accessOf({ name, bootstrap, security }: LocalRegion, folder: TrialFolder): RegionEntry {
  const write = (file: string, text: string) => {
    writeFileSync(folder.file(file), text, { mode: 0o600 })
    return folder.file(file)
  }
  const login = (username: string) => {
    const user = security?.users.find((one) => one.username === username)
    const passwordFile = write(`${name}.${username}`, user?.password ?? '')
    return `sasl: { mechanism: scram-sha-512, username: ${username}, passwordFile: ${passwordFile} }`
  }
  const tls = `tls: { caFile: ${write(`${name}.pem`, security?.tls.ca ?? '')} }`
  return { name, bootstrap, access: `${tls}, ${login(ISTHMUS)}, canary: { ${login(PROVER)} }` }
}

export async function produce({ kafka }: Place, topic: string, count: number): Promise<void> {
  const producer = kafka.producer()
  await producer.connect()
  try {
    await producer.send({ topic, messages: Array.from({ length: count }, (_, at) => ({ value: `${at}` })) })
  } finally {
    await producer.disconnect()
  }
}

/** By partition; none while the topic is not there. */
export async function rangesOf({ admin }: Place, topic: string): Promise<readonly string[]> {
  const offsets = await admin.fetchTopicOffsets(topic).catch(() => [])
  return offsets.toSorted((a, b) => a.partition - b.partition).map(({ low, high }) => `${low}-${high}`)
}

export async function positionOf({ admin }: Place, groupId: string, topic: string): Promise<string | undefined> {
  const [found] = await admin.fetchOffsets({ groupId, topics: [topic] }).catch(() => [])
  return found?.partitions.find(({ partition }) => partition === 0)?.offset
}

export async function raiseSize({ admin }: Place, name: string): Promise<void> {
  const configEntries = [{ name: 'max.message.bytes', value: SIZE }]
  await admin.alterConfigs({
    validateOnly: false,
    resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name, configEntries }],
  })
}

export async function isSizeRaised({ admin }: Place, name: string): Promise<boolean> {
  const wanted = [{ type: kafkajs.ConfigResourceTypes.TOPIC, name, configNames: ['max.message.bytes'] }]
  const { resources } = await admin.describeConfigs({ includeSynonyms: false, resources: wanted })
  return resources[0]?.configEntries[0]?.configValue === SIZE
}
