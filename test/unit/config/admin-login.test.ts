import { expect, test } from 'vitest'
import { readAdminLogin } from '../../../src/config/index.ts'
import { regionName } from '../../../src/core/index.ts'

const JAAS = 'org.apache.kafka.common.security.scram.ScramLoginModule required'

function read(text: string) {
  return readAdminLogin(regionName('eu'), 'admin.properties', { readFile: () => text })
}

test.each([
  ['SCRAM-SHA-512', 'scram-sha-512'],
  ['SCRAM-SHA-256', 'scram-sha-256'],
  ['PLAIN', 'plain'],
])('a login by %s is read as the tools of Kafka read it', (named, mechanism) => {
  const text = `security.protocol=SASL_SSL\nsasl.mechanism = ${named}\nsasl.jaas.config=${JAAS} \\\n  username="admin" password='a;b c';\n`
  const login = read(text)
  expect(login).toMatchObject({ mechanism, username: 'admin' })
  expect(login.password.reveal()).toBe('a;b c')
})

test.each([
  ['', 'no sasl.mechanism'],
  ['sasl.mechanism=GSSAPI', 'GSSAPI is none of'],
  [`sasl.mechanism=PLAIN\nsasl.jaas.config=${JAAS} username="admin";`, 'no username and password'],
])('a file without a login is refused: %j', (text, reason) => {
  expect(() => read(text)).toThrow(
    expect.objectContaining({ code: 'ADMIN_FILE_REFUSED', message: expect.stringContaining(reason) }),
  )
})

test('a file that cannot be read is named', () => {
  expect(() => readAdminLogin(regionName('eu'), '/nowhere/admin.properties')).toThrow(
    expect.objectContaining({ code: 'ADMIN_FILE_UNREADABLE' }),
  )
})
