import { expect, test } from 'vitest'
import { createToken, DEFAULT_API } from '../../../src/api/index.ts'
import { type ConfigSources, formatProblem, parseConfig } from '../../../src/config/index.ts'

const { token, hash } = createToken()
const sources: ConfigSources = {
  env: {},
  readFile: (path) => {
    if (path.endsWith('.pem')) return '-----BEGIN CERTIFICATE-----\n'
    if (path === '/etc/isthmus/ada.hash') return `${hash}\n`
    if (path === '/etc/isthmus/wrong.hash') return `${token}\n`
    throw Object.assign(new Error(`no ${path}`), { code: 'ENOENT' })
  },
}
const read = (api: string) => {
  const text = `apiVersion: isthmus/v1\nregions:\n  - { name: eu, bootstrap: ["a:1"] }\napi: ${api}\n`
  return parseConfig(text, '/etc/isthmus', sources)
}
const problemsOf = (api: string) => read(api).problems.map(formatProblem)

const TOKEN = `{ name: ada, role: admin, hash: "${hash}" }`
const TLS = 'tls: { certFile: one.pem, keyFile: one.key.pem }'

test('without a word nobody may use the API, and it listens on this machine only', () => {
  expect(read('{}').config?.api).toEqual(DEFAULT_API)
  expect(DEFAULT_API).toMatchObject({ listen: '127.0.0.1:8080', anonymous: 'none', tokens: [] })
})

test('every way to log in, with its defaults and its files beside the configuration', () => {
  const { config, problems } = read(`
  listen: 0.0.0.0:8443
  ${TLS}
  auth:
    tokens: [${TOKEN}, { name: ci, role: operator, hashFile: ada.hash, expires: 2027-01-31 }]
    oidc: { issuer: https://login.example, audience: isthmus, roles: { admin: [kafka-admins] } }
    mtls: { caFile: clients.pem, clients: [{ subject: "CN=ada, O=Example\\\\, Inc", role: viewer }] }
  limits: { changesPerSecond: 5 }`)
  expect(problems).toEqual([])
  expect(config?.api).toEqual({
    listen: '0.0.0.0:8443',
    tls: { certFile: '/etc/isthmus/one.pem', keyFile: '/etc/isthmus/one.key.pem' },
    anonymous: 'none',
    tokens: [
      { name: 'ada', role: 'admin', hash, hashFile: null, expiresAtMs: null },
      {
        name: 'ci',
        role: 'operator',
        hash: null,
        hashFile: '/etc/isthmus/ada.hash',
        expiresAtMs: Date.UTC(2027, 0, 31),
      },
    ],
    oidc: {
      issuer: 'https://login.example',
      audience: 'isthmus',
      jwksUri: null,
      algorithms: ['RS256', 'ES256'],
      nameClaim: 'sub',
      roleClaim: 'roles',
      roles: { viewer: [], operator: [], admin: ['kafka-admins'] },
      clockToleranceSeconds: 30,
    },
    mtls: { caFile: '/etc/isthmus/clients.pem', clients: [{ subject: 'CN=ada,O=Example\\, Inc', role: 'viewer' }] },
    limits: { readsPerSecond: 100, changesPerSecond: 5 },
  })
})

test.each([
  [
    'an address for others without a login',
    '{ listen: "0.0.0.0:80" }',
    /api\.listen: .*nobody can log in; add api\.auth/,
  ],
  ['everybody an admin', '{ listen: "0.0.0.0:80", anonymous: admin }', /api\.anonymous: .*could change everything/],
  ['a token without a hash', '{ auth: { tokens: [{ name: a, role: viewer }] } }', /tokens\[0\]: no hash is named/],
  ['two tokens of a name', `{ auth: { tokens: [${TOKEN}, ${TOKEN}] } }`, /tokens\[1\]\.name: "ada" is named twice/],
  [
    'a token in a file of hashes',
    '{ auth: { tokens: [{ name: a, role: viewer, hashFile: wrong.hash }] } }',
    /something else than hashes/,
  ],
  ['a file that is not there', '{ auth: { tokens: [{ name: a, role: viewer, hashFile: gone } ] } }', /does not exist/],
  ['a role that there is not', `{ auth: { tokens: [{ name: a, role: root, hash: "${hash}" }] } }`, /role: "root"/],
  [
    'a date that is none',
    `{ auth: { tokens: [{ name: a, role: viewer, hash: "${hash}", expires: 2027-13-40 }] } }`,
    /not a date/,
  ],
  [
    'client certificates without TLS',
    '{ auth: { mtls: { caFile: a.pem, clients: [{ subject: CN=a, role: viewer }] } } }',
    /add api\.tls/,
  ],
  [
    'an issuer in the open',
    '{ auth: { oidc: { issuer: "http://login.example", audience: a, roles: {} } } }',
    /not an https URL/,
  ],
  [
    'signatures by a password',
    '{ auth: { oidc: { issuer: "https://a", audience: a, roles: {}, algorithms: [HS256] } } }',
    /algorithms/,
  ],
  ['a key that there is not', '{ allowUnauthenticated: true }', /allowUnauthenticated/],
])('%s is refused', (_what, api, problem) => {
  expect(read(api).config).toBeUndefined()
  expect(problemsOf(api).join('\n')).toMatch(problem)
})

test('a token where its hash belongs is refused without being shown', () => {
  const problems = problemsOf(`{ auth: { tokens: [{ name: a, role: viewer, hash: ${token} }] } }`)
  expect(problems.join('\n')).toMatch(/not the hash of a token; make one with `isthmus token create`/)
  expect(problems.join('\n')).not.toContain(token)
})

test('what is open to others, or can be read on the way, is a warning', () => {
  const open = read('{ listen: "0.0.0.0:80", anonymous: viewer }')
  expect(open.config?.api.anonymous).toBe('viewer')
  expect(open.problems).toMatchObject([{ severity: 'warning', path: 'api.anonymous' }])
  const plain = read(`{ listen: "0.0.0.0:80", auth: { tokens: [${TOKEN}] } }`)
  expect(plain.problems).toMatchObject([{ severity: 'warning', path: 'api.listen' }])
  expect(read(`{ listen: "127.0.0.1:80", anonymous: admin }`).problems).toEqual([])
})
