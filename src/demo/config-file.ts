import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { GROUPS, type LocalRegion } from '../local/index.ts'
import { TOPIC_PREFIXES, USERS, userOf } from './regions.ts'

export const GROUP_NAME = 'sensors'

/**
 * What a link may carry, for each reading a second and at least. The fleet and the results of the analytics take less
 * than half of it; a peak does not fit, as on any line between regions, and a region that is lost then takes records
 * along.
 */
const LINE_MEGABYTES_PER_READING = 0.002_5
const LINE_MEGABYTES_LEAST = 0.5

/** Where the files of a demo are: the configuration, and what Kafka's own tools need to connect. */
export interface DemoFiles {
  readonly configFile: string
  /** By region, for `--command-config`, `--consumer.config` and `--producer.config`. */
  readonly clientFiles: ReadonlyMap<string, string>
}

export interface FileFacts {
  readonly regions: readonly LocalRegion[]
  /** Of the API. */
  readonly port: number
  /** Readings a second. */
  readonly ratePerSecond: number
}

export function writeFiles(folder: string, facts: FileFacts): DemoFiles {
  const { regions } = facts
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
  return { configFile: write('isthmus.yaml', renderConfig(facts)), clientFiles }
}

function passwordFile(region: LocalRegion, user: string): string {
  return `${region.name}-${user}.password`
}

function renderConfig({ regions, port, ratePerSecond }: FileFacts): string {
  const line = Math.max(LINE_MEGABYTES_LEAST, LINE_MEGABYTES_PER_READING * ratePerSecond)
  const names = regions.map(({ name }) => name).join(', ')
  return `apiVersion: isthmus/v1
regions:
${regions.map(renderRegion).join('\n')}
failoverGroups:
  - name: ${GROUP_NAME}
    regions: [${names}]
    topics: { include: [${TOPIC_PREFIXES.map((prefix) => `"${prefix}*"`).join(', ')}] }
    consumerGroups: { include: [${Object.values(GROUPS).join(', ')}] }
    traffic: { maxMegabytesPerSecond: ${line} }
    # A demo moves again at once, and nobody commits a position behind the fence: the analytics write it with results.
    failover: { cooldownSeconds: 0, groupGraceSeconds: 1 }
authority: { kind: sqlite, path: isthmus.db }
api: { listen: "127.0.0.1:${port}" }
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
