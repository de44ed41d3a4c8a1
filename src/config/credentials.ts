import { resolve } from 'node:path'
import { createSecureContext } from 'node:tls'
import { checkPem, Material, Secret } from '../credentials/index.ts'
import { formatPath, type Path, type ProblemCollector } from './problems.ts'
import type { ConfigSources } from './sources.ts'

export interface LoadContext {
  /** Where relative paths start. */
  readonly folder: string
  readonly sources: ConfigSources
  readonly problems: ProblemCollector
  /** Every set of files that may be exchanged while the process runs; loading adds to it. */
  readonly materials: Material<unknown>[]
}

/** How a server is reached by TLS. The texts may be others the next time they are asked for. */
export interface TlsConfig {
  readonly files: TlsFiles
  /** Undefined where no file is named: the system's roots count. */
  readonly material: Material<TlsTexts> | undefined
  readonly serverName: string | undefined
}

/** PEM texts. */
interface TlsTexts {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

export interface TlsFiles {
  readonly caFile?: string
  readonly certFile?: string
  readonly keyFile?: string
  readonly serverName?: string
}

interface PasswordPlace {
  readonly passwordFile?: string
  readonly password?: string
}

const TLS_KEYS = ['caFile', 'certFile', 'keyFile'] as const
const TLS_TEXTS = { caFile: 'ca', certFile: 'cert', keyFile: 'key' } as const

/** `named` is the path as operators are told of it when the files change. */
export function loadTls(tls: TlsFiles, path: Path, named: Path, context: LoadContext): TlsConfig {
  const keys = TLS_KEYS.filter((key) => tls[key] !== undefined)
  const texts = keys.map((key) => readPem(tls[key], [...path, key], context) ?? '')
  const join = (read: readonly string[]): TlsTexts =>
    Object.fromEntries(keys.map((key, at) => [TLS_TEXTS[key], read[at]]))
  const parse = (read: readonly string[]): TlsTexts => {
    for (const text of read) checkPem(text)
    createSecureContext(join(read)) // Throws where the key is not that of the certificate.
    return join(read)
  }
  const files = keys.map((key) => resolve(context.folder, tls[key] ?? ''))
  const options = { name: formatPath(named), files, isSecret: false, parse }
  const material = files.length === 0 ? undefined : new Material(options, join(texts))
  if (material !== undefined) context.materials.push(material)
  return { files: tls, material, serverName: tls.serverName }
}

/** As the clients take it. Reveals the key, so the result must go nowhere else. */
export function revealTls({ material, serverName }: TlsConfig): TlsTexts & { readonly serverName?: string } {
  return { ...material?.value, ...(serverName !== undefined && { serverName }) }
}

export function loadPassword(place: PasswordPlace, path: Path, named: Path, context: LoadContext): Secret {
  const fromFile = loadSecretFile(place.passwordFile, [...path, 'passwordFile'], 'the password', context, named)
  return fromFile ?? new Secret(readEnv(place.password, [...path, 'password'], context) ?? '')
}

/** What a file holds, without the line end at its end; undefined where none is named, or it cannot be read. */
export function loadSecretFile(
  file: string | undefined,
  path: Path,
  what: string,
  context: LoadContext,
  named: Path = path,
): Secret | undefined {
  const text = readText(file, path, context)
  if (file === undefined || text === undefined) return undefined
  if (withoutLineEnd(text) === '') {
    context.problems.error(path, `"${file}" is empty`, `write ${what} into it`)
    return new Secret('')
  }
  const parse = ([read = '']: readonly string[]): string => {
    const secret = withoutLineEnd(read)
    if (secret === '') throw new Error('it is empty')
    return secret
  }
  const files = [resolve(context.folder, file)]
  const material = new Material({ name: formatPath(named), files, parse }, withoutLineEnd(text))
  context.materials.push(material)
  return new Secret(material)
}

function withoutLineEnd(text: string): string {
  return text.replace(/\r?\n$/, '')
}

/** Authorities that sign servers; they may be exchanged, as certificates may. */
export function loadAuthorities(
  file: string | undefined,
  path: Path,
  context: LoadContext,
): Material<string> | undefined {
  const text = readPem(file, path, context)
  if (file === undefined || text === undefined) return undefined
  const parse = ([read = '']: readonly string[]): string => {
    checkPem(read)
    return read
  }
  const files = [resolve(context.folder, file)]
  const material = new Material({ name: formatPath(path), files, isSecret: false, parse }, text)
  context.materials.push(material)
  return material
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
