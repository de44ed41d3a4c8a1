import { expect, test } from 'vitest'
import type { IncidentsBody } from '../../../src/api/contract/index.ts'
import { linkName } from '../../../src/core/index.ts'
import { startFakeApp } from '../../support/fake-app.ts'
import { incidentStatus, linkStatus } from '../../support/fake-replicator.ts'
import { cli } from '../../support/run-cli.ts'

const KNOWN = incidentStatus({ id: 'b', acknowledged: { atMs: 1, by: 'bob', note: '' }, target: { from: 3, to: null } })
const OPEN = incidentStatus({ id: 'a' })

async function start(...incidents: Parameters<typeof incidentStatus>[0][]) {
  return startFakeApp(
    [linkStatus()],
    incidents.map((given) => incidentStatus(given)),
  )
}

async function post(url: string, body: string, type = 'application/json') {
  const response = await fetch(url, { method: 'POST', body, headers: { 'content-type': type } })
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    body: JSON.parse(await response.text()),
  }
}

test('incidents are listed in pages, and by link and state', async () => {
  const ids = Array.from({ length: 7 }, (_, at) => ({ id: `i${at}`, atMs: at }))
  await using it = await start(...ids, KNOWN)
  const get = async (query: string) =>
    (await fetch(`${it.api}/api/v1/incidents${query}`)).json() as Promise<IncidentsBody>
  const seen: string[] = []
  for (let after: string | null = ''; after !== null; ) {
    const page = await get(`?limit=3&state=open${after === '' ? '' : `&after=${after}`}`)
    expect(page).toMatchObject({ total: 7, open: 7 })
    seen.push(...page.incidents.map(({ id }: { id: string }) => id))
    after = page.next
  }
  expect(seen).toEqual(ids.map(({ id }) => id))
  expect(await get('?state=acknowledged')).toMatchObject({ open: 0, incidents: [{ ...KNOWN }] })
  expect(await get('?link=nope')).toMatchObject({ code: 'API_LINK_UNKNOWN' })
  expect(await get('?after=nope')).toMatchObject({ code: 'API_REQUEST_INVALID' })
})

test('an acknowledgement says who and what, and may be repeated', async () => {
  await using it = await start(OPEN)
  const url = `${it.api}/api/v1/incidents/a/acknowledge`
  const body = JSON.stringify({ by: 'ada', note: 'known', action: 'reseed' })
  for (const _ of [1, 2]) {
    expect(await post(url, body)).toMatchObject({ status: 200, body: { acknowledged: { by: 'ada', note: 'known' } } })
  }
  expect(it.fake.calls).toContain('acknowledge a reseed')
})

test.each([
  ['without a name', '{}', 'application/json', 400],
  ['with an action that there is not', '{"by":"ada","action":"forget"}', 'application/json', 400],
  ['as plain text, which a foreign page could send', '{"by":"ada"}', 'text/plain', 400],
  ['as a form', 'by=ada', 'application/x-www-form-urlencoded', 400],
])('an acknowledgement %s is refused', async (_what, body, type, status) => {
  await using it = await start(OPEN)
  const answer = await post(`${it.api}/api/v1/incidents/a/acknowledge`, body, type)
  expect(answer).toMatchObject({ status, body: { code: 'API_REQUEST_INVALID' } })
  expect(answer.type).toContain('application/problem+json')
  expect(it.fake.calls).not.toContain('acknowledge a')
})

test('an incident that there is not is a problem of its own', async () => {
  await using it = await start(OPEN)
  const answer = await post(`${it.api}/api/v1/incidents/z/acknowledge`, '{"by":"ada"}')
  expect(answer).toMatchObject({ status: 404, body: { code: 'INCIDENT_UNKNOWN' } })
})

test('open incidents show in the status, in the metrics and by an exit code', async () => {
  await using it = await start(OPEN, { id: 'c', link: linkName('eu-to-us') }, KNOWN)
  expect(await (await fetch(`${it.api}/api/v1/status`)).json()).toMatchObject({ openIncidents: 2 })
  const metrics = await (await fetch(`${it.api}/metrics`)).text()
  expect(metrics).toContain('isthmus_incidents_open{link="eu-to-us",code="FLOW_RETENTION_GAP"} 2\n')
  expect((await cli(['status', '--api', it.api])).out).toContain('2 incidents to acknowledge')
  const { code, out } = await cli(['incidents', '--api', it.api])
  expect(code).toBe(5)
  expect(out).toMatch(/a +eu-to-us +FLOW_RETENTION_GAP +orders-1 +1,200 to 1,300 +- +stopped +-/)
  expect(out).not.toMatch(/^b /m)
  expect((await cli(['incidents', '--all', '--api', it.api])).out).toMatch(/^b .* 3 to unknown .*bob$/m)
})

test('the command acknowledges several, and then none is open', async () => {
  await using it = await start(OPEN, { id: 'c' })
  const { code, out } = await cli(['incidents', 'acknowledge', 'a', 'c', '--by', 'ada', '--api', it.api])
  expect(code).toBe(0)
  expect(out).toContain('Incident a (FLOW_RETENTION_GAP of orders-1, stopped) is acknowledged by ada.')
  expect(await cli(['incidents', '--api', it.api])).toMatchObject({ code: 0, out: 'No incident is open.\n' })
  const missing = await cli(['incidents', 'acknowledge', 'z', '--by', 'ada', '--api', it.api])
  expect(missing).toMatchObject({ code: 2 })
  expect(missing.err).toContain('there is no incident z')
})
