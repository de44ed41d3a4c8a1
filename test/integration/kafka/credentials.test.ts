import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock, systemRandom } from '../../../src/core/index.ts'
import { type AccessSource, openCluster, type SaslOptions } from '../../../src/kafka/index.ts'
import { type LocalRegion, type RegionSecurity, startRegion } from '../../../src/local/index.ts'
import { changePassword } from '../../support/change-password.ts'

const context = { clock: systemClock, random: systemRandom }
const signal = () => AbortSignal.timeout(30_000)
const SESSION_MS = 2_000
const QUERY = {
  maxWaitMs: 50,
  minBytes: 1,
  maxBytes: 1,
  isolation: 'read_uncommitted',
  rack: '',
  partitions: [],
} as const
const MODULE = 'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule'
const BROKER_CONFIG = {
  'connections.max.reauth.ms': String(SESSION_MS),
  'sasl.enabled.mechanisms': 'SCRAM-SHA-512,SCRAM-SHA-256,PLAIN,OAUTHBEARER',
  'listener.name.client.oauthbearer.sasl.jaas.config': `${MODULE} required unsecuredLoginStringClaim_sub="broker";`,
}

/** A token that is signed by nobody: brokers take it where nothing else is set up. */
function tokenFor(subject: string, lifeSeconds: number): string {
  const nowSeconds = Math.floor(Date.now() / 1_000)
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
  return `${encode({ alg: 'none' })}.${encode({ sub: subject, iat: nowSeconds, exp: nowSeconds + lifeSeconds })}.`
}

describe('credentials that are exchanged, and sessions that end', () => {
  let region: LocalRegion
  let security: RegionSecurity
  beforeAll(async () => {
    region = await startRegion({ name: 'sessions', brokers: 1, secured: true, brokerConfig: BROKER_CONFIG })
    if (region.security === undefined) throw new Error('the region is not secured')
    security = region.security
  }, 120_000)
  afterAll(() => region.stop())

  function open(sasl: () => SaslOptions, more: Partial<AccessSource> = {}) {
    const access = {
      tls: () => ({ ca: security.tls.ca }),
      sasl,
      formerSasl: () => undefined,
      note: () => undefined,
      renew: () => Promise.resolve(false),
      ...more,
    }
    return openCluster({ name: 'eu', bootstrap: region.bootstrap, access, context })
  }

  const scram = (username: string, password: string): SaslOptions => {
    return { mechanism: 'scram-sha-512', username, password }
  }

  /** Several requests at a time on one connection, for as long as three sessions last. Answers how many. */
  async function useOneConnection(cluster: ReturnType<typeof open>): Promise<number> {
    const channel = await cluster.openChannel(1, signal())
    let answered = 0
    let isClosed = false
    channel.onClose(() => (isClosed = true))
    const endsAtMs = performance.now() + 3 * SESSION_MS
    const useIt = async () => {
      while (performance.now() < endsAtMs) {
        await channel.fetch(QUERY)
        answered++
      }
    }
    await Promise.all([useIt(), useIt(), useIt()])
    expect(isClosed).toBe(false)
    await channel.close()
    return answered
  }

  test('a connection with a password outlives its session without losing a request', async () => {
    let logins = 0
    const { username, password } = security.admin
    const sasl = () => {
      logins++
      return scram(username, password)
    }
    await using cluster = open(sasl)
    expect(await useOneConnection(cluster)).toBeGreaterThan(10)
    expect(logins).toBeGreaterThan(3)
  })

  test('a connection with tokens outlives them, each login with another one', async () => {
    const tokens: string[] = []
    const token = async () => {
      tokens.push(tokenFor('app', 60))
      return tokens.at(-1) ?? ''
    }
    await using cluster = open(() => ({ mechanism: 'oauthbearer', token }))
    expect(await useOneConnection(cluster)).toBeGreaterThan(10)
    expect(tokens.length).toBeGreaterThan(3)
  })

  test('a token that has ended is refused with the reason of the broker', async () => {
    const sasl = (): SaslOptions => ({ mechanism: 'oauthbearer', token: async () => tokenFor('app', -60) })
    await using cluster = open(sasl)
    await expect(cluster.metadata([], signal())).rejects.toMatchObject({ code: 'KAFKA_AUTHENTICATION_FAILED' })
  })

  test('a password that was exchanged at the brokers is read again before that is a failure', async () => {
    const inFile = 'app-secret-2'
    await changePassword(region, { username: 'app', password: inFile })
    let password = 'app-secret'
    const renew = async () => {
      const isOther = password !== inFile
      password = inFile
      return isOther
    }
    await using cluster = open(() => scram('app', password), { renew })
    expect((await cluster.metadata([], signal())).brokers).toHaveLength(1)
  })

  test('a password that the brokers do not know yet does not stop the one before', async () => {
    await changePassword(region, { username: 'canary', password: 'canary-secret-1' })
    const noted: string[] = []
    await using cluster = open(() => scram('canary', 'canary-secret-2'), {
      formerSasl: () => scram('canary', 'canary-secret-1'),
      note: (taken) => void noted.push(taken),
    })
    expect((await cluster.metadata([], signal())).brokers).toHaveLength(1)
    expect(new Set(noted)).toEqual(new Set(['former']))
  })
})
