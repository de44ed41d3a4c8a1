import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { clusterOptionsOf, formatProblem, parseConfig } from '../../../src/config/index.ts'
import { regionName } from '../../../src/core/index.ts'

const TOKEN = 'canary-secret-token'

function read(sasl: string, tls = ', tls: {}') {
  const text = `apiVersion: isthmus/v1\nregions: [{ name: eu, bootstrap: ["a:1"]${tls}, sasl: { ${sasl} } }]\n`
  const { config, problems } = parseConfig(text, '/', { readFile: () => `${TOKEN}\n`, env: {} })
  return { region: config?.regions.get(regionName('eu')), problems: problems.map(formatProblem) }
}

const ENDPOINT = 'tokenEndpoint: { url: "https://login.example/token", clientId: isthmus, clientSecretFile: s }'

test.each(['mechanism: plain, username: u, passwordFile: p', 'mechanism: oauthbearer, tokenFile: t'])(
  '%s is refused without TLS unless it says that it is meant so',
  (sasl) => {
    expect(read(sasl).problems).toEqual([])
    const refused = read(sasl, '')
    expect(refused.region).toBeUndefined()
    expect(refused.problems.join()).toContain('readable; add tls: {}, or say that it is meant so with allowPlaintext')
    const meant = read(`${sasl}, allowPlaintext: true`, '')
    expect(meant.region).toBeDefined()
    expect(meant.problems.join()).toContain('warning')
  },
)

test('SCRAM needs no TLS to keep its password to itself', () => {
  expect(read('mechanism: scram-sha-512, username: u, passwordFile: p', '').problems).toEqual([])
})

test('a token comes from its file with each login, and never shows', async () => {
  const { region } = read('mechanism: oauthbearer, tokenFile: t')
  const sasl = region && clusterOptionsOf(region).access?.sasl()
  expect(sasl?.mechanism === 'oauthbearer' && (await sasl.token())).toBe(TOKEN)
  expect(`${inspect(region, { depth: 9 })} ${JSON.stringify(region)}`).not.toContain(TOKEN)
})

test('a token endpoint is taken, and its secret never shows', () => {
  const { region, problems } = read(`mechanism: oauthbearer, ${ENDPOINT}`)
  expect(problems).toEqual([])
  expect(`${inspect(region, { depth: 9 })} ${JSON.stringify(region)}`).not.toContain(TOKEN)
})

test.each([
  ['a password for a token', 'mechanism: oauthbearer, tokenFile: t, passwordFile: p', 'oauthbearer does not take it'],
  ['a token for a password', 'mechanism: plain, username: u, passwordFile: p, tokenFile: t', 'plain does not take it'],
  ['two tokens', `mechanism: oauthbearer, tokenFile: t, ${ENDPOINT}`, 'two tokens are named'],
  ['no token', 'mechanism: oauthbearer', 'no token is named'],
  ['no user', 'mechanism: plain, passwordFile: p', 'username: missing'],
  ['an endpoint that anybody can read', `mechanism: oauthbearer, ${ENDPOINT.replace('https', 'http')}`, 'not an https'],
])('%s is refused', (_, sasl, rule) => {
  expect(read(sasl).problems.join('\n')).toContain(rule)
})
