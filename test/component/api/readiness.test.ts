import Fastify from 'fastify'
import { expect, test } from 'vitest'
import type { ApiContent } from '../../../src/api/ports.ts'
import { serviceRoutes } from '../../../src/api/routes.ts'
import { regionName } from '../../../src/core/index.ts'
import type { GateStatus } from '../../../src/security/index.ts'

const gate = { region: regionName('eu'), position: 'unknown', reason: 'why', sinceMs: 0 } as const
const ask = async (status: GateStatus | undefined) => {
  await using app = Fastify()
  const content = { replication: { status: () => ({ links: [] }) }, gate: () => status } as unknown as ApiContent
  await app.register(serviceRoutes, { content })
  const { statusCode, body } = await app.inject('/readyz')
  return { statusCode, reasons: (JSON.parse(body) as { reasons: string[] }).reasons }
}

test('an agent is ready once its gate is settled, which one that is to stay as it is may be', async () => {
  const reasons = ['the gate of eu is not settled: why']
  expect(await ask({ ...gate, isSettled: false })).toEqual({ statusCode: 503, reasons })
  expect(await ask({ ...gate, isSettled: true })).toEqual({ statusCode: 200, reasons: [] })
  expect(await ask(undefined)).toEqual({ statusCode: 200, reasons: [] })
})
