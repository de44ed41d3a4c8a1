import { resolve } from 'node:path'
import type { Path, ProblemCollector } from './problems.ts'
import { Secret } from './secrets.ts'
import type { ConfigSources } from './sources.ts'

export interface LoadContext {
  /** Where relative paths start. */
  readonly folder: string
  readonly sources: ConfigSources
  readonly problems: ProblemCollector
}

/** PEM texts. */
export interface TlsConfig {
  readonly ca?: string
  readonly cert?: string
  readonly key?: Secret
  readonly serverName?: string
}

interface TlsFiles {
  readonly caFile?: string
  readonly certFile?: string
  readonly keyFile?: string
  readonly serverName?: string
}

interface PasswordPlace {
  readonly passwordFile?: string
  readonly password?: string
}

export function loadTls(tls: TlsFiles, path: Path, context: LoadContext): TlsConfig {
  const ca = readPem(tls.caFile, [...path, 'caFile'], context)
  const cert = readPem(tls.certFile, [...path, 'certFile'], context)
  const key = readPem(tls.keyFile, [...path, 'keyFile'], context)
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key: new Secret(key) }),
    ...(tls.serverName !== undefined && { serverName: tls.serverName }),
  }
}

export function loadPassword(place: PasswordPlace, path: Path, context: LoadContext): Secret {
  const fromFile = loadSecretFile(place.passwordFile, [...path, 'passwordFile'], 'the password', context)
  return fromFile ?? new Secret(readEnv(place.password, [...path, 'password'], context) ?? '')
}

/** What a file holds, without the line end at its end; undefined where none is named, or it cannot be read. */
export function loadSecretFile(
  file: string | undefined,
  path: Path,
  what: string,
  context: LoadContext,
): Secret | undefined {
  const text = readText(file, path, context)?.replace(/\r?\n$/, '')
  if (text === '') context.problems.error(path, `"${file}" is empty`, `write ${what} into it`)
  return text === undefined ? undefined : new Secret(text)
}

export function readPem(file: string | undefined, path: Path, context: LoadContext): string | undefined {
  const text = readText(file, path, context)
  if (text !== undefined && !text.includes('-----BEGIN ')) {
    context.problems.error(path, `"${file}" is not a PEM file`, 'give a file that has a line -----BEGIN ...-----')
  }
  return text
}

export function readEnv(reference: string | undefined, path: Path, context: LoadContext): string | undefined {
  if (reference === undefined) return undefined
  const variable = reference.slice('env:'.length)
  const value = context.sources.env[variable]
  if (value === undefined || value === '') {
    context.problems.error(path, `the environment variable ${variable} is not set`, `set ${variable}`)
  }
  return value
}

export function readText(
  file: string | undefined,
  path: Path,
  { folder, sources, problems }: LoadContext,
): string | undefined {
  if (file === undefined) return undefined
  try {
    return sources.readFile(resolve(folder, file))
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    problems.error(
      path,
      `"${file}" ${missing ? 'does not exist' : `cannot be read: ${(error as Error).message}`}`,
      missing ? 'correct the path' : 'let the user that runs Isthmus read it',
    )
    return undefined
  }
}
