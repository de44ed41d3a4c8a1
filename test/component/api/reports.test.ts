import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { REPORT_POLICY } from '../../../src/failover/index.ts'
import { failoverFacts, OPERATION } from '../../support/failover/report-facts.ts'
import { startFakeControl } from '../../support/fake-control.ts'
import { cli } from '../../support/run-cli.ts'

type Control = Awaited<ReturnType<typeof startFakeControl>>

const AT = `/api/v1/failover-groups/orders/operations/${OPERATION}`
const RETURN = `${OPERATION}-east`
const { signal } = new AbortController()

/** A failover that has ended, and whose region came back, as the machine leaves them. */
async function putFailover(it: Control, reason = 'the building is dark'): Promise<void> {
  const { operation, evidence, reigns, trace, returns } = failoverFacts()
  const put = (key: string, value: unknown) =>
    it.authority.documents.set(key, { value: JSON.parse(JSON.stringify(value)), revision: 1 })
  put(`operations/${OPERATION}`, { ...operation, request: { ...operation.request, reason }, from: 'east', to: 'west' })
  const reign = {
    epoch: 2,
    active: 'west',
    kind: 'failover',
    operation: OPERATION,
    committedAt: reigns[0]?.committedAt,
  }
  put('groups/orders', { ...it.authority.group, epoch: 2, reigns: [...it.authority.group.reigns, reign] })
  put(`operations/${OPERATION}/preflight`, evidence.preflight)
  for (const back of returns) {
    for (const [part, value] of Object.entries(back.evidence)) put(`operations/${RETURN}/${part}`, value)
  }
  const entries = [
    ...trace.entries.map((entry) => ({ ...entry, operation: OPERATION })),
    ...returns.flatMap((back) => back.trace.entries.map((entry) => ({ ...entry, operation: RETURN }))),
  ]
  for (const { actor, kind, group, operation: of, facts } of entries) {
    await it.journal.append({ actor, kind, facts, ...(group && { group }), ...(of && { operation: of }) }, signal)
  }
}

const get = (it: Control, path: string, accept?: string) =>
  fetch(`${it.api}${path}`, accept === undefined ? {} : { headers: { accept } })

test.each([
  ['text/html,application/xhtml+xml;q=0.9,*/*;q=0.8', 'text/html; charset=utf-8', '<!doctype html>'],
  ['text/markdown', 'text/markdown; charset=utf-8', '# Failover of orders from east to west: done'],
  ['*/*', 'application/json; charset=utf-8', '{'],
  [undefined, 'application/json; charset=utf-8', '{'],
  ['text/html;q=0.2, application/json', 'application/json; charset=utf-8', '{'],
])('a report is sent as %s asks for it', async (accept, type, begin) => {
  await using it = await startFakeControl()
  await putFailover(it)
  const answer = await get(it, `${AT}/report`, accept)
  expect(answer.status).toBe(200)
  expect(answer.headers.get('content-type')).toBe(type)
  expect((await answer.text()).startsWith(begin)).toBe(true)
})

test('the format of a query goes before the header', async () => {
  await using it = await startFakeControl()
  await putFailover(it)
  const answer = await get(it, `${AT}/report?format=html`, 'application/json')
  expect(await answer.text()).toContain('<svg class="timeline"')
  expect((await get(it, `${AT}/report?format=pdf`)).status).toBe(400)
})

test('a page may do nothing but be shown, whatever somebody has written into a reason', async () => {
  await using it = await startFakeControl()
  await putFailover(it, '<img src=x onerror=alert(1)>')
  const answer = await get(it, `${AT}/report?format=html`)
  expect(answer.headers.get('content-security-policy')).toBe(REPORT_POLICY)
  expect(answer.headers.get('content-disposition')).toBe(`inline; filename="${OPERATION}.html"`)
  const html = await answer.text()
  expect(html).not.toContain('<img')
  expect(html).toContain('&lt;img src=x onerror=alert(1)&gt;')
})

test('a failover shows what the region that it left had when it was back', async () => {
  await using it = await startFakeControl()
  await putFailover(it)
  const report = (await (await get(it, `${AT}/report`)).json()) as Record<string, unknown>
  expect(report).toMatchObject({
    operation: OPERATION,
    state: 'done',
    rpo: { records: 14, ms: 1_200, objectiveMs: 5_000 },
    returns: [{ return: RETURN, region: 'east', phase: 'standby', replayedRecords: 14 }],
    guards: [{ name: 'target-reachable' }, { name: 'loss-within-objective' }],
  })
  const back = await get(it, `${AT}-east/report?format=markdown`)
  expect(await back.text()).toContain('# Return of east to orders: standby')
})

test.each([
  `${AT.replace(OPERATION, 'orders-ffffffffffffffff')}/report`,
  `${AT}-north/report`,
  `${AT}-%3Cb%3E/report`,
  `${AT.replace(OPERATION, 'other-0123456789abcdef')}/report`,
])('there is no report of what never was: %s', async (path) => {
  await using it = await startFakeControl()
  await putFailover(it)
  const answer = await get(it, path)
  expect([answer.status, await answer.json()]).toMatchObject([404, { code: 'OPERATION_NOT_FOUND' }])
})

test('the command prints a report, or writes it in the format of the file', async () => {
  await using it = await startFakeControl()
  await putFailover(it)
  const folder = mkdtempSync(join(tmpdir(), 'isthmus-report-'))
  try {
    const report = async (...more: readonly string[]) => await cli(['operation', 'report', ...more, '--api', it.api])
    expect((await report(OPERATION)).out).toContain('# Failover of orders from east to west: done')
    expect((await report(OPERATION, '--output', 'yaml')).out).toContain(`operation: ${OPERATION}`)
    expect((await report(RETURN, '--format', 'md')).out).toContain('# Return of east')
    expect(await report(OPERATION, '-o', join(folder, 'a.html'))).toMatchObject({ code: 0, out: '' })
    expect(readFileSync(join(folder, 'a.html'), 'utf8')).toMatch(/^<!doctype html>[^]*<\/html>\n$/)
    expect((await report(OPERATION, '--format', 'json', '-o', join(folder, 'a'))).code).toBe(0)
    expect(JSON.parse(readFileSync(join(folder, 'a'), 'utf8'))).toMatchObject({ operation: OPERATION })
    const refused = await report(OPERATION, '-o', join(folder, 'gone', 'a.html'))
    expect(refused).toMatchObject({ code: 2, err: expect.stringContaining('CLI_FILE_UNWRITABLE') })
    expect((await report('orders-ffffffffffffffff')).err).toContain('OPERATION_NOT_FOUND')
  } finally {
    rmSync(folder, { recursive: true })
  }
})
