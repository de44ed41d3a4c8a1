import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { parseConfig } from '../../src/config/index.ts'
import { readText } from './sources.ts'

interface Service {
  readonly image?: string
  readonly environment?: Readonly<Record<string, string | number>>
  readonly healthcheck?: { readonly test: readonly string[] }
  readonly mem_limit?: string
  readonly cpus?: number
  readonly command?: readonly string[]
  readonly profiles?: readonly string[]
}

const text = readText('docker-compose.multi.yml')
const file = parse(text, { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>
  readonly configs: { readonly isthmus: { readonly content: string } }
}
const services = Object.entries(file.services)
const brokers = services.filter(([, { environment }]) => environment?.['KAFKA_PROCESS_ROLES'] !== undefined)
const processes = services.filter(([, { command }]) => command?.[0] === 'run')

/** What one broker cannot do without: the official image fills in nothing of it. */
const NEEDED = `PROCESS_ROLES NODE_ID CONTROLLER_QUORUM_VOTERS CONTROLLER_LISTENER_NAMES LISTENERS ADVERTISED_LISTENERS
  LISTENER_SECURITY_PROTOCOL_MAP INTER_BROKER_LISTENER_NAME AUTHORIZER_CLASS_NAME SUPER_USERS LOG_DIRS
  GROUP_INITIAL_REBALANCE_DELAY_MS`
  .split(/\s+/)
  .map((name) => `KAFKA_${name}`)
/** With one broker, each topic that Kafka makes for itself has to be told so. */
const ONES = `DEFAULT_REPLICATION_FACTOR MIN_INSYNC_REPLICAS OFFSETS_TOPIC_REPLICATION_FACTOR
  TRANSACTION_STATE_LOG_REPLICATION_FACTOR TRANSACTION_STATE_LOG_MIN_ISR
  SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR`
  .split(/\s+/)
  .map((name) => `KAFKA_${name}`)

test('every value that a broker needs stands in the file', () => {
  expect(brokers.map(([name]) => name)).toEqual(['eu-west', 'us-east', 'ap-south'])
  for (const [name, { environment = {} }] of brokers) {
    expect(
      NEEDED.filter((key) => environment[key] === undefined),
      name,
    ).toEqual([])
    expect(
      ONES.filter((key) => Number(environment[key]) !== 1),
      name,
    ).toEqual([])
    expect(String(environment['CLUSTER_ID']), name).toMatch(/^[A-Za-z0-9_-]{22}$/)
  }
  expect(new Set(brokers.map(([, { environment }]) => environment?.['CLUSTER_ID'])).size).toBe(brokers.length)
})

test('health checks start no JVM, and everything has limits', () => {
  const checks = services.flatMap(([, { healthcheck }]) => healthcheck?.test.join(' ') ?? [])
  expect(checks).toHaveLength(brokers.length + processes.length)
  expect(checks.filter((check) => /kafka-|java/.test(check))).toEqual([])
  expect(services.filter(([, service]) => service.mem_limit === undefined).map(([name]) => name)).toEqual([])
  expect([...brokers, ...processes].filter(([, { cpus }]) => cpus === undefined)).toEqual([])
})

test('each region has a controller and an agent, and two replicators share the copying', () => {
  const roles = processes.map(([, { command = [] }]) => command.slice(command.indexOf('--role') + 1).join(' '))
  const wanted = brokers.flatMap(([region]) => [`controller --region ${region}`, `agent --region ${region}`])
  expect(roles.toSorted()).toEqual([...wanted, 'replicator', 'replicator'].toSorted())
})

test('its configuration is valid, with a region for each broker', () => {
  const content = file.configs.isthmus.content.replaceAll(/\$\{[A-Z_]+:-([^}]*)\}/g, '$1')
  const env = { ISTHMUS_PASSWORD: 'a', CANARY_PASSWORD: 'b' }
  const { config, problems } = parseConfig(content, '/etc/isthmus', { readFile: () => '', env })
  expect(problems.filter(({ severity }) => severity === 'error')).toEqual([])
  expect([...(config?.regions.keys() ?? [])].map(String)).toEqual(brokers.map(([name]) => name))
})

test('ports are open to this machine alone', () => {
  const ports = [...text.matchAll(/ports: \["([^"]+)"/g)].map(([, port = '']) => port)
  expect(ports.length).toBeGreaterThan(brokers.length)
  expect(ports.filter((port) => !port.startsWith('127.0.0.1:${'))).toEqual([])
})
