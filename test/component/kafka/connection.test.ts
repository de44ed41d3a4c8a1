import { expect, test } from 'vitest'
import { type Fault, isFault, systemClock, systemRandom } from '../../../src/core/index.ts'
import { type ClusterOptions, openCluster } from '../../../src/kafka/index.ts'
import { createAuthority } from '../../../src/local/index.ts'
import {
  type Answer,
  API_VERSIONS_KEY,
  goldenApiVersions,
  type ScriptedBroker,
  startScriptedBroker,
} from '../../support/scripted-broker.ts'

const context = { clock: systemClock, random: systemRandom }
const signal = () => AbortSignal.timeout(10_000)

function optionsFor(broker: ScriptedBroker, more: Partial<ClusterOptions> = {}): ClusterOptions {
  return { name: 'eu', bootstrap: [broker.address], connectTimeoutMs: 400, requestTimeoutMs: 400, context, ...more }
}

/** The fault that a first metadata call ends with. */
async function faultOf(options: ClusterOptions): Promise<Fault> {
  await using cluster = openCluster(options)
  const error: unknown = await cluster.metadata([], signal()).catch((error: unknown) => error)
  if (!isFault(error)) throw new Error('no fault', { cause: error })
  return error
}

function afterVersions(then: Answer): (key: number) => Answer {
  return (key) => (key === API_VERSIONS_KEY ? goldenApiVersions() : then)
}

async function makeCertificates(host: string): Promise<{ ca: string; cert: string; key: string }> {
  const authority = await createAuthority({ commonName: 'test authority', now: new Date() })
  const issued = await authority.issueCertificate({ commonName: host, dnsNames: [host] })
  return { ca: authority.certificate, cert: issued.certificate, key: issued.privateKey }
}

test('a broker that accepts and stays silent is given up after the connect timeout', async () => {
  await using broker = await startScriptedBroker(() => 'silence')
  const startedMs = performance.now()
  const fault = await faultOf(optionsFor(broker))
  expect(fault.code).toBe('KAFKA_UNREACHABLE')
  expect(fault.message).toContain('no answer within 400 ms')
  expect(performance.now() - startedMs).toBeLessThan(3_000)
})

test('a request that times out ends its connection', async () => {
  await using broker = await startScriptedBroker(afterVersions('silence'))
  await using cluster = openCluster(optionsFor(broker))
  const error: unknown = await cluster.metadata([], signal()).catch((error: unknown) => error)
  expect(isFault(error, 'KAFKA_UNREACHABLE')).toBe(true)
  expect((error as Fault).cause).toMatchObject({ code: 'KAFKA_REQUEST_TIMED_OUT' })
  await expect.poll(() => broker.connectionCount()).toBe(0)
})

test('a broker that hangs up hints at SASL where none is set', async () => {
  await using broker = await startScriptedBroker(afterVersions('hang up'))
  const fault = await faultOf(optionsFor(broker))
  expect(fault.cause).toMatchObject({ code: 'KAFKA_CONNECTION_LOST' })
  expect(fault.message).toContain('wants SASL')
})

test('an answer that is cut short cannot be read', async () => {
  await using broker = await startScriptedBroker(afterVersions(Buffer.from([0, 0])))
  expect(await faultOf(optionsFor(broker))).toMatchObject({ code: 'KAFKA_RESPONSE_UNREADABLE', retriable: false })
})

test('a broker without topic ids is refused by name of the API', async () => {
  // error 0, one API: Metadata up to v9, throttle 0, no tags
  const old = Buffer.from('000002000300000009000000000000', 'hex')
  await using broker = await startScriptedBroker((key) => (key === API_VERSIONS_KEY ? old : 'silence'))
  expect(await faultOf(optionsFor(broker))).toMatchObject({ code: 'KAFKA_VERSION_UNSUPPORTED' })
})

test('an aborted call ends at once and leaves the connection to others', async () => {
  await using broker = await startScriptedBroker(afterVersions('silence'))
  await using cluster = openCluster(optionsFor(broker, { requestTimeoutMs: 20_000 }))
  const reason = new Error('enough')
  const abort = new AbortController()
  const called = cluster.metadata([], abort.signal)
  await expect.poll(() => broker.requests).toContain(3)
  abort.abort(reason)
  await expect(called).rejects.toBe(reason)
  expect(broker.connectionCount()).toBe(1)
})

test('calls at the same time share one connection', async () => {
  await using broker = await startScriptedBroker(afterVersions('silence'))
  await using cluster = openCluster(optionsFor(broker))
  await Promise.allSettled([1, 2, 3].map(() => cluster.metadata([], signal())))
  expect(broker.requests.filter((key) => key === API_VERSIONS_KEY).length).toBe(1)
})

test('an alert in answer to plaintext names the cause', async () => {
  const alert = Buffer.from('15030300020250', 'hex')
  await using broker = await startScriptedBroker(() => ({ raw: alert }))
  const sasl = { mechanism: 'plain', username: 'isthmus', password: 'secret' } as const
  for (const more of [{}, { sasl }]) {
    const fault = await faultOf(optionsFor(broker, more))
    expect(fault).toMatchObject({ code: 'KAFKA_TLS_FAILED' })
    expect(fault.message).toContain('set to plaintext')
  }
})

test('a certificate of an unknown authority names the cause', async () => {
  const { cert, key } = await makeCertificates('localhost')
  await using broker = await startScriptedBroker(() => 'silence', { cert, key })
  const fault = await faultOf(optionsFor(broker, { tls: {} }))
  expect(fault).toMatchObject({ code: 'KAFKA_TLS_FAILED' })
  expect(fault.remedy).toContain('caFile')
})

test('a certificate for another host names the cause, and serverName is the way out', async () => {
  const { ca, cert, key } = await makeCertificates('kafka.example')
  await using broker = await startScriptedBroker(afterVersions('hang up'), { cert, key })
  const fault = await faultOf(optionsFor(broker, { tls: { ca } }))
  expect(fault.message).toContain('for another host')
  const named = await faultOf(optionsFor(broker, { tls: { ca, serverName: 'kafka.example' } }))
  expect(named.cause).toMatchObject({ code: 'KAFKA_CONNECTION_LOST' })
})

test('a missing client certificate names the cause', async () => {
  const { ca, cert, key } = await makeCertificates('localhost')
  const mutual = { ca, cert, key, requestCert: true, rejectUnauthorized: true }
  await using broker = await startScriptedBroker(() => 'silence', mutual)
  const fault = await faultOf(optionsFor(broker, { tls: { ca, serverName: 'localhost' } }))
  expect(fault.message).toContain('client certificate')
  const known = await faultOf(optionsFor(broker, { tls: { ca, cert, key, serverName: 'localhost' } }))
  expect(known.message).toContain('no answer within 400 ms')
})

test('a key that is no key is refused before anything is dialled', () => {
  expect(() => openCluster({ name: 'eu', bootstrap: ['a:1'], tls: { cert: 'x', key: 'y' }, context })).toThrow(
    expect.toSatisfy((error) => isFault(error, 'KAFKA_TLS_FAILED')),
  )
})

test('an address without port is refused', () => {
  expect(() => openCluster({ name: 'eu', bootstrap: ['kafka'], context })).toThrow(/not host:port/)
})
