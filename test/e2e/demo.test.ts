import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createConnection } from 'node:net'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, describe, expect, test } from 'vitest'
import { containerClient, useEndpoint } from '../../src/local/container-engine.ts'
import { detectEngine } from '../../src/local/engine.ts'
import { localPorts } from '../../src/local/index.ts'
import { eventually } from '../support/isthmus-process.ts'
import { runLauncher, runShell } from '../support/command.ts'
import { canRunKafka, testEngine } from './engine.ts'
import type { PageState } from '../../src/demo/sensor-page/serve.ts'
import type { TourResult } from '../../src/demo/tour-report.ts'

/** `npm run demo` as a new user meets it: what it shows, that what it suggests works, and that nothing is left. */
const ROOT = resolve(import.meta.dirname, '../..')
const children: ChildProcess[] = []

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

testEngine()

describe.runIf(canRunKafka)('the demo', () => {
  test.each([
    { regions: ['eu-west', 'us-east'], args: [] },
    { regions: ['eu-west', 'us-east', 'ap-south'], args: ['--seconds', '12', '--regions', '3'] },
  ])('shows $regions.length regions at work, suggests what works, and leaves nothing', async ({ regions, args }) => {
    const [port = 0] = await localPorts.take(1)
    const demo = startDemo(['--rate', '100', '--port', String(port), ...args])
    await eventually('it suggests commands', () => demo.find(/Ctrl-C ends everything/), { limitMs: 150_000 })
    const tree = await descendantsOf(demo.child.pid)
    const brokers = brokersOf(demo.text())
    expect(brokers.map(({ region }) => region)).toEqual(regions)

    const containers = demo.text().includes('(container)') ? await containersAt(brokers) : []
    // A demo with an end of its own may be gone before they have all run.
    if (!args.includes('--seconds')) {
      const commands = commandsOf(demo.text())
      expect(commands).toHaveLength(8)
      const results = await Promise.all(commands.map(runSuggested))
      expect(results.filter(({ code }) => code !== 0)).toEqual([])
      const hasCopied = () => demo.find(/^eu-west -> us-east +running +(\d,\d{3}|[6-9]\d\d)\b/m)
      await eventually('enough is copied', hasCopied, { limitMs: 60_000 })
      demo.child.kill('SIGTERM')
    }
    expect(await demo.ended).toBe(0)
    const screen =
      demo
        .text()
        .split(/\n(?=\d+ s {3})/)
        .at(-1) ?? ''
    const copied = regions.slice(1).map((target) => {
      const row = new RegExp(`^eu-west -> ${target} +running +([\\d,]+)`, 'm').exec(screen)
      return numberOf(row?.[1])
    })
    expect(Math.min(...copied)).toBeGreaterThan(500)
    expect(numberOf(/^\d+ s {3}([\d,]+) records in/.exec(screen)?.[1])).toBeGreaterThan(500)
    expect(screen).toMatch(new RegExp(`^SENSOR-ANALYTICS STANDS AT +${regions.join(' +')} +REREAD$`, 'm'))
    expect(screen.match(/^sensors\.readings-\d( +[\d,]+)+$/gm)).toHaveLength(8)
    expect(demo.text()).not.toMatch(/warning/i)

    const isLeft = async () => (tree.some(isAlive) ? undefined : true)
    await eventually('its processes are gone', isLeft, { limitMs: 15_000 })
    expect(await Promise.all(containers.map(isContainer))).toEqual(containers.map(() => false))
    for (const { host, brokerPort } of brokers) expect(await answers(host, brokerPort)).toBe(false)
    expect(existsSync(/--config (\S+)/.exec(demo.text())?.[1] ?? ROOT)).toBe(false)
  })

  test('an interrupt while the regions come up ends it without a trace', async () => {
    const demo = startDemo(['--seconds', '5'])
    await eventually('it starts', () => demo.find(/Bringing up/), { limitMs: 30_000 })
    await new Promise((settle) => setTimeout(settle, 1_000))
    const tree = await descendantsOf(demo.child.pid)
    demo.child.kill('SIGTERM')
    expect(await demo.ended).toBe(0)
    expect(demo.text()).not.toMatch(/unexpected|Error/)
    const isLeft = async () => (tree.some(isAlive) ? undefined : true)
    await eventually('its processes are gone', isLeft, { limitMs: 15_000 })
  })
})

describe.runIf(canRunKafka)('the tour of the demo', () => {
  test('moves the workload there and back over a loss, and proves that everything is where it should be', async () => {
    const [port = 0] = await localPorts.take(1)
    const demo = startDemo(['--tour', '--rate', '100', '--port', String(port)])
    const watching = watchSensors(demo)
    const code = await demo.ended
    const told = demo.text()
    const result = JSON.parse(/^\{"ok".*\}$/m.exec(told)?.[0] ?? '{}') as Partial<TourResult>
    expect(result, told).toMatchObject({ ok: true, problems: [] })
    expect(code).toBe(0)
    const { moves = [], loss } = result
    expect(moves.map(({ kind, from, to, epoch }) => [kind, from, to, epoch])).toEqual([
      ['switchover', 'eu-west', 'us-east', 2],
      ['failover', 'us-east', 'eu-west', 3],
      ['failback', 'eu-west', 'us-east', 4],
    ])
    for (const { positions, windows, aggregatesEqual, skipped } of moves) {
      expect(Math.min(positions, windows)).toBeGreaterThan(7)
      expect({ aggregatesEqual, skipped }).toEqual({ aggregatesEqual: true, skipped: 0 })
    }
    expect(moves.filter(({ kind }) => kind !== 'failover').map(({ reread }) => reread)).toEqual([0, 0])
    expectGoesOn(await watching, moves)
    expect(loss?.acknowledgedReadings).toBeGreaterThan(0)
    expect(loss?.named).toBe(loss?.counted)
    for (const verb of ['switchover', 'kill', 'failover', 'start', 'divergence', 'failback']) {
      expect(told).toMatch(new RegExp(`^\\$ node bin/(isthmus|demo)\\.js ${verb} `, 'm'))
    }
  }, 600_000)
})

describe('orders to a demo that does not run', () => {
  test.each(['kill', 'start'])('%s is refused with what to do', async (verb) => {
    const [port = 0] = await localPorts.take(1)
    const { code, stdout, stderr } = await runLauncher('demo', [verb, 'us-east', '--port', String(port)])
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    expect(stderr).toContain(`no demo runs here with its API on port ${port}. Start one with \`npm run demo\``)
  })
})

describe('without Docker and without Java', () => {
  const { JAVA_HOME: _java, MAVEN_HOME: _maven, ...rest } = process.env
  const env = { ...rest, PATH: '', DOCKER_HOST: 'tcp://127.0.0.1:9' }

  test('the demo ends with 2 within two seconds and names both remedies', async () => {
    const startedMs = performance.now()
    const { code, stdout, stderr } = await runLauncher('demo', [], env)
    expect(performance.now() - startedMs).toBeLessThan(2_000)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain('apt-get install -y docker.io')
    expect(stderr).toContain('apt-get install -y default-jdk-headless maven')
  })
})

function startDemo(args: readonly string[]) {
  const child = spawn(process.execPath, ['bin/demo.js', ...args], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] })
  children.push(child)
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()))
  const ended = new Promise<number | null>((settle) => child.once('close', settle))
  const find = async (pattern: RegExp) => {
    if (child.exitCode !== null) throw new Error(`the demo ended with ${child.exitCode}: ${text}`)
    return pattern.test(text) ? true : undefined
  }
  return { child, ended, find, text: () => text }
}

/** The page has seen each move, windows go on behind the last one, and alerts of both regions are there. */
function expectGoesOn(page: PageState | undefined, moves: TourResult['moves']): void {
  const told = page?.moves.map(({ from, to, epoch }) => [from, to, epoch])
  expect(told).toEqual(moves.map(({ from, to, epoch }) => [from, to, epoch]))
  const starts = page?.sites.flatMap(({ windows }) => windows.map(({ startMs }) => startMs)) ?? []
  expect(Math.max(...starts)).toBeGreaterThan(page?.moves.at(-1)?.atMs ?? Number.POSITIVE_INFINITY)
  expect(new Set(page?.alerts.map(({ region }) => region))).toEqual(new Set(['eu-west', 'us-east']))
}

/** The last that the page about the sensor fleet was told, however often regions went meanwhile. */
async function watchSensors(demo: ReturnType<typeof startDemo>): Promise<PageState | undefined> {
  let last: PageState | undefined
  while (demo.child.exitCode === null) {
    const address = /What the sensor fleet does.*: (\S+)\//.exec(demo.text())?.[1]
    const state = address && (await fetch(`${address}/state`).catch(() => undefined))
    if (state) last = ((await state.json().catch(() => undefined)) as PageState | undefined) ?? last
    await new Promise((settle) => setTimeout(settle, 500))
  }
  return last
}

/** What it suggests to type. */
function commandsOf(text: string): string[] {
  return [...text.matchAll(/^ {2}((?:node|curl) .*)$/gm)].map(([, command]) => command ?? '')
}

/** As typed; `curl` may not be on the machine. */
async function runSuggested(command: string): Promise<{ command: string; code: number | null; output: string }> {
  const [, url] = /^curl (\S+)$/.exec(command) ?? []
  if (url === undefined) {
    const { code, stdout, stderr } = await runShell(command)
    return { command, code, output: `${stdout}${stderr}` }
  }
  const response = await fetch(url)
  return { command, code: response.ok ? 0 : 1, output: await response.text() }
}

function brokersOf(text: string) {
  const [line = ''] = /^Kafka clients connect to .*$/m.exec(text) ?? []
  return [...line.matchAll(/([a-z-]+) at ([\d.]+):(\d+)/g)].map(([, region, host, port]) => {
    return { region: region ?? '', host: host ?? '', brokerPort: Number(port) }
  })
}

/** Ids of every process that it has started, and those have. */
async function descendantsOf(pid = -1): Promise<number[]> {
  const { stdout } = await promisify(execFile)('ps', ['-e', '-o', 'pid=,ppid='])
  const pairs = stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
  const found = [pid]
  for (const parent of found) for (const [id = -1, of] of pairs) if (of === parent) found.push(id)
  return found
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** Ids of the containers that publish the ports of the brokers. */
async function containersAt(brokers: readonly { readonly brokerPort: number }[]): Promise<string[]> {
  const choice = await detectEngine('container')
  if (choice.engine === 'container') useEndpoint(choice.endpoint)
  const listed = await (await containerClient()).container.list()
  const isOurs = ({ Ports }: (typeof listed)[number]) =>
    Ports.some(({ PublicPort }) => brokers.some(({ brokerPort }) => brokerPort === PublicPort))
  const ids = listed.filter(isOurs).map(({ Id }) => Id)
  expect(ids).toHaveLength(brokers.length)
  return ids
}

async function isContainer(id: string): Promise<boolean> {
  const inspected = (await containerClient()).container.getById(id).inspect()
  return inspected.then(
    () => true,
    () => false,
  )
}

/** Whether anything listens there. */
function answers(host: string, port: number): Promise<boolean> {
  return new Promise((settle) => {
    const socket = createConnection({ host, port })
    socket.once('connect', () => settle(true)).once('error', () => settle(false))
    socket.once('connect', () => socket.destroy())
  })
}

function numberOf(text = ''): number {
  return Number(text.replaceAll(',', '') || Number.NaN)
}
