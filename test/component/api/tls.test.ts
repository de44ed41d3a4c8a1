import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createToken } from '../../../src/api/index.ts'
import { type Authority, createAuthority, type IssuedCertificate } from '../../../src/local/certificates.ts'
import { type Clock, systemClock } from '../../../src/core/index.ts'
import { startFakeControl } from '../../support/fake-control.ts'
import { cli } from '../../support/run-cli.ts'

/** Files are looked at again at once. */
const hasty: Clock = { ...systemClock, setTimer: (_, action, options) => systemClock.setTimer(10, action, options) }
/** A change counts once it was seen twice. */
const SOON = { timeout: 15_000 }
const folder = mkdtempSync(join(tmpdir(), 'isthmus-tls-'))
let ours: Authority
let strangers: Authority

beforeAll(async () => {
  ours = await createAuthority({ commonName: 'ours', now: new Date() })
  strangers = await createAuthority({ commonName: 'strangers', now: new Date() })
})
afterAll(() => rmSync(folder, { recursive: true }))

function write(name: string, text: string): string {
  const file = join(folder, name)
  writeFileSync(file, text)
  return file
}

const writePair = (name: string, { certificate, privateKey }: IssuedCertificate) => ({
  certFile: write(`${name}.crt`, certificate),
  keyFile: write(`${name}.key`, privateKey),
})

async function startTls() {
  const tls = writePair('server', await ours.issueCertificate({ commonName: 'one', ips: ['127.0.0.1'] }))
  const admin = createToken()
  const hashFile = write('ada.hash', `${admin.hash}\n`)
  const tokens = [{ name: 'ada', role: 'admin' as const, hash: null, hashFile, expiresAtMs: null }]
  const caFile = write('clients-ca.crt', ours.certificate)
  const mtls = { caFile, clients: [{ subject: 'CN=robot', role: 'operator' as const }] }
  const api = { anonymous: 'none' as const, tls, tokens, mtls }
  const control = await startFakeControl({ api, clock: hasty })
  const trust = ['--api', control.api, '--ca-file', write('ours.crt', ours.certificate)]
  const pause = (...more: string[]) => cli(['pause', 'orders', '--reason', 'upgrade', ...trust, ...more])
  return { control, admin, hashFile, trust, pause, [Symbol.asyncDispose]: () => control[Symbol.asyncDispose]() }
}

/** Common name of the certificate that a new connection is shown. */
function nameShown(api: string): Promise<string | undefined> {
  const { hostname, port } = new URL(api)
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), ca: ours.certificate }, () => {
      const name = socket.getPeerCertificate().subject.CN
      socket.destroy()
      resolve(Array.isArray(name) ? name[0] : name)
    })
    socket.once('error', reject)
  })
}

test('the command logs in over TLS with a token from a file, and trusts nobody it was not told of', async () => {
  await using it = await startTls()
  expect(it.control.api).toMatch(/^https:/)
  const tokenFile = write('ada.token', `${it.admin.token}\n`)
  expect(await it.pause('--token-file', tokenFile)).toMatchObject({ code: 0 })
  expect(it.control.authority.group.paused?.by).toBe('token:ada')
  const nobody = await it.pause()
  expect(nobody).toMatchObject({ code: 2, err: expect.stringContaining('API_UNAUTHENTICATED') })
  const untrusting = await cli(['status', '--api', it.control.api, '--token-file', tokenFile])
  expect(untrusting).toMatchObject({ code: 4, err: expect.stringContaining('CLI_API_UNREACHABLE') })
  const fooled = await cli(['status', '--api', it.control.api, '--ca-file', write('s.crt', strangers.certificate)])
  expect(fooled.code).toBe(4)
})

test('a client certificate gives the role of its subject, and one of another authority gives none', async () => {
  await using it = await startTls()
  const asClient = async (name: string, authority: Authority) => {
    const { certFile, keyFile } = writePair(`client-${name}`, await authority.issueCertificate({ commonName: name }))
    return it.pause('--cert-file', certFile, '--key-file', keyFile)
  }
  expect(await asClient('robot', ours)).toMatchObject({ code: 0 })
  expect(it.control.authority.group.paused?.by).toBe('certificate:CN=robot')
  for (const [name, authority] of [
    ['robot', strangers],
    ['robot,CN=admin', ours],
    ['somebody', ours],
  ] as const) {
    const refused = await asClient(name, authority)
    expect(refused).toMatchObject({ code: 2, err: expect.stringContaining('API_UNAUTHENTICATED') })
  }
})

test('a certificate that was exchanged is shown without a restart, and one that does not fit its key is not', async () => {
  await using it = await startTls()
  const refused: string[] = []
  it.control.credentials.on('credentials:refused', ({ reason }) => refused.push(reason))
  expect(await nameShown(it.control.api)).toBe('one')
  const next = await ours.issueCertificate({ commonName: 'two', ips: ['127.0.0.1'] })
  write('server.crt', next.certificate)
  await expect.poll(() => refused.length, SOON).toBeGreaterThan(0)
  expect(await nameShown(it.control.api)).toBe('one')
  write('server.key', next.privateKey)
  await expect.poll(() => nameShown(it.control.api), SOON).toBe('two')
  expect(refused.join()).not.toContain('PRIVATE')
})

test('a token is exchanged and revoked by its file, without a restart', async () => {
  await using it = await startTls()
  const next = createToken()
  const tokenFile = (token: string) => write('some.token', token)
  const code = async (token: string) => (await it.pause('--token-file', tokenFile(token))).code
  write('ada.hash', `# both for a while\n${it.admin.hash}\n${next.hash}\n`)
  await expect.poll(() => code(next.token), SOON).toBe(0)
  expect(await code(it.admin.token)).toBe(0)
  write('ada.hash', `${next.hash}\n`)
  await expect.poll(() => code(it.admin.token), SOON).toBe(2)
  rmSync(it.hashFile)
  await expect.poll(() => code(next.token), SOON).toBe(2)
})
