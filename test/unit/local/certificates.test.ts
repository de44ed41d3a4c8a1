import { createPrivateKey, X509Certificate } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createAuthority } from '../../../src/local/certificates.ts'

const now = new Date('2026-03-01T12:00:00Z')

describe('an authority', () => {
  test('signs itself and what it issues', async () => {
    const authority = await createAuthority({ commonName: 'test authority', now })
    const issued = await authority.issueCertificate({ commonName: 'broker' })
    const root = new X509Certificate(authority.certificate)
    const leaf = new X509Certificate(issued.certificate)
    expect(root.ca).toBe(true)
    expect(root.verify(root.publicKey)).toBe(true)
    expect(leaf.ca).toBe(false)
    expect(leaf.checkIssued(root)).toBe(true)
    expect(leaf.verify(root.publicKey)).toBe(true)
    expect(leaf.checkPrivateKey(createPrivateKey(issued.privateKey))).toBe(true)
    expect(leaf.subject).toBe('CN=broker')
  })

  test('does not vouch for what another of the same name issued', async () => {
    const [one, other] = await Promise.all([1, 2].map(() => createAuthority({ commonName: 'test authority', now })))
    const issued = await one?.issueCertificate({ commonName: 'broker' })
    const leaf = new X509Certificate(issued?.certificate ?? '')
    expect(leaf.verify(new X509Certificate(other?.certificate ?? '').publicKey)).toBe(false)
  })

  test('puts host names and addresses into the certificate, and no others', async () => {
    const authority = await createAuthority({ commonName: 'test authority', now })
    const request = { commonName: 'broker', dnsNames: ['localhost', 'broker-1'], ips: ['127.0.0.1', '::1'] }
    const leaf = new X509Certificate((await authority.issueCertificate(request)).certificate)
    expect(leaf.checkHost('broker-1')).toBe('broker-1')
    expect(leaf.checkHost('broker-2')).toBeUndefined()
    expect(leaf.checkIP('127.0.0.1')).toBe('127.0.0.1')
    expect(leaf.checkIP('127.0.0.2')).toBeUndefined()
  })

  test('issues certificates for any span of time, such as one that has passed', async () => {
    const authority = await createAuthority({ commonName: 'test authority', now })
    const span = { notBefore: new Date('2026-01-01T00:00:00Z'), notAfter: new Date('2026-01-02T00:00:00Z') }
    const expired = await authority.issueCertificate({ commonName: 'broker', ...span })
    const valid = await authority.issueCertificate({ commonName: 'broker' })
    expect(new Date(new X509Certificate(expired.certificate).validTo)).toEqual(span.notAfter)
    expect(new Date(new X509Certificate(valid.certificate).validFrom) < now).toBe(true)
    expect(new Date(new X509Certificate(valid.certificate).validTo) > now).toBe(true)
  })
})
