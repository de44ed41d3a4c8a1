/**
 * How a command reaches the API and says who it is. A token comes from a file or the environment and never from the
 * command line, which everybody on the machine can read.
 */
import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { parse } from 'yaml'
import { cliFaults } from './faults.ts'
import { createFetch, type TlsMaterial } from './https-fetch.ts'
import type { CliIo } from './io.ts'

/** What the person has settled for all commands: in a file, or in the environment, which goes before it. */
export interface ConnectionDefaults {
  readonly api?: string
  readonly tokenFile?: string
  readonly caFile?: string
  readonly certFile?: string
  readonly keyFile?: string
}

export type ConnectionOptions = Required<Pick<ConnectionDefaults, 'api'>> & ConnectionDefaults

const KEYS = ['api', 'tokenFile', 'caFile', 'certFile', 'keyFile'] as const

/** @throws `CLI_SETTINGS_INVALID` */
export function readDefaults({ env }: Pick<CliIo, 'env'>): ConnectionDefaults {
  const { ISTHMUS_API: api, ISTHMUS_TOKEN_FILE: tokenFile, ISTHMUS_CA_FILE: caFile } = env
  const given = { ...(api && { api }), ...(tokenFile && { tokenFile }), ...(caFile && { caFile }) }
  return { ...readSettings(env), ...given }
}

/** `cli.yaml` of the person; none where there is none. */
function readSettings(env: CliIo['env']): ConnectionDefaults {
  const home = env.XDG_CONFIG_HOME ?? (env.HOME === undefined ? undefined : join(env.HOME, '.config'))
  const file = env.ISTHMUS_CLI ?? (home === undefined ? undefined : join(home, 'isthmus', 'cli.yaml'))
  if (file === undefined) return {}
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // Nobody has to have one; a file that was named has to be there.
    if (env.ISTHMUS_CLI === undefined && (code === 'ENOENT' || code === 'ENOTDIR')) return {}
    throw settingsInvalid(file, (error as Error).message, error)
  }
  return checkSettings(text, file)
}

function checkSettings(text: string, file: string): ConnectionDefaults {
  let value: unknown
  try {
    value = parse(text)
  } catch (error) {
    // The parser shows the line it stumbles over, and it might be a token.
    throw settingsInvalid(file, 'it is not YAML', error)
  }
  if (value === null || value === undefined) return {}
  if (typeof value !== 'object' || Array.isArray(value)) throw settingsInvalid(file, 'it is not a map of keys')
  for (const [key, one] of Object.entries(value)) {
    if (!KEYS.some((known) => known === key)) throw settingsInvalid(file, `${key} is none of ${KEYS.join(', ')}`)
    if (typeof one !== 'string') throw settingsInvalid(file, `${key} is not a text`)
  }
  const { api, ...files } = value as ConnectionDefaults
  const absolute = Object.entries(files).map(([key, path]) => [key, resolve(dirname(file), path)])
  return { ...(api !== undefined && { api }), ...Object.fromEntries(absolute) }
}

function settingsInvalid(file: string, reason: string, cause?: unknown) {
  return cliFaults.fault('CLI_SETTINGS_INVALID', { file, reason }, cause)
}

/** The same world, in which every request carries what the options name. They are read with the first one. */
export function withCredentials(io: CliIo, options: () => ConnectionOptions): CliIo {
  let connected: typeof fetch | undefined
  return { ...io, fetch: (...request) => (connected ??= connect(io, options()))(...request) }
}

/** @throws `CLI_FILE_UNREADABLE`, `CLI_TOKEN_INVALID`, `CLI_TOKEN_EXPOSED` */
function connect(io: CliIo, { api, tokenFile, caFile, certFile, keyFile }: ConnectionOptions): typeof fetch {
  const token = tokenFile === undefined ? io.env.ISTHMUS_TOKEN : readFile(tokenFile)
  const tls: TlsMaterial = {
    ...(caFile !== undefined && { ca: readFile(caFile) }),
    ...(certFile !== undefined && { cert: readFile(certFile) }),
    ...(keyFile !== undefined && { key: readFile(keyFile) }),
  }
  const send = Object.keys(tls).length === 0 ? io.fetch : createFetch(tls)
  if (token === undefined || token.trim() === '') return send
  checkToken(token.trim(), api)
  const authorization = `Bearer ${token.trim()}`
  return (input, init) => {
    const headers = new Headers(init?.headers)
    headers.set('authorization', authorization)
    return send(input, { ...init, headers, redirect: 'error' })
  }
}

function checkToken(token: string, api: string): void {
  if (!/^[\x21-\x7E]+$/.test(token)) throw cliFaults.fault('CLI_TOKEN_INVALID')
  const { protocol, hostname } = URL.canParse(api) ? new URL(api) : { protocol: '', hostname: '' }
  const isLocal = hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname)
  if (protocol === 'http:' && !isLocal) throw cliFaults.fault('CLI_TOKEN_EXPOSED', { api })
}

function readFile(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw cliFaults.fault('CLI_FILE_UNREADABLE', { file, reason: (error as Error).message }, error)
  }
}
