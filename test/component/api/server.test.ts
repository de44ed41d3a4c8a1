import { request } from 'node:http'
import { expect, test } from 'vitest'
import { systemClock } from '../../../src/core/index.ts'
import { CredentialFiles } from '../../../src/credentials/index.ts'
import { CANARY, startFakeApp } from '../../support/fake-app.ts'
import { fakeDelivery } from '../../support/fake-delivery.ts'
import { flowStatus, groupStatus, linkStatus, stoppedFlow } from '../../support/fake-replicator.ts'

async function ask(url: string, headers: Record<string, string> = {}) {
  const response = await fetch(url, { headers })
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.includes('json') === true
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: isJson && text !== '' ? JSON.parse(text) : undefined,
  }
}

test('the status says in a sentence what is behind', async () => {
  await using it = await startFakeApp()
  const { status, body } = await ask(`${it.api}/api/v1/status`)
  expect(status).toBe(200)
  expect(body).toMatchObject({
    version: '9.9.9',
    summary: '1 link is running, 20 records behind.',
    regions: [
      { region: 'eu', sourceOf: ['eu-to-us'], targetOf: [] },
      { region: 'us', sourceOf: [], targetOf: ['eu-to-us'] },
    ],
    links: [{ link: 'eu-to-us', lagRecords: 20, flows: { running: 2, stopped: 0 } }],
  })
})

test('a stopped flow is counted as unknown, never as zero lag', async () => {
  await using it = await startFakeApp([linkStatus({ state: 'degraded', flows: [stoppedFlow()] })])
  const { body } = await ask(`${it.api}/api/v1/status`)
  expect(body.summary).toBe('1 flow has stopped on eu-to-us and needs an operator.')
  expect(body.links[0]).toMatchObject({ lagRecords: null, lagUnknownFlows: 1 })
  const metrics = (await ask(`${it.api}/metrics`)).text
  expect(metrics).not.toMatch(/^isthmus_flow_lag_records\{/m)
  expect(metrics).toMatch(/^isthmus_flow_state\{.*state="stopped"\} 1$/m)
})

test('flows come in pages in the order of topic and partition', async () => {
  const flows = Array.from({ length: 25 }, (_, at) => flowStatus({ topic: at < 12 ? 'b' : 'a', partition: at }))
  await using it = await startFakeApp([linkStatus({ flows })])
  const seen: string[] = []
  for (let after: string | null = ''; after !== null; ) {
    const query = after === '' ? '' : `&after=${encodeURIComponent(after)}`
    const { body } = await ask(`${it.api}/api/v1/links/eu-to-us/flows?limit=10${query}`)
    expect(body.total).toBe(25)
    seen.push(...body.flows.map((flow: { topic: string; partition: number }) => `${flow.topic}-${flow.partition}`))
    after = body.next
  }
  const wanted = [...flows].sort((x, y) => x.topic.localeCompare(y.topic) || x.partition - y.partition)
  expect(seen).toEqual(wanted.map((flow) => `${flow.topic}-${flow.partition}`))
})

test('lag is told by group, topic and partition, the copy first', async () => {
  await using it = await startFakeApp()
  const { body } = await ask(`${it.api}/api/v1/lag`)
  expect(body.groups.map((one: { group: string | null }) => one.group)).toEqual([null, 'billing'])
  expect(body.groups[1].topics[0].partitions[0]).toMatchObject({
    position: 60,
    end: 100,
    lagRecords: 40,
    copyLagRecords: 10,
  })
})

test('an offset and a group are translated', async () => {
  await using it = await startFakeApp()
  const offset = await ask(`${it.api}/api/v1/offsets/translate?link=eu-to-us&topic=orders&partition=1&offset=50`)
  expect(offset.body.offset).toMatchObject({ from: 50, to: 43, note: 'exact', direction: 'source-to-target' })
  const group = await ask(`${it.api}/api/v1/offsets/translate?link=eu-to-us&group=billing`)
  expect(group.body.group).toMatchObject({ group: 'billing', state: 'synced' })
})

test.each([
  ['an unknown path', '/api/v1/nothing', 404, 'API_NOT_FOUND'],
  ['an unknown link', '/api/v1/links/nope/flows', 404, 'API_LINK_UNKNOWN'],
  ['a value out of range', '/api/v1/links/eu-to-us/flows?limit=0', 400, 'API_REQUEST_INVALID'],
  ['a cursor that is none', '/api/v1/links/eu-to-us/flows?after=x', 400, 'API_REQUEST_INVALID'],
  ['a number that is none', '/api/v1/offsets/translate?link=eu-to-us&partition=x', 400, 'API_REQUEST_INVALID'],
  ['half a question', '/api/v1/offsets/translate?link=eu-to-us&topic=orders', 400, 'API_REQUEST_INVALID'],
  ['an unknown query key', '/api/v1/lag?gruop=x', 400, 'API_REQUEST_INVALID'],
])('%s is answered with problem+json', async (_what, path, status, code) => {
  await using it = await startFakeApp()
  const answer = await ask(`${it.api}${path}`)
  expect(answer.headers.get('content-type')).toContain('application/problem+json')
  expect(answer.status).toBe(status)
  expect(answer.body).toMatchObject({ status, code, type: `urn:isthmus:fault:${code}` })
  expect(answer.body.remedy).not.toBe('')
})

test('readiness names the links that have not started', async () => {
  await using it = await startFakeApp([linkStatus({ state: 'starting', reason: 'taking over' })])
  expect(await ask(`${it.api}/healthz`)).toMatchObject({ status: 200, body: { status: 'alive' } })
  const ready = await ask(`${it.api}/readyz`)
  expect(ready).toMatchObject({
    status: 503,
    body: { ready: false, reasons: ['link eu-to-us is starting: taking over'] },
  })
})

test('a client that has the answer already gets 304', async () => {
  await using it = await startFakeApp()
  const first = await ask(`${it.api}/api/v1/links`)
  const tag = first.headers.get('etag') ?? ''
  expect(tag).not.toBe('')
  expect(await ask(`${it.api}/api/v1/links`, { 'if-none-match': tag })).toMatchObject({ status: 304, text: '' })
})

test('a web page under another name cannot read the API', async () => {
  await using it = await startFakeApp()
  const { port } = new URL(it.api)
  const status = await new Promise((resolve, reject) => {
    const call = request(
      { port, host: '127.0.0.1', path: '/api/v1/status', headers: { host: 'evil.example' } },
      (answer) => {
        answer.resume()
        resolve(answer.statusCode)
      },
    )
    call.on('error', reject).end()
  })
  expect(status).toBe(403)
})

test('more than 100 requests a second are refused, health checks are not', async () => {
  await using it = await startFakeApp()
  const answers = await Promise.all(Array.from({ length: 130 }, () => ask(`${it.api}/api/v1/links`)))
  const refused = answers.find((answer) => answer.status === 429)
  expect(refused?.body).toMatchObject({ code: 'API_TOO_MANY_REQUESTS' })
  expect((await ask(`${it.api}/healthz`)).status).toBe(200)
})

test('no answer and no log line holds a secret', async () => {
  await using it = await startFakeApp()
  const texts = await Promise.all(
    ['/api/v1/status', '/api/v1/lag', '/metrics', '/openapi.json', '/readyz'].map((path) => ask(`${it.api}${path}`)),
  )
  expect([...texts.map((answer) => answer.text), ...it.log].join('\n')).not.toContain(CANARY)
})

test('a stop hands over first and then closes the API', async () => {
  const it = await startFakeApp()
  expect(it.fake.calls).toEqual(['start'])
  await Promise.all([it.app.stop(), it.app.stop()])
  expect(it.fake.calls).toEqual(['start', 'stop'])
  await expect(fetch(`${it.api}/healthz`)).rejects.toThrow()
})

const nobody = () => Promise.reject(new Error('nobody asks'))

test('a port that is taken is a fault with a remedy, not a crash', async () => {
  await using it = await startFakeApp()
  const { port } = new URL(it.api)
  const { createApiServer, DEFAULT_API } = await import('../../../src/api/index.ts')
  const { pino } = await import('pino')
  const api = await createApiServer({
    options: { ...DEFAULT_API, listen: `127.0.0.1:${port}` },
    logger: pino({ level: 'silent' }),
    files: new CredentialFiles(systemClock),
    content: {
      version: '1',
      regions: [],
      replication: it.fake.port,
      linkDesk: { pause: nobody, resume: nobody },
      watch: { status: () => ({ vantage: 'here', standsIn: null, doubt: null, regions: [], heard: [] }) },
      ...fakeDelivery().content,
      metrics: { contentType: 'text/plain', render: () => Promise.resolve('') },
    },
  })
  await expect(api.start()).rejects.toMatchObject({ code: 'API_LISTEN_FAILED' })
  await api.stop()
})

test('groups come in pages by name, and by state, with their age and what they would read again', async () => {
  const groups = Array.from({ length: 25 }, (_, at) => groupStatus({ group: `g${String(at).padStart(2, '0')}` }))
  const failed = groupStatus({ group: 'sick', state: 'failed', syncedAtMs: null, rereadRecords: null })
  await using it = await startFakeApp([linkStatus({ groups: [failed, ...groups] })])
  const seen: string[] = []
  for (let after: string | null = ''; after !== null; ) {
    const query = after === '' ? '' : `&after=${encodeURIComponent(after)}`
    const { body } = await ask(`${it.api}/api/v1/links/eu-to-us/groups?limit=10${query}`)
    expect(body.total).toBe(26)
    seen.push(...body.groups.map(({ group }: { group: string }) => group))
    after = body.next
  }
  expect(seen).toEqual([...groups.map(({ group }) => group), 'sick'])
  const { body } = await ask(`${it.api}/api/v1/links/eu-to-us/groups?state=failed`)
  expect(body).toMatchObject({ total: 1, next: null, groups: [{ group: 'sick', syncAgeSeconds: null }] })
  const healthy = await ask(`${it.api}/api/v1/links/eu-to-us/groups?group=g00`)
  expect(healthy.body.groups).toMatchObject([{ syncAgeSeconds: 2, rereadRecords: 0 }])
  const status = await ask(`${it.api}/api/v1/status`)
  expect(status.body.links[0]).toMatchObject({ groups: 26, positionsAgeSeconds: null, rereadRecords: null })
})

test('a link is removed by a JSON request only', async () => {
  await using it = await startFakeApp()
  const url = `${it.api}/api/v1/links/eu-to-us/removal`
  const post = (body: string, type = 'application/json') =>
    fetch(url, { method: 'POST', body, headers: { 'content-type': type } })
  const done = await post('{"dryRun":true}')
  expect(await done.json()).toMatchObject({ link: 'eu-to-us', state: 'planned' })
  // What a web page can send without asking first.
  expect((await post('{}', 'text/plain')).status).toBe(400)
  expect((await post('{"deleteTopic":true}')).status).toBe(400)
})

test('refused topics and copies to be deleted are listed', async () => {
  const refused = { topic: 'a', targetTopic: 'b', code: 'TOPIC_WOULD_CYCLE', message: 'it would', remedy: 'exclude it' }
  const pendingDeletions = [{ topic: 'old', targetTopic: 'old', sinceMs: 1, leftMs: 1_500 }]
  await using it = await startFakeApp([linkStatus({ refusedTopics: [refused], pendingDeletions })])
  const { body } = await ask(`${it.api}/api/v1/links/eu-to-us/topics`)
  expect(body).toEqual({
    link: 'eu-to-us',
    refused: [refused],
    pendingDeletions: [{ topic: 'old', targetTopic: 'old', sinceMs: 1, leftSeconds: 2 }],
  })
})

test('a process that controls no failover group says so', async () => {
  await using it = await startFakeApp()
  const answer = await ask(`${it.api}/api/v1/failover-groups`)
  expect(answer).toMatchObject({ status: 404, body: { code: 'API_NO_CONTROLLER' } })
  expect((await ask(`${it.api}/api/v1/regions`)).body.regions).toEqual([])
})

test('without a word nobody may use the API but for its health checks, and the log says so', async () => {
  await using it = await startFakeApp([linkStatus({ state: 'starting' })], undefined, '{ listen: "127.0.0.1:0" }')
  expect((await ask(`${it.api}/healthz`)).status).toBe(200)
  // What it waits for is not for strangers.
  expect(await ask(`${it.api}/readyz`)).toMatchObject({ status: 503, body: { ready: false, reasons: [] } })
  for (const path of ['/api/v1/status', '/metrics', '/openapi.json']) {
    const answer = await ask(`${it.api}${path}`)
    expect(answer).toMatchObject({ status: 401, body: { code: 'API_UNAUTHENTICATED' } })
    expect(answer.headers.get('www-authenticate')).toBe('Bearer')
  }
  expect(it.log.join()).toContain('nobody may use the api')
})

test('an API that is open says so in its log, its status and its metrics of what it refused', async () => {
  await using it = await startFakeApp()
  expect(it.log.join()).toContain('whoever can run a program on this machine may do everything')
  expect((await ask(`${it.api}/api/v1/status`)).body.anonymous).toBe('admin')
  await ask(`${it.api}/api/v1/status`, { authorization: 'Bearer x' })
  const { text } = await ask(`${it.api}/metrics`)
  expect(text).toContain('isthmus_api_refused_total{code="API_CREDENTIALS_REFUSED"} 1')
})

test('every answer has the headers that keep browsers from doing harm', async () => {
  await using it = await startFakeApp()
  for (const path of ['/api/v1/status', '/api/v1/nothing', '/healthz']) {
    const { headers } = await ask(`${it.api}${path}`)
    expect(headers.get('content-security-policy')).toContain("default-src 'self'")
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('x-frame-options')).toBe('SAMEORIGIN')
    expect(headers.get('access-control-allow-origin')).toBeNull()
  }
})
