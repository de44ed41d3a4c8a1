import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AuthorityBody, FailoverGroupBody, JournalBody } from '../../src/api/contract/index.ts'
import { moveByCommand, readGroup, runCommand } from '../support/failover-trial/control.ts'
import { judgeOverlap } from '../support/failover-trial/reigns.ts'
import { FailoverStage } from '../support/failover-trial/stage.ts'
import { eventually, type IsthmusProcess } from '../support/isthmus-process.ts'
import type { Trial, TrialContext, TrialResult } from '../support/trial.ts'

/**
 * A region dies together with the authority and its controller. The authority is restored from what the other region
 * has, and the group fails over. In one kind of round the old authority is gone for good; in the other one the old
 * controller was only frozen, and wakes up with its old authority when everything is over.
 */
const RATE = 50
const STEADY_MS = 2_000
const LIMIT_MS = 90_000
/** The old controller is given so long to do harm. */
const WATCHED_MS = 12_000
const WAYS = ['sleeps', 'is gone'] as const
type Way = (typeof WAYS)[number]

interface Round {
  readonly way: Way
  readonly forgotten: number
  readonly generation: number
  /** Times that it was refused to begin anew, or to restore, while it had to be. */
  readonly refusals: number
  readonly restored: number
  readonly acted: number
  readonly overlapMs: number
  /** Writes that the new active region accepted at the end, long after the old controller has woken up. */
  readonly accepted: number
}

export const trial: Trial = {
  name: 'authority-lost',
  describe: 'an authority that dies with its region is restored from another one, and nobody acts by the old one',
  options: { rounds: { describe: 'regions that are lost', default: '4' } },
  fields: ['forgotten', 'refusals', 'restored', 'generations', 'acted', 'overlapMs', 'accepted', 'rounds'],
  populations: ['restored', 'refusals', 'accepted', 'rounds'],

  async run({ short, options }, context) {
    const rounds: Round[] = []
    const amount = short ? 1 : Number(options['rounds'])
    for (let at = 0; at < amount; at++) rounds.push(await runRound(WAYS[at % WAYS.length] ?? 'sleeps', context))
    return conclude(rounds)
  },
}

async function runRound(way: Way, context: TrialContext): Promise<Round> {
  const { signal, log } = context
  const authorityKeys = 'takeoverSeconds: 3'
  await using stage = await FailoverStage.start({ regions: 2, isSecured: true, rate: RATE, authorityKeys }, context)
  const old = await stage.begin(signal)
  const [home, away] = stage.regions.all
  if (home === undefined || away === undefined) throw new Error('there are two regions')
  await move(stage, old, { kind: 'switchover', to: away.name }, context)
  await sleep(STEADY_MS, undefined, { signal })
  const before = await untilCopied(old, signal)
  log(`${away.name} is active; it is lost with the authority, whose controller ${way}`)

  const journalled = await lastEntry(old)
  stage.controllers.splice(stage.controllers.indexOf(old), 1)
  if (way === 'sleeps') old.freeze()
  else await old.kill()
  await away.region.stopBroker(0, { hard: true })
  if (way === 'is gone') await removeAuthority(stage.authorityFile)

  const authority = join(stage.folder.path, 'new.db')
  const { refusals, restored, restoring } = await restore(stage, { authority, from: home.name }, context)
  const next = await stage.startController(authority)
  const after = await eventually('the restored group is there', () => readGroup(next), { limitMs: LIMIT_MS, signal })
  const more = ['--accept-loss', '--attest', 'every broker was killed']
  await move(stage, next, { kind: 'failover', to: home.name, more }, context)
  const moved = await readGroup(next)
  log(`restored and moved: ${restoring}`)
  if (way === 'sleeps') old.wake()
  await sleep(WATCHED_MS, undefined, { signal })
  const acted = way === 'sleeps' ? await countActs(old, journalled, context) : 0
  const writes = await stage.apps.stopWriting()
  const overlap = judgeOverlap(writes, stage.apps.orders)
  const lateMs = writes.reduce((latest, { sentMs }) => Math.max(latest, sentMs), 0) - WATCHED_MS / 2
  const accepted = writes.filter(({ verdict, region, sentMs }) => {
    return verdict === 'kept' && region === home.name && sentMs > lateMs
  })
  const reigns = [before, after, moved].map((group) => group?.reigns.map(({ epoch, active }) => `${epoch} ${active}`))
  const forgotten = (reigns[0] ?? []).filter(
    (reign) => !reigns[1]?.includes(reign) || !reigns[2]?.includes(reign),
  ).length
  const { generation = 0 } = moved ?? {}
  return {
    way,
    forgotten,
    generation,
    refusals,
    restored,
    acted,
    overlapMs: Math.round(overlap.longestMs),
    accepted: accepted.length,
  }
}

/** The group, once every region holds it as it is. */
async function untilCopied(isthmus: IsthmusProcess, signal: AbortSignal): Promise<FailoverGroupBody> {
  const look = async () => {
    const { copies } = JSON.parse(await isthmus.get('/api/v1/authority')) as AuthorityBody
    const isCopied = copies.length > 0 && copies.every(({ behind, trouble }) => behind === 0 && trouble === null)
    return isCopied ? readGroup(isthmus) : undefined
  }
  return eventually('every region has a copy of the state', look, { limitMs: LIMIT_MS, signal })
}

async function removeAuthority(file: string): Promise<void> {
  for (const part of ['', '-wal', '-shm']) await rm(`${file}${part}`, { force: true })
}

/** A controller of the empty authority must not begin anew, and keeps the restoration off as long as it answers. */
async function restore(
  stage: FailoverStage,
  { authority, from }: { readonly authority: string; readonly from: string },
  { signal }: TrialContext,
) {
  const tooEarly = await stage.startController(authority)
  const isHeld = () =>
    Promise.resolve(tooEarly.log.some((line) => line.includes('FIRST_REIGN_HELD')) ? true : undefined)
  await eventually('an empty authority is not taken for a new one', isHeld, { limitMs: LIMIT_MS, signal })
  const hasBegun = (await readGroup(tooEarly)) !== undefined
  const words = ['authority', 'restore', '--config', tooEarly.configFile, '--from', from, '--by', 'trial', '--yes']
  const command = [...words, '--reason', 'a trial', '--output', 'json']
  const refused = await runCommand(tooEarly.apiUrl, command, signal)
  const isRefused = refused.code === 3 && refused.output.includes('RESTORE_CONTROLLER_ANSWERS')
  await tooEarly.terminate()
  stage.controllers.splice(stage.controllers.indexOf(tooEarly), 1)
  const startedMs = performance.now()
  const { code, output } = await runCommand(tooEarly.apiUrl, command, signal)
  if (code !== 0) throw new Error(`restore ended with ${code}: ${output}`)
  const report = JSON.parse(output) as { documents: unknown[]; generation: number }
  const restoring = `restored in ${Math.round(performance.now() - startedMs)} ms as generation ${report.generation}`
  return { refusals: Number(!hasBegun) + Number(isRefused), restored: report.documents.length, restoring }
}

interface Wish {
  readonly kind: 'switchover' | 'failover'
  readonly to: string
  readonly more?: readonly string[]
}

/** Guards may object to a group that has just begun, or moved; then it is ordered again. */
async function move(
  stage: FailoverStage,
  isthmus: IsthmusProcess,
  wish: Wish,
  { signal, log }: TrialContext,
): Promise<void> {
  let last = ''
  const attempt = async () => {
    stage.apps.ordered(wish.to)
    const { code, output } = await moveByCommand(isthmus, wish, signal)
    if (code === 0) return true
    stage.apps.orders.pop()
    if (output !== last) log(`${wish.kind} ended with ${code}: ${output.split('Refused by').at(-1)}`)
    last = output
    return undefined
  }
  await eventually(`the ${wish.kind} is done`, attempt, { limitMs: LIMIT_MS, everyMs: 1_000, signal })
}

async function lastEntry({ apiUrl }: IsthmusProcess): Promise<number> {
  const response = await fetch(`${apiUrl}/api/v1/journal?order=descending&limit=1`)
  const { entries } = (await response.json()) as JournalBody
  return entries[0]?.number ?? 0
}

/** What the old controller has done since; it has to be there to have done nothing. */
async function countActs(old: IsthmusProcess, after: number, { signal, log }: TrialContext): Promise<number> {
  const status = async () => JSON.parse(await old.get('/api/v1/authority')) as AuthorityBody
  const { leader, copies } = await eventually('the old controller answers', status, { limitMs: LIMIT_MS, signal })
  log(`the old controller: ${leader ?? 'it leads'}`)
  const { entries } = JSON.parse(await old.get(`/api/v1/journal?after=${after}&limit=500`)) as JournalBody
  const hasSeen = copies.some(({ refused }) => refused.length > 0)
  return entries.length + Number(leader === null) + Number(!hasSeen)
}

function conclude(rounds: readonly Round[]): TrialResult {
  const sum = (pick: (round: Round) => number) => rounds.reduce((total, round) => total + pick(round), 0)
  const summary = {
    forgotten: sum(({ forgotten }) => forgotten),
    refusals: sum(({ refusals }) => refusals),
    restored: sum(({ restored }) => restored),
    generations: Math.min(...rounds.map(({ generation }) => generation)),
    acted: sum(({ acted }) => acted),
    overlapMs: Math.max(...rounds.map(({ overlapMs }) => overlapMs)),
    accepted: Math.min(...rounds.map(({ accepted }) => accepted)),
    rounds: rounds.length,
  }
  const { forgotten, refusals, generations, acted, overlapMs } = summary
  const ok = forgotten + acted + overlapMs === 0 && refusals === 2 * rounds.length && generations === 2
  return { ok, rows: rounds.map((round) => ({ ...round })), summary }
}
