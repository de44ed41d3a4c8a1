import { createHash, scryptSync, X509Certificate } from 'node:crypto'

const CERTIFICATES = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g
/** What one guess at a password costs whoever knows its version: some 10 ms. */
const SCRYPT = { N: 4_096, r: 8, p: 1 }
const DIGITS = 8

/**
 * Tells versions of the same files apart, and is the same in every process that reads the same. It is for comparing,
 * and no proof: a slow hash of 32 bits that nobody gets a secret out of. Private keys are left out, since their
 * certificates stand for them.
 */
export function versionOf(name: string, texts: readonly string[], isSecret: boolean): string {
  const parts = texts.filter((text) => !text.includes('PRIVATE KEY-----')).join('\n')
  const digest = isSecret ? scryptSync(parts, name, 16, SCRYPT) : createHash('sha256').update(parts).digest()
  return digest.toString('hex').slice(0, DIGITS)
}

/** When the first of the certificates ends, wall clock; null where there is none. Throws where one cannot be read. */
export function endOfCertificates(texts: readonly string[]): number | null {
  const all = texts.flatMap((text) => text.match(CERTIFICATES) ?? [])
  return all.length === 0 ? null : Math.min(...all.map((pem) => new X509Certificate(pem).validToDate.getTime()))
}

/** Throws where a PEM file is cut off, so that a half of it is not taken for the whole. */
export function checkPem(text: string): void {
  const begins = text.match(/-----BEGIN [^-]+-----/g)?.length ?? 0
  const ends = text.match(/-----END [^-]+-----/g)?.length ?? 0
  if (begins === 0) throw new Error('there is no line -----BEGIN ...----- in it')
  if (begins !== ends) throw new Error('it is cut off: a line -----END ...----- is missing')
  endOfCertificates([text])
}
