import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Cluster } from '../../../src/kafka/index.ts'
import { openCluster } from '../../../src/kafka/index.ts'
import { systemClock, systemRandom } from '../../../src/core/index.ts'
import { type LocalRegion, localPorts, startRegion } from '../../../src/local/index.ts'
import { grantRights, GROUP_PREFIX, SHORT_SESSIONS, TOPIC_PREFIX } from '../failover-trial/trial-regions.ts'
import type { RegionEntry } from '../isthmus-process.ts'
import { Door } from './door.ts'

/** A region whose clients come in by a door. Isthmus has a listener of its own, as clients are no business of it. */
export interface ClientRegion {
  readonly name: string
  readonly region: LocalRegion
  readonly door: Door
  /** The super user's, past the door. */
  readonly admin: Cluster
  readonly entry: RegionEntry
  /** Java properties of a reader that may read everything. */
  readonly judgeProperties: string
}

export interface ClientRegions extends AsyncDisposable {
  readonly all: readonly ClientRegion[]
  /** The address that all clients are given; it leads to the door of the first region. */
  readonly address: Door
  /** PEM file of both regions' authorities. */
  readonly caFile: string
}

/** An ordinary user of both regions, as fixed as their other passwords. */
export const APP_USER = { username: 'app', password: 'app-secret' }
const CANARY = 'isthmus-canary'

export async function startClientRegions(
  names: readonly string[],
  { folder, signal }: { readonly folder: string; readonly signal: AbortSignal },
): Promise<ClientRegions> {
  await using stack = new AsyncDisposableStack()
  const ports = await localPorts.take(names.length + 1)
  const all = await Promise.all(
    names.map(async (name, at) => {
      const brokerConfig = { ...SHORT_SESSIONS, 'min.insync.replicas': '1' }
      const port = ports[at] ?? 0
      const options = { name, signal, secured: true, brokers: 1 as const, brokerConfig, advertisedPorts: [port] }
      const region = stack.use(await startRegion(options))
      const targetPort = Number(region.bootstrap[0]?.split(':')[1])
      const door = stack.use(await Door.start({ port, targetPort }))
      return await describeRegion(region, { door, folder })
    }),
  )
  for (const { admin } of all) {
    stack.defer(() => admin.close())
    await grant(admin, signal)
  }
  const address = stack.use(await Door.start({ port: ports.at(-1) ?? 0, targetPort: all[0]?.door.port ?? 0 }))
  const caFile = join(folder, 'clients-ca.pem')
  writeFileSync(caFile, all.map(({ region }) => region.security?.tls.ca ?? '').join('\n'))
  const own = stack.move()
  return { all, address, caFile, [Symbol.asyncDispose]: () => own.disposeAsync() }
}

async function describeRegion(
  region: LocalRegion,
  { door, folder }: { readonly door: Door; readonly folder: string },
): Promise<ClientRegion> {
  const { name, security } = region
  if (security === undefined) throw new Error(`${name} is not secured`)
  const { tls, authority, mtlsBootstrap: bootstrap } = security
  const files = join(folder, name)
  mkdirSync(files, { recursive: true })
  const file = (called: string, content: string) => {
    const path = join(files, called)
    writeFileSync(path, content, { mode: 0o600 })
    return path
  }
  const canary = await authority.issueCertificate({ commonName: CANARY })
  const ca = file('ca.pem', tls.ca)
  const own = `certFile: ${file('isthmus.crt', tls.cert)}, keyFile: ${file('isthmus.key', tls.key)}`
  const ownCanary = `certFile: ${file('canary.crt', canary.certificate)}, keyFile: ${file('canary.key', canary.privateKey)}`
  const store = file('judge.pem', tls.key + tls.cert)
  return {
    name,
    region,
    door,
    admin: openCluster({ name, bootstrap, tls, context: { clock: systemClock, random: systemRandom } }),
    entry: {
      name,
      bootstrap,
      access: `tls: { caFile: ${ca}, ${own} }, canary: { principal: "User:CN=${CANARY}", tls: { ${ownCanary} } }`,
    },
    judgeProperties: [
      `bootstrap.servers=${bootstrap.join(',')}`,
      'security.protocol=SSL',
      'ssl.truststore.type=PEM',
      `ssl.truststore.location=${ca}`,
      'ssl.keystore.type=PEM',
      `ssl.keystore.location=${store}`,
      '',
    ].join('\n'),
  }
}

async function grant(admin: Cluster, signal: AbortSignal): Promise<void> {
  await grantRights(
    admin,
    [
      {
        principal: `User:${APP_USER.username}`,
        resource: 'topic',
        prefix: TOPIC_PREFIX,
        operations: ['read', 'write', 'describe'],
      },
      {
        principal: `User:${APP_USER.username}`,
        resource: 'group',
        prefix: GROUP_PREFIX,
        operations: ['read', 'describe'],
      },
      { principal: `User:CN=${CANARY}`, resource: 'topic', prefix: TOPIC_PREFIX, operations: ['write', 'describe'] },
    ],
    signal,
  )
}
