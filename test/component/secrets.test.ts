import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, expect, test } from 'vitest'
import { createToken } from '../../src/api/index.ts'
import { parseConfig } from '../../src/config/index.ts'
import { createAuthority } from '../../src/local/certificates.ts'
import { eventually, IsthmusProcess } from '../support/isthmus-process.ts'
import { checkNoSecret, secretFor } from '../support/secrets.ts'

const folder = mkdtempSync(join(tmpdir(), 'isthmus-hidden-'))
afterAll(() => rmSync(folder, { recursive: true }))

function write(name: string, text: string): string {
  const file = join(folder, name)
  writeFileSync(file, text)
  return file
}

/** A configuration with a secret in every place that takes one. Nothing listens on port 9. */
async function configure() {
  const authority = await createAuthority({ commonName: 'ours', now: new Date() })
  const { certificate, privateKey } = await authority.issueCertificate({ commonName: 'isthmus', ips: ['127.0.0.1'] })
  const [certFile, keyFile] = [write('one.crt', certificate), write('one.key', privateKey)]
  const caFile = write('ca.crt', authority.certificate)
  const password = (place: string) => write(`${place}.password`, secretFor(place))
  const base64 = (place: string) => write(`${place}.key`, Buffer.from(secretFor(place)).toString('base64'))
  const admin = createToken()
  process.env['ISTHMUS_TEST_SECRET'] = secretFor('environment')
  const login = (place: string) =>
    `{ mechanism: scram-sha-512, username: u-${place}, passwordFile: ${password(place)} }`
  const access = [
    `tls: { caFile: ${caFile}, certFile: ${certFile}, keyFile: ${keyFile} }`,
    `sasl: ${login('region')}`,
    `canary: { sasl: ${login('prober')} }`,
  ].join(', ')
  const fromEnv = 'sasl: { mechanism: plain, username: u, password: "env:ISTHMUS_TEST_SECRET", allowPlaintext: true }'
  const endpoint = `{ url: "https://127.0.0.1:9/token", clientId: isthmus, clientSecretFile: ${password('client')} }`
  const group = [
    'name: orders',
    'regions: [eu, us]',
    'topics: { include: ["orders.*"] }',
    `routing: [${[
      `{ kind: webhook, url: "https://127.0.0.1:9/", checkUrl: "https://127.0.0.1:9/", tokenFile: ${password('webhook')} }`,
      `{ kind: dns, zone: k.example, primaries: ["127.0.0.1:9"], key: { name: k, algorithm: hmac-sha256, secretFile: ${base64('tsig')} }, records: [{ name: o.k.example, type: A, values: { eu: [10.0.0.1], us: [10.0.0.2] } }] }`,
    ].join(', ')}]`,
  ].join(', ')
  const policy = [
    'apiVersion: isthmus/v1',
    'kind: SecurityPolicy',
    'owner: orders',
    'applies: { failoverGroup: orders }',
    `principals: [{ name: "User:app", auth: scram-sha-512, passwordFile: ${password('policy')} }]`,
    'enforce: true',
  ]
  const receiver = `name: pager, url: "https://127.0.0.1:9/", tokenFile: ${password('pager')}, secretFile: ${password('signature')}`
  const chat = `name: chat, urlFile: ${write('chat.url', `https://127.0.0.1:9/${secretFor('chat')}`)}`
  return {
    admin,
    regions: [
      { name: 'eu', bootstrap: ['127.0.0.1:9'], access },
      { name: 'us', bootstrap: ['127.0.0.1:9'], access: fromEnv },
      {
        name: 'ap',
        bootstrap: ['127.0.0.1:9'],
        access: `tls: {}, sasl: { mechanism: oauthbearer, tokenEndpoint: ${endpoint} }`,
      },
      {
        name: 'sa',
        bootstrap: ['127.0.0.1:9'],
        access: `tls: {}, sasl: { mechanism: oauthbearer, tokenFile: ${password('token')} }`,
      },
    ],
    rest: `failoverGroups: [{ ${group} }]
security: { policies: [${write('policy.yaml', policy.join('\n'))}], driftSeconds: 5 }
links: [{ name: far, source: ap, target: sa, topics: { include: ["*"] } }]
notifications: [{ ${receiver} }, { ${chat} }]
authority: { kind: etcd, endpoints: ["http://127.0.0.1:9"], login: { username: root, passwordFile: ${password('etcd')} } }`,
    api: `auth: { tokens: [{ name: ada, role: admin, hashFile: ${write('ada.hash', admin.hash)} }] }, limits: { changesPerSecond: 1000 }`,
  }
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

test('what is secret in a configuration is in no log, answer, error, metric or command line', async () => {
  const { admin, ...options } = await configure()
  await using isthmus = await IsthmusProcess.start({ ...options, logLevel: 'trace' })
  const seen: string[] = []
  const ask = async (
    path: string,
    init: { method?: string; body?: string; headers?: Record<string, string> } = {},
    token = admin.token,
    limitMs = 60_000,
  ) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...init.headers }
    const answer = await fetch(`${isthmus.apiUrl}${path}`, { ...init, headers, signal: AbortSignal.timeout(limitMs) })
    const text = await answer.text()
    seen.push(
      `${init.method ?? 'GET'} ${path.split('?')[0]}: ${JSON.stringify(Object.fromEntries(answer.headers))} ${text}`,
    )
    return text
  }
  await eventually('it answers', () => ask('/healthz').catch(() => undefined), { limitMs: 60_000 })
  const { paths } = JSON.parse(await ask('/openapi.json')) as Document
  const places: Record<string, string> = { group: 'orders', region: 'us', link: 'orders-eu-to-us' }
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => ({
      method: method.toUpperCase(),
      path: path.replaceAll(/\{(\w+)\}/g, (_, name: string) => places[name] ?? 'x'),
    })),
  )
  expect(operations.length).toBeGreaterThan(30)
  // A password in the wrong place is not shown to whoever reads the log either.
  const misplaced = JSON.stringify({ by: 'ada', reason: 'why', password: secretFor('body') })
  const bodies = ['{}', misplaced, misplaced.slice(0, -3)]
  // What waits for the authority, which is away, says no more than the others.
  const askBriefly = (path: string, init = {}) => ask(path, init, admin.token, 5_000)
  const asked = operations.flatMap(({ method, path }) =>
    method === 'GET' ? [askBriefly(path)] : bodies.map((body) => askBriefly(path, { method, body })),
  )
  await Promise.all(asked.map((answer) => answer.catch(() => undefined)))
  expect(seen.length).toBeGreaterThan(operations.length)
  await ask('/api/v1/status', {}, createToken().token)
  await ask(`/api/v1/status?token=${createToken().token}`)
  await ask('/api/v1/lag', { headers: { authorization: `Basic ${btoa(`ada:${secretFor('basic')}`)}` } })
  expect(seen.join('\n')).toContain('isthmus_link_state')
  checkNoSecret(seen.join('\n'), 'an answer')
  await eventually('its log says that the regions are away', () => Promise.resolve(findTrouble(isthmus)), {
    limitMs: 60_000,
  })
}, 300_000)

/** The log and the command line are looked at where the process is ended. */
function findTrouble({ log }: IsthmusProcess): string | undefined {
  return log.find((line) => line.includes('ECONNREFUSED'))
}

test('a configuration that is printed, put into words or refused shows none of its secrets', async () => {
  const { regions, rest, api } = await configure()
  const text = `apiVersion: isthmus/v1
regions: [${regions.map(({ name, bootstrap, access }) => `{ name: ${name}, bootstrap: ["${bootstrap.join()}"], ${access} }`).join(', ')}]
${rest}
api: { ${api} }
`
  const read = (yaml: string) =>
    parseConfig(yaml, folder, { env: process.env, readFile: (path) => readFileSync(path, 'utf8') })
  const good = read(text)
  expect(good.problems.filter(({ severity }) => severity === 'error')).toEqual([])
  checkNoSecret(inspect(good.config, { depth: 20 }) + JSON.stringify(good), 'the configuration')
  const plain = text.replace(/passwordFile: [^ ]+/, `password: ${secretFor('plain')}`)
  const token = text.replace(/hashFile: [^ ]+/, `hash: ${createToken().token}`)
  for (const wrong of [plain, token]) {
    const { problems, config } = read(wrong)
    expect(config).toBeUndefined()
    checkNoSecret(JSON.stringify(problems), 'a problem')
  }
})

test('the check finds what it has to find', () => {
  const samples = [
    secretFor('x'),
    Buffer.from(secretFor('x')).toString('base64'),
    createToken().token,
    'eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.x',
    '-----BEGIN PRIVATE KEY-----',
  ]
  for (const text of samples)
    expect(() => checkNoSecret(`before ${text} behind`, 'this')).toThrow('this shows a secret')
  checkNoSecret('isthmus_link_state{link="a-secret-link"} 1', 'a metric')
})
