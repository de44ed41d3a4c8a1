import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { createApiServer, DEFAULT_API } from '../../src/api/index.ts'
import { renderConfigReference } from '../../src/config/index.ts'
import { renderDoctorReference } from '../../src/controller/index.ts'
import { systemClock } from '../../src/core/index.ts'
import { CredentialFiles } from '../../src/credentials/index.ts'
import { renderMetricsReference } from '../../src/observability/index.ts'
import { fakeDelivery } from '../support/fake-delivery.ts'
import { fakeReplicator } from '../support/fake-replicator.ts'
import { root } from './sources.ts'

/** Pages that are made from the sources. `UPDATE=1` writes them anew. */
function expectPage(path: string, text: string): void {
  const file = join(root, path)
  if (process.env.UPDATE === '1') writeFileSync(file, text)
  expect(readFileSync(file, 'utf8'), 'UPDATE=1 npx vitest run --project tidy').toBe(text)
}

test('the configuration reference is that of the schemas', () => {
  expectPage('src/config/reference.md', renderConfigReference())
})

test('the metrics reference is that of the table of metrics', () => {
  expectPage('src/observability/metrics.md', renderMetricsReference())
})

test('the reference of findings is that of the tables', () => {
  expectPage('src/controller/doctor/findings.md', renderDoctorReference())
})

const nobody = () => Promise.reject(new Error('nobody asks'))

test('openapi.json is what the API serves', async () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  const api = await createApiServer({
    options: { ...DEFAULT_API, listen: '127.0.0.1:0', anonymous: 'viewer' },
    logger: pino({ level: 'silent' }),
    files: new CredentialFiles(systemClock),
    content: {
      version,
      regions: [],
      replication: fakeReplicator().port,
      linkDesk: { pause: nobody, resume: nobody },
      watch: { status: () => ({ vantage: 'here', standsIn: null, doubt: null, regions: [], heard: [] }) },
      ...fakeDelivery().content,
      metrics: { contentType: 'text/plain', render: () => Promise.resolve('') },
    },
  })
  const served = await api.http.inject({ url: '/openapi.json', headers: { host: 'localhost' } })
  await api.stop()
  expect(served.json()).toMatchObject({ openapi: '3.1.0' })
  expectPage('src/api/openapi.json', `${JSON.stringify(served.json(), null, 2)}\n`)
})
