import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { GROUPS, type LocalRegion } from '../local/index.ts'
import { TOPIC_PREFIXES, USERS, userOf } from './regions.ts'

export const GROUP_NAME = 'sensors'

/** Where the files of a demo are: the configuration, and what Kafka's own tools need to connect. */
export interface DemoFiles {
  readonly configFile: string
  /** By region, for `--command-config`, `--consumer.config` and `--producer.config`. */
  readonly clientFiles: ReadonlyMap<string, string>
}

/** The port is that of the API. */
export function writeFiles(folder: string, regions: readonly LocalRegion[], port: number): DemoFiles {
  const write = (name: string, text: string) => {
    const path = join(folder, name)
    writeFileSync(path, text, { mode: 0o600 })
    return path
  }
  const clientFiles = new Map<string, string>()
  for (const region of regions) {
    const caFile = write(`${region.name}-ca.pem`, region.security?.tls.ca ?? '')
    for (const name of [USERS.isthmus, USERS.canary]) write(passwordFile(region, name), userOf(region, name).password)
    clientFiles.set(region.name, write(`${region.name}.properties`, renderClientProperties(region, caFile)))
  }
  return { configFile: write('isthmus.yaml', renderConfig(regions, port)), clientFiles }
}

function passwordFile(region: LocalRegion, user: string): string {
  return `${region.name}-${user}.password`
}

function renderConfig(regions: readonly LocalRegion[], port: number): string {
  const names = regions.map(({ name }) => name).join(', ')
  return `apiVersion: isthmus/v1
regions:
${regions.map(renderRegion).join('\n')}
failoverGroups:
  - name: ${GROUP_NAME}
    regions: [${names}]
    topics: { include: [${TOPIC_PREFIXES.map((prefix) => `"${prefix}*"`).join(', ')}] }
    consumerGroups: { include: [${Object.values(GROUPS).join(', ')}] }
    # A demo moves again at once, and nobody commits a position behind the fence: the analytics write it with results.
    failover: { cooldownSeconds: 0, groupGraceSeconds: 1 }
authority: { kind: sqlite, path: isthmus.db }
# A demo is open to everyone on this machine. Elsewhere api.auth says who may do what.
api: { listen: "127.0.0.1:${port}", anonymous: admin }
`
}

function renderRegion(region: LocalRegion): string {
  const { name, bootstrap } = region
  const login = (user: string) =>
    `{ mechanism: scram-sha-512, username: ${user}, passwordFile: ${passwordFile(region, user)} }`
  return `  - name: ${name}
    bootstrap: [${bootstrap.join(', ')}]
    tls: { caFile: ${name}-ca.pem }
    sasl: ${login(USERS.isthmus)}
    canary: { sasl: ${login(USERS.canary)} }`
}

/** As an application; Java reads it. */
function renderClientProperties(region: LocalRegion, caFile: string): string {
  const { username, password } = userOf(region, USERS.application)
  const login = 'org.apache.kafka.common.security.scram.ScramLoginModule required'
  return `security.protocol=SASL_SSL
sasl.mechanism=SCRAM-SHA-512
sasl.jaas.config=${login} username="${username}" password="${password}";
ssl.truststore.type=PEM
ssl.truststore.location=${caFile}
`
}
