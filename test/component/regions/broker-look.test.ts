import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { systemClock, systemRandom } from '../../../src/core/index.ts'
import { type ClusterOptions, openCluster } from '../../../src/kafka/index.ts'
import { createAuthority } from '../../../src/local/index.ts'
import { HEALTH_TOPIC } from '../../../src/regions/index.ts'
import { lookAtBroker } from '../../../src/regions/broker-look.ts'
import { startFakeBroker } from '../../support/fake-broker/broker.ts'
import { API_VERSIONS_KEY, goldenApiVersions, startScriptedBroker } from '../../support/scripted-broker.ts'

/** Whether what is at the other end is there and says no, or may as well be nothing. */
const context = { clock: systemClock, random: systemRandom }

async function look(address: string, options: Pick<ClusterOptions, 'tls' | 'sasl'> = {}, timeoutMs = 400) {
  await using cluster = openCluster({
    name: 'eu',
    bootstrap: [address],
    connectTimeoutMs: 5_000,
    requestTimeoutMs: 5_000,
    ...options,
    context,
  })
  const bound = { clock: systemClock, region: 'eu', timeoutMs, signal: AbortSignal.timeout(10_000) }
  const found = await lookAtBroker({ ...bound, cluster, topic: HEALTH_TOPIC }, { address, nodeId: undefined })
  found.channel?.close()
  return found
}

/** Takes connections, as a proxy does, and ends each as soon as the client has said anything. */
async function startProxyOfNothing(): Promise<AsyncDisposable & { readonly address: string }> {
  const hangUp = (socket: Socket) => {
    socket.on('error', () => undefined).once('data', () => socket.destroy())
  }
  const server = createServer(hangUp).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.close()
      await once(server, 'close')
    },
  }
}

test('a broker that answers: connected, with its view of the brokers', async () => {
  await using broker = await startFakeBroker()
  const [address = ''] = broker.bootstrap
  const { finding, metadata } = await look(address, {}, 5_000)
  expect(finding).toMatchObject({ address, state: 'answers', code: '', isFresh: true })
  expect(finding.connectMs).toBeGreaterThan(0)
  expect(metadata?.topics).toMatchObject([{ name: HEALTH_TOPIC, errorCode: 3 }])
})

test('nobody there is silence', async () => {
  expect((await look('127.0.0.1:1')).finding).toMatchObject({ state: 'silent', code: 'KAFKA_UNREACHABLE' })
})

test('a broker that takes the connection and says nothing is silence, within the bound of the look', async () => {
  await using broker = await startScriptedBroker(() => 'silence')
  const { finding } = await look(broker.address)
  expect(finding).toMatchObject({ state: 'silent', code: 'REGION_LOOK_TIMED_OUT', connectMs: undefined })
  await expect.poll(() => broker.connectionCount()).toBe(0)
})

test('a broker that stops after the versions is silence, though it could be connected to', async () => {
  await using broker = await startScriptedBroker((key) => (key === API_VERSIONS_KEY ? goldenApiVersions() : 'silence'))
  const { finding } = await look(broker.address)
  expect(finding).toMatchObject({ state: 'silent', code: 'REGION_LOOK_TIMED_OUT' })
  expect(finding.connectMs).toBeGreaterThan(0)
  await expect.poll(() => broker.connectionCount()).toBe(0)
})

test.each([
  ['plaintext', {}],
  ['TLS', { tls: {} }],
  ['SASL', { sasl: { mechanism: 'plain', username: 'a', password: 'b' } as const }],
])('a proxy in front of nothing, which hangs up on %s, is silence', async (_, options) => {
  await using proxy = await startProxyOfNothing()
  expect((await look(proxy.address, options, 5_000)).finding.state).toBe('silent')
})

test('a certificate that is not trusted is a refusal: something is there', async () => {
  const authority = await createAuthority({ commonName: 'test authority', now: new Date() })
  const issued = await authority.issueCertificate({ commonName: 'localhost', dnsNames: ['localhost'] })
  const tls = { cert: issued.certificate, key: issued.privateKey }
  await using broker = await startScriptedBroker(() => 'silence', tls)
  expect((await look(broker.address, { tls: {} }, 5_000)).finding).toMatchObject({
    state: 'refuses',
    code: 'KAFKA_TLS_FAILED',
  })
})
