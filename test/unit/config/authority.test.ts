import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { authorityOptionsOf, type ConfigSources, formatProblem, parseConfig } from '../../../src/config/index.ts'

const CANARY = 'canary-secret-4711'
const PEM = '-----BEGIN CERTIFICATE-----\n'
const sources: ConfigSources = {
  env: { PASSWORD: CANARY },
  readFile: (path) => {
    if (path === '/etc/isthmus/password') return `${CANARY}\n`
    if (path.endsWith('.pem')) return PEM
    throw Object.assign(new Error(`no ${path}`), { code: 'ENOENT' })
  },
}

const read = (authority: string) =>
  parseConfig(
    `apiVersion: isthmus/v1\nregions:\n  - { name: eu, bootstrap: ["a:1"] }\n${authority}`,
    '/etc/isthmus',
    sources,
  )
const problemsOf = (authority: string) => read(`authority: ${authority}\n`).problems.map(formatProblem)

test('without a word the authority is a file beside the configuration', () => {
  expect(read('').config?.authority).toEqual({
    kind: 'sqlite',
    leaseMs: 10_000,
    takeoverMs: 35_000,
    path: '/etc/isthmus/isthmus.db',
  })
  expect(read('authority: { path: data/a.db, leaseSeconds: 30 }\n').config?.authority).toEqual({
    kind: 'sqlite',
    leaseMs: 30_000,
    takeoverMs: 35_000,
    path: '/etc/isthmus/data/a.db',
  })
})

test('etcd, with TLS and a login whose password never shows', () => {
  const { config } = read(`authority:
  kind: etcd
  endpoints: ["https://etcd-0:2379", "https://[::1]:2379"]
  prefix: /apps/isthmus/
  tls: { caFile: ca.pem, certFile: client.pem, keyFile: key.pem, serverName: etcd }
  login: { username: isthmus, passwordFile: password }
`)
  expect(config && authorityOptionsOf(config.authority)).toEqual({
    kind: 'etcd',
    endpoints: ['https://etcd-0:2379', 'https://[::1]:2379'],
    prefix: '/apps/isthmus/',
    tls: { ca: PEM, cert: PEM, key: PEM, serverName: 'etcd' },
    login: { username: 'isthmus', password: CANARY },
  })
  expect(`${inspect(config?.authority, { depth: 9 })} ${JSON.stringify(config?.authority)}`).not.toContain(CANARY)
})

test('Kubernetes, by the service account of the pod or by a file', () => {
  const options = (authority: string) => {
    const { config } = read(`authority: ${authority}\n`)
    return config && authorityOptionsOf(config.authority)
  }
  expect(options('{ kind: kubernetes }')).toEqual({ kind: 'kubernetes', name: 'isthmus' })
  expect(options('{ kind: kubernetes, name: dr, namespace: kafka, kubeconfig: k.yaml, context: west }')).toEqual({
    kind: 'kubernetes',
    name: 'dr',
    namespace: 'kafka',
    kubeconfig: '/etc/isthmus/k.yaml',
    contextName: 'west',
  })
})

test('the password may come from the environment', () => {
  const login = 'login: { username: u, password: "env:PASSWORD" }'
  const { config } = read(`authority: { kind: etcd, endpoints: ["https://e:2379"], ${login} }\n`)
  expect(config && authorityOptionsOf(config.authority)).toMatchObject({ login: { password: CANARY } })
})

const E = 'kind: etcd, endpoints: ["https://e:2379"]'

test.each([
  ['{ kind: etcd }', 'authority.endpoints: missing; name the members of the etcd cluster'],
  ['{ kind: consul }', 'authority.kind: "consul" is not known here; use one of sqlite, etcd, kubernetes'],
  [
    '{ endpoints: ["http://e:2379"] }',
    'authority.endpoints: is for kind etcd only; set authority.kind: etcd, or remove',
  ],
  [`{ ${E}, path: a.db }`, 'authority.path: is for kind sqlite only; set authority.kind: sqlite, or remove path'],
  ['{ kind: etcd, endpoints: ["e:2379"] }', 'not the address of an etcd member; write it like https://etcd-0'],
  ['{ kind: etcd, endpoints: ["https://u:p@e:2379"] }', 'not the address of an etcd member'],
  ['{ kind: etcd, endpoints: ["http://e:99999"] }', 'has no valid port'],
  ['{ kind: etcd, endpoints: ["http://e:1", "https://f:1"] }', 'http and https are mixed; use https for all of them'],
  ['{ kind: etcd, endpoints: ["http://e:1"], tls: {} }', 'authority.tls: the endpoints are http'],
  [`{ ${E}, tls: { certFile: a.pem } }`, 'authority.tls: certFile and keyFile belong together'],
  [`{ ${E}, tls: { caFile: nope } }`, 'authority.tls.caFile: "nope" does not exist'],
  [`{ ${E}, login: { username: u } }`, 'authority.login: no password is named'],
  [`{ ${E}, login: { username: u, password: ${CANARY} } }`, 'a secret in the file itself is refused'],
  [`{ ${E}, prefix: isthmus }`, 'authority.prefix: "isthmus" is not a prefix; write it like /isthmus/'],
  ['{ namespace: kafka }', 'authority.namespace: is for kind kubernetes only; set authority.kind: kubernetes, or'],
  ['{ kind: kubernetes, context: a }', 'authority.context: names no file; give kubeconfig too, or remove context'],
  ['{ kind: kubernetes, name: A }', 'authority.name: "A" is not a valid name'],
  ['{ leaseSeconds: 1 }', 'authority.leaseSeconds: 1 is below 2'],
  [
    '{ kind: etcd, endpoints: ["http://e:1"], login: { username: u, passwordFile: password } }',
    'authority.login: http sends the password readable; use https endpoints',
  ],
])('%s is answered with %s', (authority, problem) => {
  const problems = problemsOf(authority)
  expect(problems.join('\n')).toContain(problem)
  expect(problems.join('\n')).not.toContain(CANARY)
})
