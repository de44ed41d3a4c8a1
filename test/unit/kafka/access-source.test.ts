import { expect, test } from 'vitest'
import { ClusterAccess, type Dial } from '../../../src/kafka/access-source.ts'
import { kafkaFaults } from '../../../src/kafka/faults.ts'
import type { AccessSource, SaslOptions } from '../../../src/kafka/index.ts'

const login = (password: string): SaslOptions => ({ mechanism: 'scram-sha-512', username: 'isthmus', password })
const facts = { cluster: 'eu', address: 'a:1', reason: 'no' }

/** A password file, and the one password that the broker takes. */
class Stage implements AccessSource {
  file = 'one'
  read = 'one'
  former: string | undefined
  broker = 'one'
  readonly noted: string[] = []
  readonly tried: string[] = []
  tls = () => undefined
  sasl = () => login(this.read)
  formerSasl = () => (this.former === undefined ? undefined : login(this.former))
  note = (taken: string) => void this.noted.push(taken)
  renew = async () => {
    if (this.file === this.read) return false
    this.former = this.read
    this.read = this.file
    return true
  }

  readonly access = new ClusterAccess({ name: 'eu', access: this })

  open = () =>
    this.access.open(async ({ sasl }: Dial) => {
      const password = sasl?.first.mechanism === 'scram-sha-512' ? sasl.first.password : ''
      this.tried.push(password)
      if (password !== this.broker) throw kafkaFaults.fault('KAFKA_AUTHENTICATION_FAILED', facts)
      return password
    })
}

test('a password that a broker refuses is read again before that is a failure', async () => {
  const it = new Stage()
  it.broker = it.file = 'two'
  expect(await it.open()).toBe('two')
  expect(it.tried).toEqual(['one', 'two'])
  expect(it.noted).toEqual(['current'])
})

test('a password that the brokers do not know yet does not stop the one before', async () => {
  const it = new Stage()
  it.file = 'two'
  await it.renew()
  expect(await it.open()).toBe('one')
  expect(it.tried).toEqual(['two', 'one'])
  expect(it.noted).toEqual(['former'])
  it.broker = 'two'
  expect(await it.open()).toBe('two')
  expect(it.noted).toEqual(['former', 'current'])
})

test('where nothing else is known the refusal is told', async () => {
  const it = new Stage()
  it.broker = 'other'
  await expect(it.open()).rejects.toMatchObject({ code: 'KAFKA_AUTHENTICATION_FAILED' })
  expect(it.tried).toEqual(['one'])
})

test('a broker that is away has refused nothing', async () => {
  const it = new Stage()
  it.file = 'two'
  const fault = kafkaFaults.fault('KAFKA_UNREACHABLE', facts)
  await expect(it.access.open(() => Promise.reject(fault))).rejects.toBe(fault)
  expect(it.read).toBe('one')
})

test('a login that is renewed takes what stands in the file then', async () => {
  const it = new Stage()
  const dial = await it.access.open(async (settings) => settings)
  it.file = 'two'
  expect(await dial.sasl?.again()).toEqual(login('two'))
})
