import { type Config, parseConfig } from '../../../src/config/index.ts'
import type { LocalRegion } from '../../../src/local/index.ts'

/** Secrets and certificates of the regions, as a configuration refers to them. */
export interface SecuredFile {
  readonly text: string
  readonly env: Readonly<Record<string, string>>
  readonly files: ReadonlyMap<string, string>
}

export interface SecuredFileOptions {
  /** By the name that the configuration gives them; the first is active. */
  readonly regions: Readonly<Record<string, LocalRegion>>
  /** Further lines of a region's entry, such as its `fence`. */
  readonly more?: Readonly<Record<string, readonly string[]>>
  readonly include?: readonly string[]
  /** Further lines of the group. */
  readonly group?: readonly string[]
}

/** A configuration of one failover group `orders` over secured regions, whose canary is the ordinary user `app`. */
export function securedFile({
  regions,
  more = {},
  include = ['orders.*'],
  group = [],
}: SecuredFileOptions): SecuredFile {
  const env: Record<string, string> = {}
  const files = new Map<string, string>()
  const entries = Object.entries(regions).flatMap(([name, { bootstrap, security }]) => {
    const lines = [`  - name: ${name}`, `    bootstrap: [${bootstrap.join(', ')}]`, ...(more[name] ?? [])]
    const app = security?.users.find(({ username }) => username === 'app')
    if (security === undefined || app === undefined) return lines
    files.set(`/${name}.pem`, security.tls.ca)
    const login = ({ username, password }: { readonly username: string; readonly password: string }) => {
      const variable = `${name}_${username}`.toUpperCase()
      env[variable] = password
      return `{mechanism: scram-sha-512, username: ${username}, password: 'env:${variable}'}`
    }
    return [
      ...lines,
      `    tls: {caFile: /${name}.pem}`,
      `    sasl: ${login(security.admin)}`,
      '    canary:',
      `      sasl: ${login(app)}`,
    ]
  })
  const names = Object.keys(regions)
  const text = [
    'apiVersion: isthmus/v1',
    'regions:',
    ...entries,
    'failoverGroups:',
    '  - name: orders',
    `    regions: [${names.join(', ')}]`,
    `    topics: {include: [${include.map((one) => JSON.stringify(one)).join(', ')}]}`,
    ...group.map((line) => `    ${line}`),
  ].join('\n')
  return { text, env, files }
}

export function securedConfig(options: SecuredFileOptions): Config {
  const { text, env, files } = securedFile(options)
  const readFile = (path: string) => {
    const found = files.get(path)
    if (found === undefined) throw new Error(`no file ${path}`)
    return found
  }
  const { config, problems } = parseConfig(text, '/', { readFile, env })
  if (config === undefined) throw new Error(problems.map(({ path, rule }) => `${path}: ${rule}`).join('; '))
  return config
}
