import { expect, test } from 'vitest'
import { isFault, systemClock, systemRandom } from '../../../src/core/index.ts'
import { openCluster } from '../../../src/kafka/index.ts'
import { FaultProxy } from '../../support/faults/fault-proxy.ts'
import { type FaultAction, FaultScript } from '../../support/faults/fault-script.ts'
import { readGoldens } from '../../support/golden.ts'
import { API_VERSIONS_KEY, goldenApiVersions, startScriptedBroker } from '../../support/scripted-broker.ts'

const METADATA_KEY = 3
const REQUEST_TIMEOUT_MS = 1_000
const golden = readGoldens().find(({ api, version }) => api === 'Metadata' && version === 13)
if (golden === undefined) throw new Error('there is no golden answer to Metadata')
const { clusterId } = golden.output as { readonly clusterId: string }
const metadata = Buffer.from(golden.response, 'hex')

/** What a client is told, and what the broker saw, when a Metadata request meets a fault. */
async function ask(action: FaultAction, during?: (script: FaultScript) => void) {
  await using broker = await startScriptedBroker((key) => (key === API_VERSIONS_KEY ? goldenApiVersions() : metadata))
  const script = new FaultScript()
  script.add({ name: 'fault', api: 'Metadata', action })
  await using proxy = await FaultProxy.start({ listenPort: 0, brokerPort: broker.port, script })
  const bootstrap = [`127.0.0.1:${proxy.port}`]
  const context = { clock: systemClock, random: systemRandom }
  await using cluster = openCluster({ name: 'eu', bootstrap, requestTimeoutMs: REQUEST_TIMEOUT_MS, context })
  const startedMs = performance.now()
  const asked = cluster.metadata('all', AbortSignal.timeout(10_000))
  during?.(script)
  const answer = await asked.then(
    (heard) => heard.clusterId,
    (error: unknown) => (isFault(error) && isFault(error.cause) ? error.cause.code : String(error)),
  )
  const seen = broker.requests.filter((key) => key === METADATA_KEY).length
  return { answer, seen, tookMs: performance.now() - startedMs, counts: script.counts }
}

test.each<[string, FaultAction, string, number]>([
  ['closed before the broker saw it', { kind: 'close' }, 'KAFKA_CONNECTION_LOST', 0],
  ['answered to nobody', { kind: 'lose-answer' }, 'KAFKA_CONNECTION_LOST', 1],
  ['dropped', { kind: 'drop' }, 'KAFKA_REQUEST_TIMED_OUT', 0],
  ['cut in its middle', { kind: 'cut', part: 0.5 }, 'KAFKA_CONNECTION_LOST', 0],
])('a request can be %s', async (_what, action, answer, seen) => {
  expect(await ask(action)).toMatchObject({ answer, seen, counts: { fault: 1 } })
})

test('a request can reach the broker after its connection is gone', async () => {
  await using broker = await startScriptedBroker((key) => (key === API_VERSIONS_KEY ? goldenApiVersions() : metadata))
  const script = new FaultScript()
  script.add({ name: 'fault', api: 'Metadata', action: { kind: 'late', ms: 300 } })
  await using proxy = await FaultProxy.start({ listenPort: 0, brokerPort: broker.port, script })
  const context = { clock: systemClock, random: systemRandom }
  await using cluster = openCluster({ name: 'eu', bootstrap: [`127.0.0.1:${proxy.port}`], context })
  await expect(cluster.metadata('all', AbortSignal.timeout(10_000))).rejects.toMatchObject({
    cause: { code: 'KAFKA_CONNECTION_LOST' },
  })
  expect(broker.requests).not.toContain(METADATA_KEY)
  await expect.poll(() => broker.requests).toContain(METADATA_KEY)
  await expect.poll(() => proxy.connectionCount).toBe(0)
})

test('a request can be answered by the proxy', async () => {
  const other = Buffer.from(metadata)
  other.write('X', metadata.indexOf(clusterId))
  const { answer, seen } = await ask({ kind: 'answer', body: () => other })
  expect(answer).toBe(`X${clusterId.slice(1)}`)
  expect(seen).toBe(0)
})

test('a request can be late', async () => {
  const { answer, tookMs } = await ask({ kind: 'delay', ms: 300 })
  expect(answer).toBe(clusterId)
  expect(tookMs).toBeGreaterThan(290)
})

test('a request can be held until it is released', async () => {
  const { answer, counts } = await ask({ kind: 'hold' }, (script) => {
    const timer = setInterval(() => {
      if (script.counts['fault'] !== 1) return
      clearInterval(timer)
      script.release('fault')
    }, 10)
  })
  expect(answer).toBe(clusterId)
  expect(counts).toEqual({ fault: 1 })
})
