import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isFault, systemClock, systemRandom } from '../../../src/core/index.ts'
import { type ClusterOptions, createKafkaJs, openCluster, type SaslOptions } from '../../../src/kafka/index.ts'
import { type LocalRegion, type RegionSecurity, startRegion } from '../../../src/local/index.ts'

const context = { clock: systemClock, random: systemRandom }
const signal = () => AbortSignal.timeout(20_000)

describe('a region with TLS and credentials', () => {
  let region: LocalRegion
  let security: RegionSecurity
  beforeAll(async () => {
    region = await startRegion({ name: 'kafka-room', brokers: 1, secured: true })
    if (region.security === undefined) throw new Error('the region is not secured')
    security = region.security
  }, 120_000)
  afterAll(() => region.stop())

  function options(more: Partial<ClusterOptions>): ClusterOptions {
    return { name: 'eu', bootstrap: region.bootstrap, context, ...more }
  }

  function admin(mechanism: Exclude<SaslOptions['mechanism'], 'oauthbearer'>): SaslOptions {
    return { mechanism, username: security.admin.username, password: security.admin.password }
  }

  async function faultOf(more: Partial<ClusterOptions>) {
    await using cluster = openCluster(options(more))
    const error: unknown = await cluster.metadata([], signal()).catch((error: unknown) => error)
    return isFault(error) ? error : undefined
  }

  test.each(['plain', 'scram-sha-256', 'scram-sha-512'] as const)('%s over TLS is let in', async (mechanism) => {
    await using cluster = openCluster(options({ tls: { ca: security.tls.ca }, sasl: admin(mechanism) }))
    expect((await cluster.metadata([], signal())).brokers).toHaveLength(1)
    const created = await cluster.createTopics(
      [{ topic: mechanism, partitions: 1, replicationFactor: 1, configs: {} }],
      signal(),
    )
    expect(created).toEqual([{ topic: mechanism, errorCode: 0, message: null }])
  })

  test('a client certificate is let in without a password', async () => {
    await using cluster = openCluster(options({ bootstrap: security.mtlsBootstrap, tls: security.tls }))
    expect((await cluster.metadata([], signal())).brokers).toHaveLength(1)
  })

  test('kafkajs is let in with the same options', async () => {
    const kafka = createKafkaJs(options({ tls: { ca: security.tls.ca }, sasl: admin('scram-sha-512') }))
    const client = kafka.admin()
    await client.connect()
    expect(await client.listTopics()).toBeInstanceOf(Array)
    await client.disconnect()
  })

  test('users that are made log in with their passwords, and limits are as they were set', async () => {
    const users = (['SCRAM-SHA-256', 'SCRAM-SHA-512'] as const).map((mechanism) => {
      return { user: `made-${mechanism}`, mechanism, iterations: 8_192, password: `app-secret-${mechanism}` }
    })
    const entity = [{ type: 'user', name: 'made' }]
    const values = [{ key: 'producer_byte_rate', value: 1_000_000 }]
    await using cluster = openCluster(options({ tls: { ca: security.tls.ca }, sasl: admin('scram-sha-512') }))
    await cluster.putScramCredentials(users, signal())
    await cluster.setQuotas([{ entity, values }], signal())
    for (const { user, mechanism, password } of users) {
      const sasl = { mechanism: mechanism.toLowerCase() as Lowercase<typeof mechanism>, username: user, password }
      await using made = openCluster(options({ tls: { ca: security.tls.ca }, sasl }))
      expect((await made.metadata([], signal())).brokers).toHaveLength(1)
      const found = (await cluster.describeScramUsers(signal(), 1)).find((one) => one.user === user)
      expect(found?.credentials).toEqual([{ mechanism, iterations: 8_192 }])
    }
    expect(await cluster.describeQuotas(signal(), 1)).toContainEqual({ entity, values })
    const unheard = [{ key: 'unheard_of', value: 1 }]
    await expect(cluster.setQuotas([{ entity, values: unheard }], signal())).rejects.toThrow('unheard_of')
    const weak = users.map((one) => ({ ...one, iterations: 1 }))
    await expect(cluster.putScramCredentials(weak, signal())).rejects.toThrow('Too few iterations')
  })

  test('a wrong password is named as such', async () => {
    const sasl = { ...admin('scram-sha-512'), password: 'wrong' }
    expect(await faultOf({ tls: { ca: security.tls.ca }, sasl })).toMatchObject({
      code: 'KAFKA_AUTHENTICATION_FAILED',
      retriable: false,
    })
  })

  test('plaintext is told that the listener speaks TLS', async () => {
    expect(await faultOf({ sasl: admin('plain') })).toMatchObject({ code: 'KAFKA_TLS_FAILED' })
    expect(await faultOf({})).toMatchObject({ code: 'KAFKA_TLS_FAILED' })
  })

  test('an authority that is not known here is named as such', async () => {
    const fault = await faultOf({ tls: {}, sasl: admin('plain') })
    expect(fault).toMatchObject({ code: 'KAFKA_TLS_FAILED' })
    expect(fault?.message).toContain('authority')
  })

  test('a missing client certificate is named as such', async () => {
    const fault = await faultOf({ bootstrap: security.mtlsBootstrap, tls: { ca: security.tls.ca } })
    expect(fault?.message).toContain('client certificate')
  })

  test('missing credentials are hinted at', async () => {
    const fault = await faultOf({ tls: { ca: security.tls.ca } })
    expect(fault?.message).toContain('wants SASL')
  })

  test('a user without rights is refused by name', async () => {
    const [user] = security.users
    if (user === undefined) throw new Error('no ordinary user')
    const sasl = { mechanism: 'scram-sha-512', username: user.username, password: user.password } as const
    await using cluster = openCluster(options({ tls: { ca: security.tls.ca }, sasl }))
    await expect(cluster.initProducerId('not-mine', 60_000, signal())).rejects.toSatisfy(
      (error) => isFault(error, 'KAFKA_NOT_AUTHORIZED') && error.facts['code'] === 53,
    )
    const partitions = [{ topic: 'plain', partition: 0, timestamp: -1 }]
    const listed = await cluster.listOffsets({ isolation: 'read_uncommitted', partitions }, signal())
    expect(listed.map(({ errorCode }) => errorCode)).toEqual([29])
  })
})
