import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { importText, parseConfig } from '../../../../src/config/index.ts'
import { translatePattern } from '../../../../src/config/import-mm2/patterns.ts'
import { parseProperties } from '../../../../src/config/import-mm2/properties.ts'
import { isFault } from '../../../../src/core/index.ts'
import { compileSelection } from '../../../../src/replication/index.ts'

const SOURCES = {
  readFile: () => '-----BEGIN CERTIFICATE-----\nmade for this test\n-----END CERTIFICATE-----',
  env: {},
}
const MINIMAL = { clusters: 'A, B', 'A.bootstrap.servers': 'a:1', 'B.bootstrap.servers': 'b:1', 'A->B.enabled': 'true' }

function textOf(settings: Readonly<Record<string, string>>): string {
  return Object.entries({ ...MINIMAL, ...settings })
    .map(([key, value]) => `${key} = ${value.replaceAll('\\', '\\\\')}\n`)
    .join('')
}

function imported(settings: Readonly<Record<string, string>> = {}) {
  return importText(textOf(settings), 'mm2.properties')
}

function mistakesIn(text: string): string {
  try {
    importText(text, 'mm2.properties')
  } catch (error) {
    if (isFault(error, 'IMPORT_REFUSED')) return error.message
    throw error
  }
  return ''
}

describe.each(['default-policy.properties', 'identity-policy.properties', 'strimzi-v1beta2.yaml', 'strimzi-v1.yaml'])(
  '%s',
  (name) => {
    const folder = new URL('golden/', import.meta.url)
    const text = readFileSync(new URL(name, folder), 'utf8')
    const report = importText(text, name)

    test('becomes the configuration and the list that were read and found right', async () => {
      // `npx vitest run -u` writes them anew; read the difference before you keep it.
      const told = report.differences.map(({ kind, key, value, line, isthmus, todo }) =>
        [
          `${kind}: ${line ?? '-'} ${key} = ${value ?? '-'}`,
          `  ${isthmus}`,
          ...(todo === '' ? [] : [`  > ${todo}`]),
        ].join('\n'),
      )
      await expect(`${report.config}\n${told.join('\n')}\n`).toMatchFileSnapshot(`golden/${name}.expected`)
    })

    test('is a configuration that Isthmus takes', () => {
      expect(parseConfig(report.config, '/etc/isthmus', SOURCES).problems).toEqual([])
    })

    test('shows no secret', () => {
      expect(JSON.stringify(report)).not.toMatch(/hunter2|changeit/)
    })
  },
)

describe('a properties file is read as Java reads it', () => {
  test.each([
    ['a=b', 'a', 'b'],
    ['  a : b c ', 'a', 'b c'],
    ['a b', 'a', 'b'],
    ['a\\ b = c', 'a b', 'c'],
    ['a = \\u0041\\t.', 'a', 'A\t.'],
    ['a = b\\\n   c', 'a', 'bc'],
    ['a = b\\\\', 'a', 'b\\'],
    ['a', 'a', ''],
    ['# x\n! y\n\na=1\na=2', 'a', '2'],
    ['a->b.c=d', 'a->b.c', 'd'],
  ])('%j', (text, key, value) => {
    expect(parseProperties(text)).toEqual([expect.objectContaining({ key, value })])
  })

  test('with the line on which a setting begins', () => {
    expect(parseProperties('# one\na = 1 \\\n 2\nb = 3').map(({ line }) => line)).toEqual([2, 4])
  })

  test('whatever text it is', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parseProperties(text)))
  })
})

describe('an entry of a list', () => {
  const part = fc.constantFrom('orders', 'a', '-', '_', '\\.', '.', '.*', '[ab]', 'x?', '(b|c)', '\\w')
  const name = fc.string({
    unit: fc.constantFrom('a', 'b', 'c', 'o', 'r', 'd', 'e', 's', '.', '_', '-', 'x'),
    minLength: 1,
    maxLength: 12,
  })

  test('selects the names that it has selected before', () => {
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), name, (parts, topic) => {
        const entry = parts.join('')
        const translated = translatePattern(entry)
        if (!('entry' in translated)) return
        const before = new RegExp(`^(?:${entry})$`, 's').test(topic) && !topic.startsWith('__')
        expect(compileSelection({ include: [translated.entry], exclude: [] })(topic)).toBe(before)
      }),
    )
  })

  test.each([
    ['orders', 'orders'],
    ['.*', '*'],
    ['orders\\..*', 'orders.*'],
    ['orders.placed', '/orders.placed/'],
    ['^orders', '/(?:^orders)/'],
    ['a|b', '/a|b/'],
  ])('%s is written as %s', (entry, written) => expect(translatePattern(entry)).toEqual({ entry: written }))

  test.each(['a*+', '(?i)orders', '\\Qa.b\\E', '[a-z&&[^b]]', '\\p{Alpha}+', '(?>a)', '(a'])(
    '%s is refused instead of guessed',
    (entry) => expect(translatePattern(entry)).toHaveProperty('trouble'),
  )
})

describe('every setting becomes a key or is told', () => {
  const NAMES = ['offset.lag.max', 'tasks.max', 'sync.topic.acls.enabled', 'heartbeats.topic.replication.factor', 'x.y']
  const SCOPES = ['', 'A.', 'B.', 'A->B.', 'A.producer.', 'A->B.source.consumer.']

  test('whichever, and in whichever scope', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.constantFrom(...SCOPES.flatMap((scope) => NAMES.map((one) => scope + one)))),
        (keys) => {
          const { differences } = imported(Object.fromEntries(keys.map((key) => [key, 'true'])))
          for (const key of keys) expect(differences.map((one) => one.key)).toContain(key)
        },
      ),
      { numRuns: 50 },
    )
  })

  test('and none is shown that may hold a secret', () => {
    const secrets = ['A.ssl.key.password', 'B.sasl.oauthbearer.client.secret', 'A.some.token', 'admin.api.credentials']
    const { differences, config } = imported(Object.fromEntries(secrets.map((key) => [key, 'hunter2'])))
    expect(JSON.stringify(differences) + config).not.toContain('hunter2')
  })
})

test('copies with a prefix of their own keep their names, and are not sent back', () => {
  const { config } = imported({ 'B->A.enabled': 'true' })
  expect(config).toContain('rename: A.{topic}')
  expect(config).toContain('B.*')
})

test('two aliases that come to the same name are two regions', () => {
  const text = 'clusters = e_u, e-u\ne_u.bootstrap.servers=a:1\ne-u.bootstrap.servers=b:1\ne_u->e-u.enabled=true'
  const { config } = importText(text, 'f')
  expect(parseConfig(config, '/', SOURCES).problems).toEqual([])
  expect(config).toContain('e-u-2')
})

describe('what leaves nothing to write is refused, with place, rule and remedy', () => {
  test.each([
    ['no clusters', 'a = b', 'clusters: missing; give the properties file'],
    ['no flow', 'clusters=A,B', 'A->B.enabled: no flow is enabled; set'],
    ['a stray flow', textOf({ 'A->C.enabled': 'true' }), 'line 5: A->C.enabled: cluster C is not one of clusters'],
    ['no address', 'clusters=A,B\nA->B.enabled=true', 'A.bootstrap.servers: missing; give host:port'],
    [
      'a policy of its own',
      textOf({ 'replication.policy.class': 'x.Mine' }),
      'line 5: replication.policy.class: what x.Mine',
    ],
    ['a separator', textOf({ 'replication.policy.separator': '/' }), 'no topic can have this in its name'],
    [
      'a login',
      textOf({ 'A.security.protocol': 'SASL_SSL', 'A.sasl.mechanism': 'GSSAPI' }),
      'cannot log in with GSSAPI',
    ],
    [
      'a nameless login',
      textOf({ 'A.security.protocol': 'SASL_SSL', 'A.sasl.mechanism': 'PLAIN' }),
      'it names no user',
    ],
    ['a protocol', textOf({ 'A.security.protocol': 'TLS' }), 'line 5: A.security.protocol: not a protocol of A'],
    ['a pattern of Java', textOf({ topics: '(?i)orders' }), 'line 5: topics: (?i)orders cannot be taken over'],
    ['another resource', 'kind: KafkaTopic\n', 'line 1: kind: it is KafkaTopic'],
    ['broken YAML', 'kind: [\n', 'not valid YAML'],
    [
      'a resource without mirrors',
      'kind: KafkaMirrorMaker2\nspec: { clusters: [] }',
      'it has no source, no target or no mirrors',
    ],
  ])('%s', (_what, text, message) => expect(mistakesIn(text)).toContain(message))
})
