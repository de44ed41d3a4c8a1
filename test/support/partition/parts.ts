import { setTimeout as sleep } from 'node:timers/promises'
import { monotonicMs } from '../failover-trial/apps.ts'
import { judgeOverlap } from '../failover-trial/reigns.ts'
import { eventually } from '../isthmus-process.ts'
import {
  ACTIVE,
  CONTROLLERS,
  type PartitionStage,
  type Post,
  STANDBY,
  type Terms,
  WITH_AGENT,
} from './partition-stage.ts'

/** One thing that goes wrong, and what Isthmus has to make of it. */
export interface Part {
  readonly name: string
  readonly posts: readonly Post[]
  readonly terms: Terms
  /** Whether the group is to have moved in the end; a stage is used up by that. */
  readonly moves: boolean
  /** Whether a person is to be asked. */
  readonly pages: boolean
  breakIt(stage: PartitionStage, signal: AbortSignal): Promise<void>
}

export interface PartResult {
  readonly part: string
  readonly moves: number
  readonly pages: number
  readonly overlapMs: number
  readonly probes: number
  /** What it decided at the end, or the one thing that it decided to do. */
  readonly why: string
  readonly wrong: readonly string[]
}

const DWELL_SECONDS = 4
const MANUAL: Terms = { mode: 'manual' }
const AUTOMATIC: Terms = { mode: 'automatic', dwellSeconds: DWELL_SECONDS }
const SETTLED_MS = 60_000
/** Longer than any of them would take that could come to a decision. */
const WATCH_MS = 20_000

const seconds = (count: number) => count * 1_000

/** The way between two regions is cut for a while; a third place reaches both. */
function cutFor(name: string, ms: number, terms: Terms, how?: Parameters<PartitionStage['cutBetween']>[0]): Part {
  return {
    name,
    posts: CONTROLLERS,
    terms,
    moves: false,
    pages: false,
    async breakIt(stage, signal) {
      stage.cutBetween(how)
      await sleep(ms, undefined, { signal })
    },
  }
}

function frozenFor(name: string, ms: number, terms: Terms, frozen: readonly string[], posts = CONTROLLERS): Part {
  return {
    name,
    posts,
    terms,
    moves: false,
    pages: false,
    async breakIt(stage, signal) {
      for (const one of frozen) stage.process(one).freeze()
      await sleep(ms, undefined, { signal })
      for (const one of frozen) stage.process(one).wake()
      // Whoever wakes may believe that it still leads.
      await sleep(seconds(5), undefined, { signal })
    },
  }
}

const MOVED_MS = 90_000

function isolated(name: string, more: Pick<Part, 'posts' | 'terms'> & { readonly isSite: boolean }): Part {
  return {
    name,
    ...more,
    moves: true,
    pages: false,
    async breakIt(stage, signal) {
      stage.isolate(ACTIVE, { isSite: more.isSite })
      const isMoved = async () => {
        const group = await stage.group()
        return group?.active === STANDBY && stage.prober.accepted(STANDBY) > 0 ? true : undefined
      }
      await eventually('the group has moved and takes writes', isMoved, { limitMs: MOVED_MS, signal })
      await sleep(seconds(3), undefined, { signal })
    },
  }
}

/** As long as it is isolated nobody but a person may decide; behind that it is open again by itself. */
const withoutFence: Part = {
  name: 'no-fence',
  posts: CONTROLLERS,
  terms: AUTOMATIC,
  moves: false,
  pages: true,
  async breakIt(stage, signal) {
    stage.control.failing.add(ACTIVE)
    stage.isolate(ACTIVE, { isSite: true })
    const isPaged = async () => ((await stage.automatic())?.command?.includes('--attest') === true ? true : undefined)
    await eventually('a person is asked', isPaged, { limitMs: MOVED_MS, signal })
    await sleep(WATCH_MS / 2, undefined, { signal })
    stage.control.failing.delete(ACTIVE)
    stage.mend()
    const isOver = async () => ((await stage.automatic())?.attempt === null ? true : undefined)
    await eventually('the attempt is over', isOver, { limitMs: MOVED_MS, signal })
  },
}

/** Nobody answers for the region, and everybody who could say so is away: one vote is no majority. */
const loneVote: Part = {
  name: 'lone-vote',
  posts: CONTROLLERS,
  terms: AUTOMATIC,
  moves: false,
  pages: false,
  async breakIt(stage, signal) {
    stage.process('beta').freeze()
    stage.isolate(ACTIVE, { isSite: true })
    await sleep(WATCH_MS, undefined, { signal })
    stage.mend()
    stage.process('beta').wake()
  },
}

const authorityCut = (name: string, terms: Terms): Part => ({
  name,
  posts: CONTROLLERS,
  terms,
  moves: false,
  pages: false,
  async breakIt(stage, signal) {
    for (const one of ['out', 'alpha']) stage.path(one, 'etcd').cut()
    await sleep(WATCH_MS, undefined, { signal })
  },
})

const ONE_WAY = { to: true, from: false }
const OTHER_WAY = { to: false, from: true }

/** In their order; those of one stage and terms stand behind each other, and one that moves comes last of its stage. */
export const PARTS: readonly Part[] = [
  cutFor('cut-43s', seconds(43), MANUAL),
  cutFor('cut-5min', seconds(300), MANUAL),
  cutFor('one-way', WATCH_MS, MANUAL, ONE_WAY),
  authorityCut('authority-cut', MANUAL),
  frozenFor('frozen-controller', WATCH_MS, MANUAL, ['out']),
  frozenFor('silent', WATCH_MS, MANUAL, ['beta', 'alpha']),
  cutFor('automatic-cut', WATCH_MS, AUTOMATIC),
  cutFor('automatic-one-way', WATCH_MS, AUTOMATIC, OTHER_WAY),
  authorityCut('automatic-authority-cut', AUTOMATIC),
  frozenFor('automatic-silent', WATCH_MS, AUTOMATIC, ['beta', 'alpha']),
  loneVote,
  withoutFence,
  isolated('automatic-move', { posts: CONTROLLERS, terms: AUTOMATIC, isSite: true }),
  frozenFor('frozen-agent', WATCH_MS, { ...AUTOMATIC, runs: 'agent' }, ['alpha'], WITH_AGENT),
  isolated('agent-fence', { posts: WITH_AGENT, terms: { ...AUTOMATIC, runs: 'agent' }, isSite: false }),
]

/** What `npm test` runs: the ones that say most, with a shorter cut. */
export const SHORT_PARTS: readonly Part[] = [
  cutFor('automatic-cut', seconds(20), AUTOMATIC),
  cutFor('automatic-one-way', seconds(8), AUTOMATIC, OTHER_WAY),
  isolated('automatic-move', { posts: CONTROLLERS, terms: AUTOMATIC, isSite: true }),
]

export async function play(stage: PartitionStage, part: Part, signal: AbortSignal): Promise<PartResult> {
  const before = await stage.group()
  const fromMs = monotonicMs()
  const from = stage.prober.notes.length
  const heardFrom = new Map([...stage.posts].map(([name, { isthmus }]) => [name, isthmus.log.length]))
  let seen = 'nothing'
  const watch = new AbortController()
  const watching = (async () => {
    while (!watch.signal.aborted) {
      const now = await stage.automatic()
      if (now !== undefined && now.down > 0) seen = `${now.decision}: ${now.reason}`
      await sleep(500)
    }
  })()
  const wrong: string[] = []
  await part.breakIt(stage, signal).catch((error: unknown) => {
    signal.throwIfAborted()
    wrong.push(String(error))
  })
  watch.abort()
  await watching
  if (!part.moves) {
    stage.mend()
    wrong.push(...(await awaitCalm(stage, signal)))
  }
  const after = await stage.group()
  const moves = (after?.epoch ?? 0) - (before?.epoch ?? 0)
  const decisions = decisionsSince(stage, heardFrom)
  const pages = decisions.filter(({ command }) => command !== null).length
  const notes = stage.prober.notes.slice(from)
  const orders = [{ to: ACTIVE, atMs: 0 }, ...(moves > 0 ? [{ to: STANDBY, atMs: fromMs }] : [])]
  const overlapMs = Math.round(judgeOverlap(notes, orders).longestMs)
  if (moves !== Number(part.moves)) wrong.push(`${moves} moves`)
  if (pages > 0 !== part.pages) wrong.push(`${pages} pages`)
  if (overlapMs > 0) wrong.push(`two regions accepted writes for ${overlapMs} ms`)
  if (part.moves && after?.regions.find(({ region }) => region === ACTIVE)?.unfenced !== null)
    wrong.push('left unfenced')
  const acted = decisions.find(({ kind, command }) => (part.moves ? kind === 'move' : command !== null))
  const why = acted === undefined ? seen : `${acted.kind}: ${acted.reason}`
  return { part: part.name, moves, pages, overlapMs, probes: notes.length, why, wrong }
}

/** The active region takes writes, and a controller leads that sees it up. */
async function awaitCalm(stage: PartitionStage, signal: AbortSignal): Promise<string[]> {
  const accepted = stage.prober.accepted(ACTIVE)
  const isCalm = async () => {
    const now = await stage.automatic()
    const isWritten = stage.prober.accepted(ACTIVE) > accepted
    return isWritten && now?.down === 0 && now.attempt === null ? true : undefined
  }
  try {
    await eventually('all is as before', isCalm, { limitMs: SETTLED_MS, signal })
    return []
  } catch (error) {
    return [String(error)]
  }
}

interface Said {
  readonly kind: string
  /** That a person has to give; null where none is asked for. */
  readonly command: string | null
  readonly reason: string
}

function decisionsSince(stage: PartitionStage, heardFrom: ReadonlyMap<string, number>): Said[] {
  return [...stage.posts].flatMap(([name, { isthmus }]) =>
    isthmus.log.slice(heardFrom.get(name) ?? 0).flatMap((line) => {
      if (!line.includes('automatic:decided')) return []
      return [JSON.parse(line) as Said]
    }),
  )
}
