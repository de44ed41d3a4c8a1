import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Kafka } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { LagBody, ProblemBody, ReadyBody, StatusBody, TranslateBody } from '../../src/api/contract/index.ts'
import { type LocalRegion, startRegion } from '../../src/local/index.ts'
import { renderMetricsReference } from '../../src/observability/index.ts'
import { clientOf, produce, withAdmin } from '../integration/local/region-clients.ts'
import { untilCopied } from '../support/copying.ts'
import { eventually, IsthmusProcess } from '../support/isthmus-process.ts'
import { type CommandResult, runIsthmus } from '../support/command.ts'
import { createTopic } from './create-topic.ts'
import { canRunKafka, testEngine } from './engine.ts'

/**
 * What operators see of a running Isthmus: the commands as processes, the API, health and metrics, and how it ends.
 * The source counts differently from the target: its log starts with transaction markers.
 */
const LINK = 'eu-to-us'
const TOPIC = 'orders.created'
const GROUP = 'billing'
const RECORDS = 40
const COMMITTED = 25
/** Two aborted transactions of one record each: four offsets without a record on the target. */
const SHIFT = 4
const REST = `links:
  - name: ${LINK}
    source: eu
    target: us
    topics: { include: ["orders.*"] }
    consumerGroups: { include: ["${GROUP}"] }`

testEngine()

/** Only where there are failover groups; see region-watch.test.ts. */
const OF_MOVES = /^isthmus_(authority|state_copy|controller|failover_group|agent)_/

describe.runIf(canRunKafka)('two plain regions and one link', () => {
  const stack = new AsyncDisposableStack()
  let source: LocalRegion
  let target: LocalRegion
  let isthmus: IsthmusProcess
  let folder: string
  const start = () => IsthmusProcess.start({ regions: [source, target], rest: REST })
  const ask = (...args: string[]) => runIsthmus([...args, '--api', isthmus.apiUrl])
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'isthmus-surface-'))
    stack.defer(() => rmSync(folder, { recursive: true, force: true }))
    ;[source, target] = await Promise.all([startRegion({ name: 'eu' }), startRegion({ name: 'us' })])
    stack.use(source)
    stack.use(target)
    await fillSource(clientOf(source))
  }, 120_000)
  afterAll(() => stack.disposeAsync(), 60_000)

  describe('before anything runs', () => {
    const configOf = (eu: readonly string[], us: readonly string[]) =>
      `apiVersion: isthmus/v1\nregions:\n  - { name: eu, bootstrap: [${eu.join()}] }\n  - { name: us, bootstrap: [${us.join()}] }\n${REST}\n`

    test('check finds a good file good, and with --online both regions there', async () => {
      const good = file('good.yaml', configOf(source.bootstrap, target.bootstrap))
      expect(await runIsthmus(['check', '--config', good])).toMatchObject({ code: 0, stderr: '' })
      const { code, stdout } = await runIsthmus(['check', '--config', good, '--online', '--output', 'json'])
      expect(code).toBe(0)
      expect(JSON.parse(stdout)).toMatchObject({ ok: true, regions: [{ region: 'eu', ok: true }, { ok: true }] })
    })

    test('check --online tells a region that is not there, and one that is another one again', async () => {
      const same = file('same.yaml', configOf(source.bootstrap, source.bootstrap))
      const twice = await runIsthmus(['check', '--config', same, '--online'])
      expect(twice).toMatchObject({ code: 2, stdout: expect.stringContaining('is the same cluster as eu') })
      const gone = file('gone.yaml', configOf(source.bootstrap, ['127.0.0.1:9']))
      const missing = await runIsthmus(['check', '--config', gone, '--online'])
      expect(missing).toMatchObject({ code: 2, stdout: expect.stringMatching(/failed {2}us: .*127\.0\.0\.1:9/) })
    })

    test('check names every error at once, each with path, value, rule and remedy', async () => {
      const text = configOf(source.bootstrap, target.bootstrap)
        .replace('target: us', 'target: uss')
        .replace('source: eu', 'source: eu\n    start: yesterday')
        .replace('isthmus/v1', 'isthmus/v9')
      const bad = file('bad.yaml', `${text}replication: { topicSyncSecond: 3, bufferMb: 1 }\n`)
      const { code, stdout } = await runIsthmus(['check', '--config', bad])
      expect(code).toBe(2)
      const lines = stdout.trimEnd().split('\n')
      expect(lines[0]).toContain('5 problems')
      expect(lines.find((line) => line.includes('links[0].target'))).toMatch(/line \d+: .*"uss".*did you mean us\?/)
      expect(lines.find((line) => line.includes('links[0].start'))).toMatch(
        /"yesterday" is not a start; write earliest/,
      )
      expect(lines.find((line) => line.includes('apiVersion'))).toContain('"isthmus/v9"')
      expect(lines.find((line) => line.includes('topicSyncSecond'))).toContain('did you mean topicSyncSeconds?')
      expect(lines.find((line) => line.includes('replication.bufferMb'))).toMatch(/1 is below 8; give 8 or more/)
      expect(await runIsthmus(['run', '--config', bad])).toMatchObject({ code: 2, stdout: '' })
    })

    test.each([['status'], ['lag'], ['offsets', 'translate', '--link', LINK, '--group', GROUP]])(
      '%s without an API to ask ends with 4 and says how to start one',
      async (...args) => {
        const { code, stdout, stderr } = await runIsthmus([...args, '--api', 'http://127.0.0.1:9'])
        expect({ code, stdout }).toEqual({ code: 4, stdout: '' })
        expect(stderr).toContain('isthmus run --config FILE')
      },
    )

    test.each([
      { what: 'an unknown command', args: ['statsu'], says: 'Did you mean status?' },
      { what: 'a missing file', args: ['check', '--config', 'nowhere.yaml'], says: 'CONFIG_UNREADABLE' },
      { what: 'no file', args: ['run'], says: '--config' },
      { what: 'a URL that is none', args: ['status', '--api', 'localhost'], says: 'CLI_API_URL_INVALID' },
      { what: 'half an offset', args: ['offsets', 'translate', '--link', LINK, '--topic', TOPIC], says: 'UNCLEAR' },
    ])('$what is wrong usage', async ({ args, says }) => {
      expect(await runIsthmus(args)).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(says) })
    })
  })

  describe('a running process', () => {
    beforeAll(async () => {
      isthmus = stack.use(await start())
      await untilCopied(isthmus, { link: LINK, flowCount: 2 }, AbortSignal.timeout(90_000))
    }, 100_000)

    test('is alive at once and ready once its link has started', async () => {
      await using second = await IsthmusProcess.start({
        regions: [source, { name: 'us', bootstrap: ['127.0.0.1:9'] }],
        rest: REST,
      })
      const health = await eventually('it answers', () => tryFetch(`${second.apiUrl}/healthz`), { limitMs: 20_000 })
      expect(health.status).toBe(200)
      const waiting = await fetch(`${second.apiUrl}/readyz`)
      expect(waiting.status).toBe(503)
      expect(((await waiting.json()) as ReadyBody).reasons[0]).toContain(`link ${LINK} is starting`)
      const ready = await fetch(`${isthmus.apiUrl}/readyz`)
      expect([ready.status, await ready.json()]).toEqual([200, { ready: true, reasons: [] }])
    })

    test('status says the same as a table, as JSON and as YAML', async () => {
      const table = await ask('status')
      expect(table).toMatchObject({ code: 0, stderr: '' })
      expect(table.stdout).toContain('1 link is running and everything is copied.')
      expect(table.stdout).toMatch(/^LINK +FROM +TO +STATE/m)
      expect(table.stdout).toMatch(new RegExp(`^${LINK} +eu +us +running +2 +2 +0 +0 `, 'm'))
      const [json, yaml] = await inBoth<StatusBody>('status')
      for (const body of [json, yaml]) {
        expect(body.links).toMatchObject([{ link: LINK, state: 'running', recordsCopied: RECORDS, recordsLost: 0 }])
        expect(body.regions.map(({ region }) => region)).toEqual(['eu', 'us'])
      }
    })

    test('lag tells what the group has still to read', async () => {
      const table = await ask('lag', '--group', GROUP)
      expect(table.code).toBe(0)
      expect(table.stdout).toMatch(new RegExp(`^${LINK} +${GROUP} +${TOPIC} +0 +${SHIFT + COMMITTED} `, 'm'))
      const [json, yaml] = await inBoth<LagBody>('lag', '--group', GROUP)
      for (const { groups } of [json, yaml]) {
        expect(groups).toMatchObject([
          { group: GROUP, topics: [{ topic: TOPIC, partitions: [{ lagRecords: RECORDS - COMMITTED }] }] },
        ])
      }
      const none = await ask('lag', '--group', 'nobody')
      expect(none).toMatchObject({ code: 0, stdout: expect.stringContaining('Nothing matches') })
    })

    test('offsets translate gives the position of a group on both sides, and the target has it', async () => {
      const table = await ask('offsets', 'translate', '--link', LINK, '--group', GROUP)
      expect(table.code).toBe(0)
      expect(table.stdout).toContain(`Group ${GROUP} over link ${LINK} is synced`)
      expect(table.stdout).toMatch(new RegExp(`^${TOPIC} +${TOPIC} +0 +${SHIFT + COMMITTED} +${COMMITTED} +0$`, 'm'))
      const [json, yaml] = await inBoth<TranslateBody>('offsets', 'translate', '--link', LINK, '--group', GROUP)
      expect(json.group?.positions).toEqual(yaml.group?.positions)
      const kafka = clientOf(target)
      const [committed] = await withAdmin(kafka, (admin) => admin.fetchOffsets({ groupId: GROUP, topics: [TOPIC] }))
      expect(committed?.partitions.find(({ partition }) => partition === 0)?.offset).toBe(String(COMMITTED))
    })

    test('offsets translate goes both ways, and says what it met', async () => {
      const translate = (offset: number, direction: string) =>
        ask('offsets', 'translate', '--link', LINK, '--topic', TOPIC, ...at(offset, direction))
      const there = await translate(SHIFT + 7, 'source-to-target')
      expect(there).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/offset 11 -> .* offset 7 \(the very same/),
      })
      const back = await translate(7, 'target-to-source')
      expect(back.stdout).toMatch(/offset 7 -> .* offset 11 \(the very same/)
      const hole = await ask('offsets', 'translate', '--link', LINK, '--topic', TOPIC, ...at(1), '--output', 'json')
      expect(JSON.parse(hole.stdout)).toMatchObject({ offset: { from: 1, to: 0, note: 'hole' } })
      const beyond = await ask('offsets', 'translate', '--link', LINK, '--topic', TOPIC, ...at(999), '--output', 'yaml')
      expect(parse(beyond.stdout)).toMatchObject({ offset: { from: 999, to: RECORDS, note: 'not-copied' } })
    })

    test.each([
      { what: 'link', args: ['--link', 'nowhere', '--group', GROUP], code: 'API_LINK_UNKNOWN' },
      { what: 'group', args: ['--link', LINK, '--group', 'nobody'], code: 'GROUP_UNKNOWN' },
      { what: 'topic', args: ['--link', LINK, '--topic', 'none', ...at(0)], code: 'FLOW_UNKNOWN' },
    ])('an unknown $what is wrong usage', async ({ args, code }) => {
      const result = await ask('offsets', 'translate', ...args)
      expect(result).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(`code: ${code}`) })
    })

    test('a bad query is answered with problem+json that names the field', async () => {
      const response = await fetch(`${isthmus.apiUrl}/api/v1/offsets/translate?link=${LINK}&partition=minus`)
      expect(response.status).toBe(400)
      expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/)
      const problem = (await response.json()) as ProblemBody
      expect(problem).toMatchObject({ status: 400, code: 'API_REQUEST_INVALID' })
      expect(problem.title).toContain('partition')
      expect(problem.remedy).not.toBe('')
    })

    test('metrics have every documented name', async () => {
      const text = await isthmus.get('/metrics')
      const documented = [...renderMetricsReference().matchAll(/`(isthmus_\w+)`/g)].map(([, name]) => name ?? '')
      const own = documented.filter((name) => !OF_MOVES.test(name))
      expect(new Set(own).size).toBeGreaterThan(15)
      expect(own.filter((name) => !text.includes(`# TYPE ${name} `))).toEqual([])
      expect(text).toMatch(new RegExp(`isthmus_flow_lag_records\\{link="${LINK}",topic="${TOPIC}",partition="0"\\} 0`))
      expect(text).toMatch(new RegExp(`isthmus_link_state\\{link="${LINK}",.*state="running"\\} 1`))
    })

    test('a process that does not share takes over, and the first one ends with 5 and says why', async () => {
      const alone = `${REST}\nreplication: { shareWork: false }`
      const second = stack.use(await IsthmusProcess.start({ regions: [source, target], rest: alone }))
      await untilCopied(second, { link: LINK, flowCount: 2 }, AbortSignal.timeout(60_000))
      await produce(clientOf(source), TOPIC, ['one more'])
      expect(await isthmus.exited).toEqual({ code: 5, signal: null })
      expect(isthmus.log.join('\n')).toContain('another process took over the work of this one')
      isthmus = second
      const copied = async () => ((await isthmus.status())?.links[0]?.recordsCopied === 1 ? true : undefined)
      await eventually('the second one copies it', copied, { limitMs: 60_000 })
    }, 90_000)

    test('SIGTERM hands over and ends with 0 within ten seconds', async () => {
      const startedMs = performance.now()
      expect(await isthmus.terminate()).toEqual({ code: 0, signal: null })
      expect(performance.now() - startedMs).toBeLessThan(10_000)
      expect(isthmus.log.at(-1)).toContain('isthmus has stopped')
    })
  })

  /** The same command with `--output json` and with `--output yaml`. */
  async function inBoth<Body>(...args: string[]): Promise<[Body, Body]> {
    const bodyOf = ({ stdout }: CommandResult) => parse(stdout) as Body
    const json = await ask(...args, '--output', 'json')
    return [JSON.parse(json.stdout) as Body, bodyOf(await ask(...args, '--output', 'yaml'))]
  }
})

function at(offset: number, direction = 'source-to-target'): string[] {
  return ['--partition', '0', '--offset', String(offset), '--direction', direction]
}

async function fillSource(kafka: Kafka): Promise<void> {
  await createTopic(kafka, TOPIC, 2)
  const producer = kafka.producer({ transactionalId: 'orders', maxInFlightRequests: 1, idempotent: true })
  await producer.connect()
  for (const value of ['never', 'neither']) {
    const transaction = await producer.transaction()
    await transaction.send({ topic: TOPIC, messages: [{ value, partition: 0 }] })
    await transaction.abort()
  }
  await producer.disconnect()
  const plain = kafka.producer()
  await plain.connect()
  const messages = Array.from({ length: RECORDS }, (_, index) => ({ value: `order ${index}`, partition: 0 }))
  await plain.send({ topic: TOPIC, messages, acks: -1 })
  await plain.disconnect()
  const partitions = [{ partition: 0, offset: String(SHIFT + COMMITTED) }]
  await withAdmin(kafka, (admin) => admin.setOffsets({ groupId: GROUP, topic: TOPIC, partitions }))
}

async function tryFetch(url: string): Promise<Response | undefined> {
  try {
    return await fetch(url)
  } catch {
    return undefined
  }
}
