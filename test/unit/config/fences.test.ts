import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { clusterOptionsOf, type ConfigSources, formatProblem, parseConfig } from '../../../src/config/index.ts'
import { regionName } from '../../../src/core/index.ts'

const SECRET = 'canary-secret-4711'
const sources: ConfigSources = {
  env: { CANARY: SECRET, OWN: 'own-secret' },
  readFile: (path) => `-----BEGIN ${path}-----\n`,
}
const OWN = 'sasl: { mechanism: scram-sha-512, username: isthmus, password: "env:OWN" }'
const OTHER = 'sasl: { mechanism: scram-sha-512, username: canary, password: "env:CANARY" }'

function read(keys: string) {
  const text = `apiVersion: isthmus/v1\nregions:\n  - { name: eu, bootstrap: ["a:1"], ${keys} }\n`
  const { config, problems } = parseConfig(text, '/etc/isthmus', sources)
  return { region: config?.regions.get(regionName('eu')), problems: problems.map(formatProblem) }
}

test('without keys there is no canary, no command and no last resort', () => {
  const { region } = read(OWN)
  expect(region?.canary).toBeUndefined()
  expect(region?.fence).toEqual({
    principal: 'User:isthmus',
    superUsers: undefined,
    command: undefined,
    allowTopicConfig: false,
  })
})

test('a canary has its own credentials and the way of the region', () => {
  const tls = 'tls: { caFile: ca, certFile: own-cert, keyFile: own-key, serverName: kafka }'
  const { region, problems } = read(`${tls}, ${OWN}, canary: { ${OTHER} }`)
  expect(problems).toEqual([])
  expect(region?.canary).toMatchObject({ principal: 'User:canary', bootstrap: ['a:1'] })
  const options = region?.canary && clusterOptionsOf({ name: region.name, ...region.canary })
  expect(options?.access?.sasl()).toMatchObject({ username: 'canary', password: SECRET })
  expect(options?.access?.tls()).toEqual({ ca: '-----BEGIN /etc/isthmus/ca-----\n', serverName: 'kafka' })
  expect(`${inspect(region, { depth: 9 })}${JSON.stringify(region)}`).not.toContain(SECRET)
})

test('a canary may have a certificate, and a listener of its own', () => {
  const canary = 'canary: { principal: "User:CN=canary", bootstrap: ["b:2"], tls: { certFile: c, keyFile: k } }'
  const { region, problems } = read(`tls: { caFile: ca }, ${OWN}, ${canary}`)
  expect(problems).toEqual([])
  expect(region?.canary).toMatchObject({
    principal: 'User:CN=canary',
    bootstrap: ['b:2'],
    sasl: undefined,
  })
  expect(region?.canary?.tls?.material?.value).toMatchObject({
    ca: '-----BEGIN /etc/isthmus/ca-----\n',
    cert: '-----BEGIN /etc/isthmus/c-----\n',
  })
})

test.each([
  ['Isthmus itself', `canary: { ${OWN} }`, 'it is Isthmus itself'],
  ['nobody', 'canary: {}', 'it has no credentials of its own'],
  ['a certificate without a name', 'tls: {}, canary: { tls: { certFile: c, keyFile: k } }', 'is not known here'],
  ['a certificate without TLS', 'canary: { principal: "User:c", tls: { certFile: c, keyFile: k } }', 'without TLS'],
  ['two passwords', `canary: { ${OTHER.replace(' }', ', passwordFile: p }')} }`, 'two passwords are named'],
  ['a name that is no principal', `canary: { ${OTHER}, principal: canary }`, 'write it like User:isthmus'],
  ['a port that is none', `canary: { ${OTHER}, bootstrap: ["a:99999"] }`, 'has no valid port'],
])('a canary that is %s is refused', (_who, keys, expected) => {
  expect(read(`${OWN}, ${keys}`).problems.join('\n')).toContain(expected)
})

test('a command is a list of programs with a bound', () => {
  const { region } = read('fence: { command: { fence: [close, --now], unfence: [open], timeoutSeconds: 5 } }')
  expect(region?.fence).toMatchObject({
    principal: undefined,
    command: { fence: ['close', '--now'], unfence: ['open'], check: undefined, timeoutMs: 5_000 },
  })
  expect(read('fence: { command: { fence: [], unfence: [open] } }').problems[0]).toContain('give the program')
  expect(read('fence: { command: { fence: [close] } }').problems[0]).toContain('unfence: missing')
})
