import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createApp } from '../../../src/app.ts'
import { parseConfig } from '../../../src/config/index.ts'
import { systemClock, systemRandom } from '../../../src/core/index.ts'
import { createLogger } from '../../../src/observability/index.ts'
import { openEvents } from '../../support/event-client.ts'
import { fakeReplicator } from '../../support/fake-replicator.ts'
import { startReceiver } from '../../support/web-receiver.ts'

const WAIT = { timeout: 60_000 }

/** A process with a failover group over regions that nothing answers for, an authority of its own and one receiver. */
async function startProcess(url: string) {
  const folder = await mkdtemp(join(tmpdir(), 'isthmus-'))
  const text = `apiVersion: isthmus/v1
regions: [{ name: eu, bootstrap: ["127.0.0.1:9"] }, { name: us, bootstrap: ["127.0.0.1:9"] }]
failoverGroups: [{ name: orders, regions: [eu, us], topics: { include: ["orders.*"] } }]
authority: { path: ${join(folder, 'isthmus.db')} }
notifications: [{ name: pager, url: "${url}", minimumSeverity: info, kinds: [request] }]
api: { listen: "127.0.0.1:0", anonymous: admin }
`
  const { config, problems } = parseConfig(text, folder, { env: {}, readFile: () => '' })
  if (config === undefined) throw new Error(JSON.stringify(problems))
  const log: string[] = []
  const destination = { write: (line: string) => void log.push(line) }
  const context = { clock: systemClock, random: systemRandom }
  const logger = createLogger({ level: 'info', nowMs: () => systemClock.nowMs(), destination })
  const app = await createApp({
    config,
    version: '9.9.9',
    logger,
    ...context,
    createReplicator: () => fakeReplicator().port,
  })
  const api = await app.start()
  const stop = async () => {
    await app.stop()
    await rm(folder, { recursive: true })
  }
  return { api, log, [Symbol.asyncDispose]: stop }
}

test('what a person asks for is in the journal, on the stream of events and at the receiver, with one uid', async () => {
  await using receiver = await startReceiver()
  await using it = await startProcess(receiver.url)
  // The first leader begins with what is asked for from then on.
  await expect.poll(() => it.log.some((line) => line.includes('this process leads')), WAIT).toBe(true)
  const client = await openEvents(it.api, '?kind=request')
  let asked = 0
  const ask = async () => {
    const body = JSON.stringify({ by: 'anna', reason: `upgrade ${++asked}` })
    const headers = { 'content-type': 'application/json' }
    const path = `${it.api}/api/v1/links/orders-eu-to-us/pause`
    expect((await fetch(path, { method: 'POST', headers, body })).status).toBe(200)
    return receiver.received.length
  }
  await expect.poll(ask, { ...WAIT, interval: 2_000 }).toBeGreaterThan(0)
  const event = JSON.parse((await client.next())?.data ?? '{}') as Record<string, unknown>
  expect(event).toMatchObject({
    kind: 'request',
    group: 'orders',
    sentence: 'anna has asked to pause link orders-eu-to-us: upgrade 1 (group orders)',
    uid: expect.stringMatching(/^journal-1-\d+-[0-9a-f]{8}$/),
  })
  const seen = new Map([[event['sentence'], event['uid']]])
  for (let at = 1; at < asked; at++) {
    const next = JSON.parse((await client.next())?.data ?? '{}') as Record<string, unknown>
    seen.set(next['sentence'], next['uid'])
  }
  for (const { body, headers } of receiver.received) expect(headers['webhook-id']).toBe(seen.get(body['sentence']))
  client.close()
  const metrics = await (await fetch(`${it.api}/metrics`)).text()
  expect(metrics).toMatch(/^isthmus_notifications_sent_total\{name="pager"\} [1-9]/m)
  const found = (await (await fetch(`${it.api}/api/v1/doctor`)).json()) as { findings: { id: string }[] }
  expect(found.findings.map(({ id }) => id)).toEqual(
    expect.arrayContaining(['region-unreachable', 'authority-place-unknown']),
  )
})
