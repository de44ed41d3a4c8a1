import { expect, test } from 'vitest'
import { regionName } from '../../../../src/core/index.ts'
import { resolveBaseline } from '../../../../src/security/probes/baseline.ts'
import { type BrokerSettings, judgeBrokers, listenersOf } from '../../../../src/security/probes/broker-settings.ts'

const GOOD = {
  'advertised.listeners': 'CLIENT://kafka-1:9093,MTLS://[::1]:9094,INTERNAL://kafka-1:9095',
  'listener.security.protocol.map': 'CLIENT:SASL_SSL,MTLS:SSL,INTERNAL:SSL,CONTROLLER:SSL',
  'inter.broker.listener.name': 'INTERNAL',
  'controller.listener.names': 'CONTROLLER',
  'connections.max.reauth.ms': '3600000',
  'sasl.enabled.mechanisms': 'SCRAM-SHA-512',
}
const strict = resolveBaseline([{ maxReauthMinutes: 60 }])

function broker(id: number, more: Readonly<Record<string, string>> = {}): BrokerSettings {
  const entries = Object.entries({ ...GOOD, ...more }).map(([name, value]) => {
    return { name, value, source: 'broker' as const, isReadOnly: true, isSensitive: false }
  })
  return { broker: id, entries }
}

const judge = (...all: BrokerSettings[]) => judgeBrokers(regionName('eu'), all, strict).map(({ id }) => id)

test('brokers that are alike and as declared have no findings', () => {
  expect(judge(broker(1), broker(2))).toEqual([])
})

test('one that differs is found by its setting', () => {
  const [finding] = judgeBrokers(
    regionName('eu'),
    [broker(1), broker(2), broker(3, { 'sasl.enabled.mechanisms': 'PLAIN' })],
    strict,
  )
  expect(finding).toMatchObject({
    id: 'brokers-differ',
    evidence: 'sasl.enabled.mechanisms=SCRAM-SHA-512 on 1, 2; sasl.enabled.mechanisms=PLAIN on 3',
  })
})

test.each([
  ['never', '0'],
  ['later than declared', '7200000'],
])('clients that log in again %s are found', (_what, value) => {
  expect(judge(broker(1, { 'connections.max.reauth.ms': value }))).toEqual(['reauthentication-off'])
})

test('plain text between brokers is found, by name or by protocol', () => {
  const map = 'CLIENT:SASL_SSL,INTERNAL:PLAINTEXT'
  expect(judge(broker(1, { 'listener.security.protocol.map': map }))).toEqual(['plaintext-between-brokers'])
  const unnamed = { 'inter.broker.listener.name': '', 'security.inter.broker.protocol': 'SASL_PLAINTEXT' }
  expect(judge(broker(1, unnamed))).toEqual(['plaintext-between-brokers'])
})

test('listeners that only brokers use are left out', () => {
  expect(listenersOf(broker(1))).toEqual([
    { broker: 1, name: 'CLIENT', host: 'kafka-1', port: 9093 },
    { broker: 1, name: 'MTLS', host: '::1', port: 9094 },
  ])
})
