import { parseYaml } from '../yaml.ts'
import type { MirrorCluster, MirrorFlow, MirrorPlan, Mistake } from './plan.ts'
import type { Setting } from './properties.ts'

type Fields = Readonly<Record<string, unknown>>

/**
 * A KafkaMirrorMaker2 of Strimzi: `v1beta2` with `clusters`, `connectCluster` and `mirrors`, and `v1` with `target` and
 * the source within each of `mirrors`. Secrets are references there already; they become files.
 */
export function readStrimziPlan(text: string): MirrorPlan | readonly Mistake[] {
  const yaml = parseYaml(text)
  const [mistake] = yaml.mistakes
  if (mistake !== undefined) {
    return [{ key: '', line: mistake.line, rule: `not valid YAML: ${mistake.message}`, remedy: 'correct the line' }]
  }
  const line = (...path: (string | number)[]) => yaml.lineOf(path)
  const root = fieldsOf(yaml.value)
  const kind = textOf(root['kind'])
  if (kind !== 'KafkaMirrorMaker2') {
    const remedy =
      'give one resource of the kind KafkaMirrorMaker2, as kubectl get kafkamirrormaker2 NAME -o yaml shows it'
    return [{ key: 'kind', line: line('kind'), rule: `it is ${kind ?? 'missing'}`, remedy }]
  }
  const spec = fieldsOf(root['spec'])
  const reader = new Reader(line)
  const clusters = reader.clusters(spec)
  const flows = reader.flows(spec)
  if (clusters.length < 2 || flows.length === 0) {
    const remedy = 'give a resource with clusters and at least one of mirrors'
    return [{ key: 'spec', line: line('spec'), rule: 'it has no source, no target or no mirrors', remedy }]
  }
  const known = new Set(clusters.map(({ alias }) => alias))
  const strays = flows.flatMap(({ source, target }) => [source, target].filter((alias) => !known.has(alias)))
  if (strays.length > 0) {
    const remedy = `add it to clusters; there are ${[...known].join(', ')}`
    return [{ key: 'spec.mirrors', line: line('spec', 'mirrors'), rule: `there is no cluster ${strays[0]}`, remedy }]
  }
  return { clusters, flows, rest: [] }
}

class Reader {
  readonly #line: (...path: (string | number)[]) => number | null

  constructor(line: (...path: (string | number)[]) => number | null) {
    this.#line = line
  }

  clusters(spec: Fields): MirrorCluster[] {
    const target = spec['target'] === undefined ? [] : [this.#cluster(fieldsOf(spec['target']), ['spec', 'target'])]
    const listed = itemsOf(spec['clusters']).map((one, at) => this.#cluster(one, ['spec', 'clusters', at]))
    const sources = itemsOf(spec['mirrors']).flatMap((mirror, at) => {
      const source = mirror['source']
      return source === undefined ? [] : [this.#cluster(fieldsOf(source), ['spec', 'mirrors', at, 'source'])]
    })
    const all = [...listed, ...sources, ...target].filter(({ alias }) => alias !== '')
    return [...new Map(all.map((one) => [one.alias, one])).values()]
  }

  flows(spec: Fields): MirrorFlow[] {
    const own = textOf(fieldsOf(spec['target'])['alias']) ?? textOf(spec['connectCluster']) ?? ''
    return itemsOf(spec['mirrors']).map((mirror, at) => {
      const path = ['spec', 'mirrors', at]
      const source = textOf(mirror['sourceCluster']) ?? textOf(fieldsOf(mirror['source'])['alias']) ?? ''
      const target = textOf(mirror['targetCluster']) ?? own
      const lists = Object.entries(LISTS).flatMap(([field, name]): Named[] => {
        const value = textOf(mirror[field])
        return value === undefined ? [] : [this.#setting([...path, field], value, name)]
      })
      const configs = ['checkpointConnector', 'heartbeatConnector', 'sourceConnector'].flatMap((connector) => {
        const config = fieldsOf(fieldsOf(mirror[connector])['config'])
        return Object.entries(config).map(([name, value]) =>
          this.#setting([...path, connector, 'config', name], String(value), name),
        )
      })
      return { source, target, settings: byName([...configs, ...lists]) }
    })
  }

  #cluster(fields: Fields, path: (string | number)[]): MirrorCluster {
    const alias = textOf(fields['alias']) ?? ''
    const config = Object.entries(fieldsOf(fields['config'])).map(([name, value]) =>
      this.#setting([...path, 'config', name], String(value), name),
    )
    const bootstrap = textOf(fields['bootstrapServers'])
    const named =
      bootstrap === undefined ? [] : [this.#setting([...path, 'bootstrapServers'], bootstrap, 'bootstrap.servers')]
    return { alias, settings: byName([...config, ...named, ...this.#security(fields, path)]) }
  }

  /** As the client settings that Strimzi makes of it. */
  #security(fields: Fields, path: (string | number)[]): Named[] {
    const tls = fields['tls'] === undefined ? undefined : fieldsOf(fields['tls'])
    const type = textOf(fieldsOf(fields['authentication'])['type'])
    const isSasl = type !== undefined && type !== 'tls'
    const made: Named[] = []
    if (tls !== undefined || isSasl) {
      const protocol = `${isSasl ? 'SASL_' : ''}${tls === undefined ? 'PLAINTEXT' : 'SSL'}`
      made.push(this.#setting([...path, 'tls'], protocol, 'security.protocol'))
    }
    for (const [at, secret] of itemsOf(tls?.['trustedCertificates']).entries()) {
      const from = secretText(secret['secretName'], secret['certificate'] ?? secret['pattern'])
      made.push(this.#setting([...path, 'tls', 'trustedCertificates', at], from, 'ssl.truststore.secret'))
    }
    return type === undefined ? made : [...made, ...this.#login(type, fieldsOf(fields['authentication']), path)]
  }

  #login(type: string, login: Fields, path: (string | number)[]): Named[] {
    const at = [...path, 'authentication']
    if (type === 'tls') {
      const { secretName, certificate, key } = fieldsOf(login['certificateAndKey'])
      return [
        this.#setting([...at, 'certificateAndKey'], secretText(secretName, certificate, key), 'ssl.keystore.secret'),
      ]
    }
    const { secretName, password } = fieldsOf(login['passwordSecret'])
    const made = [
      this.#setting([...at, 'type'], MECHANISMS[type] ?? type, 'sasl.mechanism'),
      this.#setting([...at, 'username'], textOf(login['username']) ?? '', 'sasl.username'),
    ]
    if (secretName === undefined) return made
    return [...made, this.#setting([...at, 'passwordSecret'], secretText(secretName, password), 'sasl.password.secret')]
  }

  #setting(path: readonly (string | number)[], value: string, name: string): Named {
    return { name, key: pathText(path), value, line: this.#line(...path) }
  }
}

type Named = Setting & { readonly name: string }

const LISTS: Readonly<Record<string, string>> = {
  topicsPattern: 'topics',
  topicsExcludePattern: 'topics.exclude',
  topicsBlacklistPattern: 'topics.exclude',
  groupsPattern: 'groups',
  groupsExcludePattern: 'groups.exclude',
  groupsBlacklistPattern: 'groups.exclude',
}

const MECHANISMS: Readonly<Record<string, string>> = {
  'scram-sha-512': 'SCRAM-SHA-512',
  'scram-sha-256': 'SCRAM-SHA-256',
  plain: 'PLAIN',
  oauth: 'OAUTHBEARER',
}

/** Where it stands in Kubernetes; the names are no secrets. */
function secretText(name: unknown, ...parts: readonly unknown[]): string {
  return `secret ${textOf(name) ?? ''}, ${parts.map((part) => textOf(part) ?? '').join(' and ')}`
}

function byName(settings: readonly Named[]): ReadonlyMap<string, Setting> {
  return new Map(settings.map(({ name, ...setting }) => [name, setting]))
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {}
}

function itemsOf(value: unknown): Fields[] {
  return Array.isArray(value) ? value.map(fieldsOf) : []
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : undefined
}

function pathText(path: readonly (string | number)[]): string {
  return path.map((part, at) => (typeof part === 'number' ? `[${part}]` : `${at === 0 ? '' : '.'}${part}`)).join('')
}
