import { describe, expect, test } from 'vitest'
import { type BrokerAddress, brokerProperties, renderProperties } from '../../../src/local/server-properties.ts'

const address = (nodeId: number): BrokerAddress => ({
  nodeId,
  bindHost: '0.0.0.0',
  internalHost: `broker-${nodeId}`,
  clientPort: 20_000 + nodeId,
  mtlsPort: 21_000 + nodeId,
  extraPorts: [22_000 + nodeId],
  internalPort: 9_094,
  controllerPort: 9_093,
})

const layout = (brokers: readonly BrokerAddress[]) => ({
  listeners: [],
  major: 4 as const,
  broker: brokers[0] as BrokerAddress,
  brokers,
  dataPath: '/data',
  security: undefined,
  overrides: {},
})

const security = {
  keystorePath: '/isthmus/broker.pem',
  truststorePath: '/isthmus/authority.pem',
  superUsers: ['User:admin', 'User:CN=broker'],
  users: [
    { username: 'admin', password: 'a' },
    { username: 'app', password: 'b' },
  ],
}

describe('the configuration of a broker', () => {
  test('advertises the loopback address to clients and the internal name to brokers', () => {
    const properties = brokerProperties(layout([address(1)]))
    expect(properties['advertised.listeners']).toBe('CLIENT://127.0.0.1:20001,INTERNAL://broker-1:9094')
    expect(properties.listeners).toContain('CLIENT://0.0.0.0:20001')
  })

  test('names every broker as a voter of the controller quorum', () => {
    const properties = brokerProperties(layout([address(1), address(2), address(3)]))
    expect(properties['controller.quorum.voters']).toBe('1@broker-1:9093,2@broker-2:9093,3@broker-3:9093')
  })

  test.each([
    [1, '1', '1'],
    [3, '3', '2'],
  ])('of %i replicates internal topics %s times with %s in sync', (count, replicas, inSync) => {
    const properties = brokerProperties(layout([1, 2, 3].slice(0, count).map(address)))
    expect(properties).toMatchObject({
      'offsets.topic.replication.factor': replicas,
      'transaction.state.log.replication.factor': replicas,
      'share.coordinator.state.topic.replication.factor': replicas,
      'transaction.state.log.min.isr': inSync,
      'share.coordinator.state.topic.min.isr': inSync,
    })
  })

  test('gives a Kafka 3 broker nothing that only Kafka 4 knows', () => {
    const keys = Object.keys(brokerProperties({ ...layout([address(1)]), major: 3 }))
    expect(keys.filter((key) => key.startsWith('share.'))).toEqual([])
  })

  test('speaks plain text everywhere in a region that is not secured', () => {
    const properties = brokerProperties(layout([address(1)]))
    expect(properties['listener.security.protocol.map']).not.toContain('SSL')
    expect(properties['authorizer.class.name']).toBeUndefined()
  })

  test('encrypts every listener of a secured region and identifies brokers by certificate', () => {
    const properties = brokerProperties({ ...layout([address(1)]), security })
    expect(properties['listener.security.protocol.map']).not.toContain('PLAINTEXT')
    expect(properties['listener.name.internal.ssl.client.auth']).toBe('required')
    expect(properties['listener.name.controller.ssl.client.auth']).toBe('required')
    expect(properties['advertised.listeners']).toContain('MTLS://127.0.0.1:21001')
  })

  test('knows the users of a secured region to PLAIN and refuses what no ACL allows', () => {
    const properties = brokerProperties({ ...layout([address(1)]), security })
    expect(properties['listener.name.client.plain.sasl.jaas.config']).toContain('user_admin="a" user_app="b";')
    expect(properties['super.users']).toBe('User:admin;User:CN=broker')
    expect(properties['allow.everyone.if.no.acl.found']).toBe('false')
  })

  test('lets settings of the caller win', () => {
    const overrides = { 'auto.create.topics.enable': 'true', 'log.retention.ms': '1000' }
    expect(brokerProperties({ ...layout([address(1)]), overrides })).toMatchObject(overrides)
  })

  test('is written as Java properties with backslashes escaped', () => {
    expect(renderProperties({ 'log.dirs': 'C:\\data', 'node.id': '1' })).toBe('log.dirs=C:\\\\data\nnode.id=1\n')
  })
})
