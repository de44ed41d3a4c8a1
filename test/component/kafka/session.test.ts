import { expect, test } from 'vitest'
import { systemClock, systemRandom } from '../../../src/core/index.ts'
import { openCluster, type SaslOptions } from '../../../src/kafka/index.ts'
import {
  API_VERSIONS_KEY,
  goldenApiVersions,
  SASL_HANDSHAKE_KEY,
  startScriptedBroker,
} from '../../support/scripted-broker.ts'

const context = { clock: systemClock, random: systemRandom }
const signal = () => AbortSignal.timeout(15_000)
const SASL_AUTHENTICATE_KEY = 36
const LIFETIME_MS = 400

/** No error; SaslAuthenticate up to v2. The client library asks for v1 of this. */
const VERSIONS_V1 = Buffer.from('00000000000100240000000200000000', 'hex')
/** No error, one mechanism. */
const HANDSHAKE = Buffer.from('0000000000010005504c41494e', 'hex')
/** No error, no session, nothing fetched. */
const FETCHED = Buffer.from('000000000000000000000100', 'hex')
const QUERY = {
  maxWaitMs: 0,
  minBytes: 0,
  maxBytes: 1,
  isolation: 'read_uncommitted',
  rack: '',
  partitions: [],
} as const

/** No error, no message, no bytes, the lifetime of the session. */
function authenticated(): Buffer {
  const body = Buffer.alloc(13)
  body.writeUInt8(1, 3)
  body.writeBigInt64BE(BigInt(LIFETIME_MS), 4)
  return body
}

/** A broker whose sessions are short, and which drops whoever sends anything else in the middle of a login. */
async function startShortSessions() {
  let isLoggingIn = false
  return await startScriptedBroker((key, version) => {
    if (key === API_VERSIONS_KEY) return version === 1 ? VERSIONS_V1 : goldenApiVersions()
    if (key === SASL_HANDSHAKE_KEY) {
      isLoggingIn = true
      return HANDSHAKE
    }
    if (key === SASL_AUTHENTICATE_KEY) {
      isLoggingIn = false
      return authenticated()
    }
    return isLoggingIn ? 'hang up' : FETCHED
  })
}

test('a connection in use logs in again before its session ends, with what it is to log in with then', async () => {
  await using broker = await startShortSessions()
  let logins = 0
  const sasl = (): SaslOptions => ({ mechanism: 'plain', username: 'isthmus', password: `isthmus-secret-${++logins}` })
  const access = {
    tls: () => undefined,
    sasl,
    formerSasl: () => undefined,
    note: () => undefined,
    renew: () => Promise.resolve(false),
  }
  await using cluster = openCluster({ name: 'eu', bootstrap: [broker.address], access, context })
  const probe = await cluster.openProbe(broker.address, signal())
  const loginsSeen = () => broker.requests.filter((key) => key === SASL_AUTHENTICATE_KEY).length
  let fetched = 0
  // Several at once, so that there is always one that would come in between.
  const readOn = async () => {
    while (loginsSeen() < 4) {
      await probe.fetch(QUERY)
      fetched++
    }
  }
  await Promise.all([readOn(), readOn(), readOn()])
  expect(fetched).toBeGreaterThan(10)
  expect(logins).toBeGreaterThanOrEqual(4)
  probe.close()
})
