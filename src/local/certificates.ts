import { webcrypto } from 'node:crypto'
import type { Extension, JsonGeneralName } from '@peculiar/x509'

/**
 * Certificates for secured regions and for tests of TLS: authorities, and what they issue. Keys are P-256; everything
 * is PEM. Nothing here is meant to outlive a test or a demo.
 */
export interface Authority {
  readonly certificate: string
  issueCertificate(request: CertificateRequest): Promise<IssuedCertificate>
}

export interface CertificateRequest {
  /** Becomes the principal `User:CN=<commonName>` on a listener that asks for certificates. */
  readonly commonName: string
  readonly dnsNames?: readonly string[]
  readonly ips?: readonly string[]
  /** @defaultValue an hour before now, so that a slow clock does no harm */
  readonly notBefore?: Date
  /** @defaultValue 30 days after now */
  readonly notAfter?: Date
}

export interface IssuedCertificate {
  readonly certificate: string
  /** PKCS#8, unencrypted. */
  readonly privateKey: string
}

export interface AuthorityOptions {
  readonly commonName: string
  /** The present; certificates are valid around it. */
  readonly now: Date
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const HOUR_MS = 3_600_000
const VALID_MS = 30 * 24 * HOUR_MS

type CryptoKey = webcrypto.CryptoKey

/** Loaded on first use: only secured regions need it. Its injection library wants the polyfill to be there first. */
async function loadX509() {
  await import('reflect-metadata')
  return import('@peculiar/x509')
}

/** Makes an authority with a self-signed certificate. Two calls never make the same one. */
export async function createAuthority({ commonName, now }: AuthorityOptions): Promise<Authority> {
  const x509 = await loadX509()
  const keys = await generateKeys()
  const name = `CN=${commonName}`
  const validity = validityAround(now)
  const own = await x509.X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: serialNumber(),
      name,
      ...validity,
      keys,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  )

  async function issueCertificate(request: CertificateRequest): Promise<IssuedCertificate> {
    const subjectKeys = await generateKeys()
    const certificate = await x509.X509CertificateGenerator.create(
      {
        serialNumber: serialNumber(),
        subject: `CN=${request.commonName}`,
        issuer: own.subject,
        notBefore: request.notBefore ?? validity.notBefore,
        notAfter: request.notAfter ?? validity.notAfter,
        publicKey: subjectKeys.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: ALGORITHM,
        extensions: await leafExtensions(request, subjectKeys.publicKey, keys.publicKey),
      },
      webcrypto,
    )
    const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', subjectKeys.privateKey)
    return {
      certificate: pem(certificate.toString('pem')),
      privateKey: pem(x509.PemConverter.encode(pkcs8, 'PRIVATE KEY')),
    }
  }

  return { certificate: pem(own.toString('pem')), issueCertificate }
}

async function leafExtensions(
  { dnsNames = [], ips = [] }: CertificateRequest,
  subjectKey: CryptoKey,
  issuerKey: CryptoKey,
): Promise<Extension[]> {
  const x509 = await loadX509()
  const names: JsonGeneralName[] = [
    ...dnsNames.map((value) => ({ type: 'dns' as const, value })),
    ...ips.map((value) => ({ type: 'ip' as const, value })),
  ]
  const usages = [x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]
  return [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension(usages),
    await x509.SubjectKeyIdentifierExtension.create(subjectKey, false, webcrypto),
    await x509.AuthorityKeyIdentifierExtension.create(issuerKey, false, webcrypto),
    ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
  ]
}

function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
}

function validityAround(now: Date) {
  return { notBefore: new Date(now.getTime() - HOUR_MS), notAfter: new Date(now.getTime() + VALID_MS) }
}

/** 16 random bytes, positive. */
function serialNumber(): string {
  const bytes = webcrypto.getRandomValues(Buffer.alloc(16))
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x01
  return bytes.toString('hex')
}

function pem(text: string): string {
  return `${text.trimEnd()}\n`
}
