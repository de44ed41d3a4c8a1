import { writeFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { type App, TOPICS } from '../support/clients-trial/cast.ts'
import type { DoorState } from '../support/clients-trial/door.ts'
import { ClientsStage } from '../support/clients-trial/stage.ts'
import { type ClientsVerdict, judgeClients } from '../support/clients-trial/verdict.ts'
import { moveByCommand, untilPlanned } from '../support/failover-trial/control.ts'
import { eventually } from '../support/isthmus-process.ts'
import { findLibrdkafka } from '../support/python/librdkafka.ts'
import type { Trial, TrialContext, TrialResult } from '../support/trial.ts'

/**
 * Applications with the Java client, librdkafka and kafkajs over real switchovers, with their steps as src/routing/clients.md
 * has them, while the client listener of the old region stays open, refuses, resets or swallows; with offsets that are the
 * same in both regions, and with shifted ones. `--undocumented yes` shows what the defaults do where nobody does anything:
 * that is printed, not judged.
 */
const MODES = { alive: 'open', refused: 'refused', reset: 'reset', swallowed: 'swallowed' } as const satisfies Record<
  string,
  DoorState
>
type ModeName = keyof typeof MODES
const isMode = (name: string): name is ModeName => Object.hasOwn(MODES, name)

const WORK_LIMIT_MS = 60_000
const VIEW_LIMIT_MS = 20_000
const READ_LIMIT_MS = 30_000
const LOG_LINES = 15

interface Round {
  readonly mode: ModeName
  readonly offsets: string
  /** By application, milliseconds from the flip; undefined: not while it was watched. */
  readonly moved: ReadonlyMap<string, number | undefined>
}

interface StageResult {
  readonly rounds: readonly Round[]
  readonly verdict: ClientsVerdict
  /** Where Isthmus told something else of who is where than there was. */
  readonly wrongViews: readonly string[]
}

export const trial: Trial = {
  name: 'clients',
  describe: 'clients of every kind lose nothing and go on at the right record over a move, by the steps of their page',
  options: {
    mode: { describe: `${Object.keys(MODES).join(', ')}, or all`, default: 'all' },
    offsets: { describe: 'identical, shifted or all', default: 'all' },
    java: { describe: 'version of the Java client', default: '4.3.1' },
    undocumented: { describe: 'yes: nobody does anything; printed, not judged', default: 'no' },
    'watch-seconds': { describe: 'how long is waited for clients that nobody moves', default: '60' },
  },
  fields: [
    'wrongPosition',
    'acknowledgedAndLost',
    'unread',
    'twice',
    'wrongViews',
    'moves',
    'clients',
    'acknowledged',
    'read',
    'slowestMs',
    'librdkafka',
  ],
  limitMs: 30 * 60_000,
  populations: ['moves', 'clients', 'acknowledged', 'read'],

  async run({ short, options }, context) {
    const found = await findLibrdkafka(context.signal)
    const python = 'python' in found ? found.python : undefined
    const isDocumented = options['undocumented'] !== 'yes'
    const { modes, offsets } = choose(options, short)
    const results: StageResult[] = []
    for (const one of offsets) {
      const given = { isIdentical: one === 'identical', isDocumented, python, java: options['java'] ?? '' }
      // Without the steps clients end in states that the next move would not start from.
      for (const some of isDocumented ? [modes] : modes.map((mode) => [mode])) {
        results.push(await runStage(given, { modes: some, watchMs: Number(options['watch-seconds']) * 1_000 }, context))
      }
    }
    if ('missing' in found) context.log(found.missing)
    return conclude(results, { isDocumented, librdkafka: 'missing' in found ? found.missing : 'tried' })
  },
}

function choose(options: Readonly<Record<string, string>>, short: boolean) {
  const { mode = 'all', offsets = 'all' } = options
  // The most telling: clients are left with nothing but the way to the wrong offsets.
  const names = mode === 'all' ? (short ? ['refused'] : Object.keys(MODES)) : mode.split(',')
  const sides = offsets === 'all' ? (short ? ['shifted'] : ['shifted', 'identical']) : [offsets]
  const modes = names.filter(isMode)
  if (modes.length !== names.length) throw new Error(`--mode is all, or of ${Object.keys(MODES).join(', ')}`)
  if (sides.some((one) => one !== 'shifted' && one !== 'identical'))
    throw new Error('--offsets is identical, shifted or all')
  return { modes, offsets: sides }
}

async function runStage(
  options: Parameters<typeof ClientsStage.start>[0],
  { modes, watchMs }: { readonly modes: readonly ModeName[]; readonly watchMs: number },
  context: TrialContext,
): Promise<StageResult> {
  const { signal, log } = context
  const { isDocumented } = options
  const offsets = options.isIdentical ? 'identical' : 'shifted'
  await using stage = await ClientsStage.start(options, context)
  const rounds: Round[] = []
  const wrongViews: string[] = []
  let active = 'alpha'
  await untilAllWork(stage, Date.now(), { limitMs: WORK_LIMIT_MS, mustAll: true }, signal)
  for (const mode of modes) {
    const from = active
    active = from === 'alpha' ? 'beta' : 'alpha'
    if (isDocumented) wrongViews.push(...(await checkView(stage, { members: from, none: active }, signal)))
    stage.mode = MODES[mode]
    await move(stage, active, context)
    const limits = { limitMs: isDocumented ? WORK_LIMIT_MS : watchMs, mustAll: isDocumented }
    const moved = await untilAllWork(stage, stage.flippedMs, limits, signal)
    log(`${mode}, ${offsets} offsets: ${[...moved].map(([app, ms]) => `${app} ${ms ?? 'never'}`).join(', ')}`)
    rounds.push({ mode, offsets, moved })
    if (isDocumented) wrongViews.push(...(await checkView(stage, { members: active, none: from }, signal)))
    else log(`Isthmus tells: ${await describeView(stage)}`)
    await stage.region(from).door.set('open')
  }
  await stage.stopProducers()
  const done = isDocumented ? stage.cast.filter(({ group }) => group !== undefined) : []
  if (isDocumented) await untilAllRead(stage, done, signal)
  const properties = stage.folder.file('judge.properties')
  writeFileSync(properties, stage.region(active).judgeProperties)
  const bootstrap = stage.region(active).entry.bootstrap
  const reading = { bootstrap, topics: TOPICS, isolation: 'read_committed' as const, properties }
  const contents = await stage.folder.readContents('judged', reading, signal)
  const verdict = judgeClients(
    contents,
    [...stage.notes],
    done.map(({ name }) => name),
  )
  for (const example of verdict.examples) log(example)
  return { rounds, verdict, wrongViews }
}

async function move(stage: ClientsStage, to: string, { signal, log }: TrialContext): Promise<void> {
  const { isthmus } = stage
  const kind = to === 'alpha' ? 'failback' : 'switchover'
  await untilPlanned(isthmus, { kind, to }, { signal })
  const startedMs = performance.now()
  const { code, output } = await moveByCommand(isthmus, { kind, to }, signal)
  log(`${kind} to ${to}: ${Math.round(performance.now() - startedMs)} ms`)
  if (code === 0) return
  log(`${output}\n${isthmus.log.slice(-LOG_LINES).join('\n')}`)
  throw new Error(`${kind} to ${to} ended with ${code}`)
}

/** Until every application has done something behind this time, or the time is over. */
async function untilAllWork(
  stage: ClientsStage,
  sinceMs: number,
  { limitMs, mustAll }: { readonly limitMs: number; readonly mustAll: boolean },
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number | undefined>> {
  const look = async () => {
    const worked = stage.workedAfter(sinceMs)
    return [...worked.values()].includes(undefined) ? undefined : worked
  }
  try {
    return await eventually('every application works', look, { limitMs, everyMs: 250, signal })
  } catch (error) {
    signal.throwIfAborted()
    const worked = stage.workedAfter(sinceMs)
    if (!mustAll) return worked
    const idle = [...worked].filter(([, ms]) => ms === undefined).map(([app]) => app)
    throw new Error(`${idle.join(', ')} did nothing behind the flip`, { cause: error })
  }
}

/** Producers have stopped: whatever was acknowledged is read by everybody. What is not shows as unread. */
async function untilAllRead(stage: ClientsStage, consumers: readonly App[], signal: AbortSignal): Promise<void> {
  const acked = stage.notes.filter(({ verdict }) => verdict === 'acked')
  const last = new Map(acked.map(({ topic, partition, id }) => [`${topic}/${partition}`, id]))
  const look = async () => {
    const read = new Set(stage.notes.filter(({ verdict }) => verdict === 'read').map(({ app, id }) => `${app} ${id}`))
    return consumers.every(({ name }) => [...last.values()].every((id) => read.has(`${name} ${id}`))) ? true : undefined
  }
  await eventually('everything is read', look, { limitMs: READ_LIMIT_MS, signal }).catch(() => signal.throwIfAborted())
}

/** Every group has its members in one region and nowhere else, as Isthmus tells it, and the idempotent producer is named. */
async function checkView(
  stage: ClientsStage,
  { members, none }: { readonly members: string; readonly none: string },
  signal: AbortSignal,
): Promise<string[]> {
  const groups = stage.cast.flatMap(({ name, group }) => (group ? [`${group.name} ${group.protocol} ${name}`] : []))
  const wanted = groups.sort().join(', ')
  let last = ''
  const look = async () => {
    const { regions } = await stage.clients()
    const told = (region: string) => {
      const found = regions.find((one) => one.region === region)
      const all = found?.groups.flatMap(({ group, protocol, members: each }) => {
        return each.map(
          ({ clientId, host }) => `${group} ${protocol} ${clientId}${isIP(host) === 0 ? ` at ${host}` : ''}`,
        )
      })
      return { all: (all ?? []).sort().join(', '), producers: found?.producers.length ?? 0, trouble: found?.trouble }
    }
    const [there, left] = [told(members), told(none)]
    last = JSON.stringify({ [members]: there, [none]: left })
    const isRight = there.all === wanted && left.all === '' && there.producers > 0
    return isRight ? true : undefined
  }
  return await eventually('Isthmus tells who is where', look, { limitMs: VIEW_LIMIT_MS, everyMs: 500, signal }).then(
    () => [],
    () => {
      signal.throwIfAborted()
      return [`wanted ${wanted} in ${members}, got ${last}`]
    },
  )
}

/** For whoever reads along: clients that nobody moves. */
async function describeView(stage: ClientsStage): Promise<string> {
  const { left, regions, quiet } = await stage.clients()
  const stayers = regions.find(({ region }) => region === left)?.groups.map(({ group }) => group) ?? []
  const topics = [...new Set(quiet.map(({ topic }) => topic))]
  return `left in ${left}: ${stayers.join(', ') || 'nobody'}; not written to since: ${topics.join(', ') || 'nothing'}`
}

function conclude(
  results: readonly StageResult[],
  { isDocumented, librdkafka }: { readonly isDocumented: boolean; readonly librdkafka: string },
): TrialResult {
  const sum = (pick: (verdict: ClientsVerdict) => number) => results.reduce((total, it) => total + pick(it.verdict), 0)
  const rounds = results.flatMap((result) => result.rounds)
  const names = [...new Set(rounds.flatMap(({ moved }) => [...moved.keys()]))]
  const times = rounds.flatMap(({ moved }) => [...moved.values()].filter((ms) => ms !== undefined))
  const wrongViews = results.flatMap((result) => result.wrongViews)
  const summary = {
    wrongPosition: sum(({ wrong }) => wrong),
    acknowledgedAndLost: sum(({ lost }) => lost),
    unread: sum(({ unread }) => unread),
    twice: sum(({ twice }) => twice),
    wrongViews: wrongViews.length,
    moves: rounds.length,
    clients: names.length,
    acknowledged: sum(({ acknowledged }) => acknowledged),
    read: sum(({ read }) => read),
    slowestMs: Math.max(0, ...times),
    librdkafka,
  }
  const { wrongPosition, acknowledgedAndLost, unread } = summary
  const rows = names.map((name) => ({
    client: name,
    ...Object.fromEntries(
      rounds.map(({ mode, offsets, moved }) => {
        return [`${mode}, ${offsets}`, moved.has(name) ? (moved.get(name) ?? 'never') : '-']
      }),
    ),
  }))
  const isWhole = librdkafka === 'tried' || process.env['ISTHMUS_REQUIRE'] !== 'all'
  const isRight = wrongPosition + acknowledgedAndLost + unread + wrongViews.length === 0
  const ok = !isDocumented || (isWhole && isRight)
  return { ok, rows, summary: { ...summary, ...(wrongViews[0] !== undefined && { wrongView: wrongViews[0] }) } }
}
