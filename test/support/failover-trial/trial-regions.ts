import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { KafkaConfig } from 'kafkajs'
import { systemClock, systemRandom } from '../../../src/core/index.ts'
import { type AclBinding, type Cluster, openCluster } from '../../../src/kafka/index.ts'
import { type ExtraListener, type LocalRegion, localPorts, startRegion } from '../../../src/local/index.ts'
import { CANARY_PREFIX } from '../../../src/replication/index.ts'
import { eventually, type RegionEntry } from '../isthmus-process.ts'
import { AppGate } from './app-gate.ts'
import { GateControl } from './gate-control.ts'

/** Regions of a failover group, and how everybody reaches them: Isthmus as a super user, applications as ordinary ones. */
export interface TrialRegion {
  readonly name: string
  readonly region: LocalRegion
  /** The super user's. */
  readonly admin: Cluster
  /** For Isthmus. */
  readonly entry: RegionEntry
  /** The same for an agent beside it: with the `gate` of a plain region. */
  readonly agentEntry: RegionEntry
  /** Java properties of applications, and of the reader that judges. */
  readonly appProperties: string
  readonly judgeProperties: string
  /** How kafkajs connects as an application. */
  readonly kafka: Pick<KafkaConfig, 'brokers' | 'ssl' | 'sasl'>
  /** Of plain regions. */
  readonly gate: AppGate | undefined
  /** What its fence command and its gate talk to. */
  readonly control: GateControl | undefined
}

export interface RegionsOptions {
  readonly names: readonly string[]
  readonly isSecured: boolean
  /** Of the first region, where it is secured. @defaultValue 1 */
  readonly homeBrokers?: 1 | 3
  /** Listeners beside the usual ones, by name of a secured region. @defaultValue none */
  readonly listeners?: Readonly<Record<string, readonly ExtraListener[]>>
  /** For certificates. */
  readonly folder: string
  readonly signal: AbortSignal
}

export const TOPIC_PREFIX = 'orders.'
/** Of topics that are nobody's. */
export const OTHER_PREFIX = 'elsewhere'
export const GROUP_PREFIX = 'readers-'
const TRANSACTION_PREFIX = 'writer-'
const APP = 'app'
/** The other ordinary user of a secured region. */
const CANARY = 'isthmus'
const LIMIT_MS = 30_000
/** A member that may not leave because its group is fenced is gone after its session; trials do not wait 45 s for that. */
const SESSION_MS = '4000'
export const SHORT_SESSIONS = {
  'group.min.session.timeout.ms': SESSION_MS,
  'group.consumer.min.session.timeout.ms': SESSION_MS,
  'group.consumer.session.timeout.ms': SESSION_MS,
  'group.consumer.min.heartbeat.interval.ms': '1000',
  'group.consumer.heartbeat.interval.ms': '1000',
}

export class TrialRegions implements AsyncDisposable {
  readonly all: readonly TrialRegion[]
  readonly #stack: AsyncDisposableStack

  private constructor(all: readonly TrialRegion[], stack: AsyncDisposableStack) {
    this.all = all
    this.#stack = stack
  }

  static async start(options: RegionsOptions): Promise<TrialRegions> {
    await using stack = new AsyncDisposableStack()
    const all = options.isSecured ? await startSecured(options, stack) : await startPlain(options, stack)
    for (const { admin } of all) stack.defer(() => admin.close())
    return new TrialRegions(all, stack.move())
  }

  get(name: string): TrialRegion {
    const found = this.all.find((region) => region.name === name)
    if (found === undefined) throw new Error(`no region ${name}`)
    return found
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync()
  }
}

async function startPlain(options: RegionsOptions, stack: AsyncDisposableStack): Promise<TrialRegion[]> {
  const { names, signal } = options
  const ports = await localPorts.take(names.length)
  const regions = await Promise.all(
    names.map((name, at) => {
      return startRegion({ name, signal, brokerConfig: SHORT_SESSIONS, advertisedPorts: ports.slice(at, at + 1) })
    }),
  )
  const gates = new Map<string, AppGate>()
  for (const [at, region] of regions.entries()) {
    stack.use(region)
    const targetPort = Number(region.bootstrap[0]?.split(':')[1])
    const gate = stack.use(await AppGate.start({ listenPort: ports[at] ?? 0, targetPort }))
    gates.set(region.name, gate)
  }
  const control = stack.use(await GateControl.start(gates))
  return regions.map((region, at): TrialRegion => {
    const { name } = region
    const bootstrap = [`127.0.0.1:${ports[at]}`]
    const appProperties = `bootstrap.servers=${bootstrap.join(',')}\n`
    const context = { clock: systemClock, random: systemRandom }
    return {
      name,
      region,
      admin: openCluster({ name, bootstrap, context }),
      entry: { name, bootstrap, access: control.fence },
      agentEntry: { name, bootstrap, access: `${control.fence}, ${control.gate}` },
      appProperties,
      judgeProperties: appProperties,
      kafka: { brokers: bootstrap },
      gate: gates.get(name),
      control,
    }
  })
}

async function startSecured(options: RegionsOptions, stack: AsyncDisposableStack): Promise<TrialRegion[]> {
  const { names, homeBrokers = 1, signal } = options
  const regions = await Promise.all(
    names.map((name, at) => {
      const brokerConfig = { ...SHORT_SESSIONS, 'min.insync.replicas': '1' }
      const listeners = options.listeners?.[name] ?? []
      return startRegion({ name, signal, secured: true, brokers: at === 0 ? homeBrokers : 1, brokerConfig, listeners })
    }),
  )
  for (const region of regions) stack.use(region)
  const all = regions.map((region) => securedRegion(region, options.folder))
  for (const { admin } of all) await grant(admin, signal)
  return all
}

function securedRegion(region: LocalRegion, folder: string): TrialRegion {
  const { name, bootstrap, security } = region
  if (security === undefined) throw new Error(`${name} is not secured`)
  const userOf = (username: string) => {
    const user = [security.admin, ...security.users].find((it) => it.username === username)
    if (user === undefined) throw new Error(`${name} has no user ${username}`)
    return user
  }
  const files = join(folder, name)
  mkdirSync(files, { recursive: true })
  const caFile = join(files, 'ca.pem')
  writeFileSync(caFile, security.tls.ca)
  const sasl = (username: string) => {
    const passwordFile = join(files, `${username}.password`)
    writeFileSync(passwordFile, userOf(username).password, { mode: 0o600 })
    return `sasl: { mechanism: scram-sha-512, username: ${username}, passwordFile: ${passwordFile} }`
  }
  const properties = (username: string) =>
    [
      `bootstrap.servers=${bootstrap.join(',')}`,
      'security.protocol=SASL_SSL',
      'ssl.truststore.type=PEM',
      `ssl.truststore.location=${caFile}`,
      'sasl.mechanism=SCRAM-SHA-512',
      `sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username="${username}" ` +
        `password="${userOf(username).password}";`,
      '',
    ].join('\n')
  const admin = openCluster({
    name,
    bootstrap,
    tls: { ca: security.tls.ca },
    sasl: { mechanism: 'scram-sha-512', ...security.admin },
    context: { clock: systemClock, random: systemRandom },
  })
  const access = [`tls: { caFile: ${caFile} }`, sasl(security.admin.username), `canary: { ${sasl(CANARY)} }`].join(', ')
  return {
    name,
    region,
    admin,
    entry: { name, bootstrap, access },
    agentEntry: { name, bootstrap, access },
    appProperties: properties(APP),
    judgeProperties: properties(security.admin.username),
    kafka: {
      brokers: [...bootstrap],
      ssl: { ca: [security.tls.ca] },
      sasl: { mechanism: 'scram-sha-512', ...userOf(APP) },
    },
    gate: undefined,
    control: undefined,
  }
}

/** The same rights everywhere, as an operator grants them; what may be written where is the fences' business. */
async function grant(admin: Cluster, signal: AbortSignal): Promise<void> {
  const [app, canary] = [`User:${APP}`, `User:${CANARY}`]
  await grantRights(
    admin,
    [
      { principal: app, resource: 'topic', prefix: TOPIC_PREFIX, operations: ['read', 'write', 'describe'] },
      { principal: app, resource: 'topic', prefix: OTHER_PREFIX, operations: ['write', 'describe'] },
      { principal: app, resource: 'group', prefix: GROUP_PREFIX, operations: ['read', 'describe'] },
      { principal: app, resource: 'transactional-id', prefix: TRANSACTION_PREFIX, operations: ['write', 'describe'] },
      { principal: canary, resource: 'topic', prefix: TOPIC_PREFIX, operations: ['write', 'describe'] },
      // What drills write and read; see `canary` in the reference of the configuration.
      { principal: canary, resource: 'topic', prefix: CANARY_PREFIX, operations: ['read', 'write', 'describe'] },
      { principal: canary, resource: 'group', prefix: CANARY_PREFIX, operations: ['read', 'describe'] },
    ],
    signal,
  )
}

interface Right {
  readonly principal: string
  readonly resource: AclBinding['resource']
  readonly prefix: string
  readonly operations: readonly AclBinding['operation'][]
}

/** Returns once they are in force. */
export async function grantRights(admin: Cluster, rights: readonly Right[], signal: AbortSignal): Promise<void> {
  const bindings = rights.flatMap(({ principal, resource, prefix: name, operations }) =>
    operations.map((operation): AclBinding => {
      return { resource, name, pattern: 'prefixed', principal, host: '*', operation, permission: 'allow' }
    }),
  )
  const [broker] = (await admin.metadata([], signal)).brokers
  const refused = (await admin.createAcls(bindings, signal, broker?.nodeId ?? 1)).find(
    ({ errorCode }) => errorCode !== 0,
  )
  if (refused !== undefined) throw new Error(`rights were refused: ${JSON.stringify(refused)}`)
  const areThere = async () => ((await admin.describeAcls({}, signal)).length >= bindings.length ? true : undefined)
  await eventually('rights are in force', areThere, { limitMs: LIMIT_MS, signal })
}
