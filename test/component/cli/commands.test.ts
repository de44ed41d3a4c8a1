import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { startFakeApp } from '../../support/fake-app.ts'
import { flowStatus, groupStatus, linkStatus, stoppedFlow } from '../../support/fake-replicator.ts'
import { cli } from '../../support/run-cli.ts'

test('status shows a sentence and an aligned table with grouped numbers', async () => {
  await using it = await startFakeApp([linkStatus({ flows: [flowStatus({ lagRecords: 1_234_567 })] })])
  const { code, out } = await cli(['status', '--api', it.api])
  expect(code).toBe(0)
  expect(out).toContain('1 link is running, 1,234,567 records behind.')
  const [head = '', row = ''] = out.trimEnd().split('\n').slice(2)
  expect(head.indexOf('LAG RECORDS') + 'LAG RECORDS'.length).toBe(row.indexOf('1,234,567') + '1,234,567'.length)
})

test('status ends with 5 where a flow needs an operator', async () => {
  await using it = await startFakeApp([
    linkStatus({ state: 'degraded', reason: '1 flow stopped', flows: [stoppedFlow()] }),
  ])
  const { code, out } = await cli(['status'], { io: { env: { ISTHMUS_API: it.api } } })
  expect(code).toBe(5)
  expect(out).toContain('eu-to-us: 1 flow stopped')
})

test('watch shows it again until it is asked to end', async () => {
  await using it = await startFakeApp()
  const asked = new AbortController()
  const shown: string[] = []
  const out = (text: string) => {
    shown.push(text)
    asked.abort()
  }
  const { code } = await cli(['status', '--watch', '--api', it.api], {
    io: { signal: asked.signal, isTerminal: true, out },
  })
  expect(code).toBe(0)
  expect(shown.join('')).toContain('\u001B[2J1 link is running')
})

test('lag, json and yaml say the same', async () => {
  await using it = await startFakeApp()
  const table = await cli(['lag', '--group', 'billing', '--api', it.api])
  expect(table.out).toMatch(/eu-to-us +billing +orders +0 +60 +100 +40 +10/)
  const json = await cli(['lag', '--output', 'json', '--api', it.api])
  const yaml = await cli(['--output', 'yaml', 'lag', '--api', it.api])
  expect(parse(yaml.out)).toEqual(JSON.parse(json.out))
})

test('offsets translate answers in a sentence', async () => {
  await using it = await startFakeApp()
  const args = ['offsets', 'translate', '--link', 'eu-to-us', '--topic', 'orders', '--partition', '3', '--api', it.api]
  const { out } = await cli([...args, '--offset', '120417'])
  expect(out).toBe('orders-3 offset 120,417 -> orders-3 offset 120,410 (the very same record)\n')
  expect((await cli([...args, '--offset', '1.5'])).code).toBe(2)
  expect((await cli(args)).err).toContain('give --topic, --partition and --offset, or --group alone')
})

test('a problem of the API is shown with its remedy', async () => {
  await using it = await startFakeApp()
  const { code, err } = await cli(['lag', '--link', 'nope', '--api', it.api])
  expect(code).toBe(2)
  expect(err).toContain('there is no link nope')
  expect(err).toContain('what to do: use one of: eu-to-us')
})

test('an API that is not there ends with 4, something else there with 2', async () => {
  const refused = () => Promise.reject(new TypeError('fetch failed'))
  expect(await cli(['status'], { io: { fetch: refused } })).toMatchObject({ code: 4 })
  const html = () => Promise.resolve(new Response('<html>', { status: 200 }))
  const other = await cli(['status'], { io: { fetch: html } })
  expect(other).toMatchObject({ code: 2 })
  expect(other.err).toContain('CLI_NOT_ISTHMUS')
})

test.each([
  [['nonsense']],
  [['status', '--output', 'xml']],
  [['check']],
  [['run', '--config', 'x', '--role', 'observer']],
])('wrong usage %j ends with 2', async (args) => {
  expect((await cli(args)).code).toBe(2)
})

test('check shows problems and regions, and ends with 2 where something is wrong', async () => {
  const report = {
    ok: false,
    file: 'a.yaml',
    regionCount: 1,
    linkCount: 0,
    errors: [],
    warnings: ['warning: x'],
    regions: [{ region: 'eu', ok: false, finding: 'cannot be reached', remedy: 'start it' }],
  }
  const { code, out } = await cli(['check', '--config', 'a.yaml', '--online'], {
    verbs: { check: () => Promise.resolve(report) },
  })
  expect(code).toBe(2)
  expect(out).toBe('a.yaml is valid: 1 region, 0 links.\n  warning: x\n  failed  eu: cannot be reached; start it\n')
})

test('the demo is offered only where there is one', async () => {
  expect((await cli(['--help'])).out).not.toContain('demo')
  const seen: string[] = []
  const demo = (args: readonly string[]) => {
    seen.push(...args)
    return Promise.resolve(0)
  }
  expect((await cli(['demo', '--fast', '3'], { verbs: { demo } })).code).toBe(0)
  expect(seen).toEqual(['--fast', '3'])
})

test('groups shows age and what would be read again, and a dash for what is not known', async () => {
  const failed = groupStatus({
    group: 'sick',
    state: 'failed',
    reason: 'no answer',
    syncedAtMs: null,
    rereadRecords: null,
  })
  await using it = await startFakeApp([linkStatus({ groups: [groupStatus(), failed] })])
  const all = await cli(['groups', '--api', it.api])
  expect(all.out).toMatch(/eu-to-us +billing +synced +1 +2 +0 +in step/)
  expect(all.out).toMatch(/eu-to-us +sick +failed +1 +- +- +no answer/)
  const some = await cli(['groups', '--limit', '1', '--api', it.api])
  expect(some.out).toContain('eu-to-us has 2 of them')
  const none = await cli(['groups', '--state', 'not-copied', '--api', it.api])
  expect(none.out).toContain('Nothing matches')
})

test('link remove shows the plan and is refused until it is confirmed', async () => {
  await using it = await startFakeApp()
  const refused = await cli(['link', 'remove', 'eu-to-us', '--api', it.api])
  expect(refused).toMatchObject({ code: 3 })
  expect(refused.out).toContain('would change 1 topic on the target')
  expect(refused.out).toMatch(/orders +restore +planned +the copy +-retention\.ms/)
  expect(refused.err).toContain('add --yes')
  expect((await cli(['link', 'remove', 'eu-to-us', '--dry-run', '--api', it.api])).code).toBe(0)
  expect(it.fake.calls.filter((call) => call.startsWith('remove'))).toEqual(Array(2).fill('remove eu-to-us, dry run'))

  const done = await cli(['link', 'remove', 'eu-to-us', '--delete-topics', '--yes', '--api', it.api])
  expect(done).toMatchObject({ code: 0 })
  expect(done.out).toMatch(/orders +delete +done/)
  expect(done.out).toMatch(/consumer group billing +its positions/)
  expect(it.fake.calls).toContain('remove eu-to-us')
})

test('status ends with 5 and says so where a hanging transaction holds a flow back', async () => {
  const heldBack = {
    state: 'hanging',
    reason: 'it hangs',
    producerId: 7n,
    transactionalId: 'billing',
    openSinceMs: 1,
    sinceMs: 2,
  } as const
  const flow = flowStatus({ heldBack, heldBackRecords: 1_234 })
  await using it = await startFakeApp([linkStatus({ flows: [flow], pendingDeletions: [pending] })])
  const { code, out } = await cli(['status', '--api', it.api])
  expect(code).toBe(5)
  expect(out).toContain('eu-to-us: 1 flow is held back by open transactions at the source, 1,234 records in all')
  expect(out).toContain('eu-to-us: 1 copy to be deleted')
})

const pending = { topic: 'old', targetTopic: 'old', sinceMs: 1, leftMs: 1_500 }
