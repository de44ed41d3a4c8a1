import * as fc from 'fast-check'
import { Compile } from 'typebox/schema'
import { expect, onTestFinished, test } from 'vitest'
import { inject, listOperations, stateOf } from '../../support/api-operations.ts'
import { type FuzzedBody, fuzzedBodies } from '../../support/bodies.ts'
import { startFakeControl } from '../../support/fake-control.ts'

const BODIES = 10_000
const NO_LIMITS = { readsPerSecond: 100_000, changesPerSecond: 100_000 }
const never = new AbortController().signal

/** Whether it is none that the operation takes. What would be taken is another test's business. */
function isWrong({ payload, type }: FuzzedBody, check: (value: unknown) => boolean): boolean {
  if (type !== 'application/json') return true
  try {
    return !check(JSON.parse(payload))
  } catch {
    return true
  }
}

test('10,000 wrong bodies are answered with 4xx, never 5xx, and change nothing', async () => {
  await using it = await startFakeControl({ api: { limits: NO_LIMITS } })
  const operations = listOperations(it.http).flatMap((operation) =>
    operation.body === undefined ? [] : [{ operation, schema: operation.body }],
  )
  expect(operations.length).toBeGreaterThan(15)
  const before = stateOf(it)
  // Each body makes two errors, and nobody reads where they come from: their stacks were a quarter of the time.
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  onTestFinished(() => void (Error.stackTraceLimit = stackTraceLimit))
  const statuses = new Map<number, number>()
  const wrong: string[] = []
  let sent = 0
  for (const [at, { operation, schema }] of operations.entries()) {
    const validator = Compile(schema)
    const share = Math.ceil(BODIES / operations.length)
    // A quarter may turn out to be right.
    const drawn = fc.sample(fuzzedBodies(schema), { numRuns: Math.ceil(share * 1.3), seed: at + 1 })
    const bodies = drawn.filter((body) => isWrong(body, (value) => validator.Check(value))).slice(0, share)
    for (const { payload, type } of bodies) {
      const headers = { 'content-type': type, 'idempotency-key': 'k' }
      const { status } = await inject(it.http, operation, { payload, headers })
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
      if (status < 400 || status >= 500) wrong.push(`${operation.name}: ${status} ${payload.slice(0, 200)}`)
      sent++
    }
  }
  expect(wrong).toEqual([])
  expect(sent).toBeGreaterThanOrEqual(BODIES)
  expect([...statuses.keys()]).toContain(400)
  expect(stateOf(it)).toBe(before)
  expect(await it.journal.read(never)).toEqual([])
}, 60_000)
