/**
 * `npm run simulate -- --seeds 10000`: seeded runs of the whole control plane, on all processors. `--seed N` runs one and
 * shows what went wrong. The last line is JSON; the exit code says whether all is well.
 */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { BREAK_NAMES } from './breaks.ts'
import { type Campaign, catchVariant, emptyCells, runSeeds } from './campaign.ts'
import { CELLS } from './cells.ts'
import { simulate } from './simulate.ts'

interface Share {
  readonly first: number
  readonly step: number
  readonly end: number
}

function* seedsOfShare({ first, step, end }: Share): Generator<number> {
  for (let seed = first; seed < end; seed += step) yield seed
}

if (isMainThread) process.exitCode = await main()
else await workOn(workerData as Share)

async function main(): Promise<number> {
  const options = {
    seeds: { type: 'string', default: '10000' },
    from: { type: 'string', default: '0' },
    seed: { type: 'string' },
  } as const
  const { values } = parseArgs({ options })
  if (values.seed !== undefined) return await showSeed(Number(values.seed))
  const startedMs = performance.now()
  const first = Number(values.from)
  const campaigns = await shareOut(first, first + Number(values.seeds))
  const failures = campaigns.flatMap((it) => it.failures).sort((a, b) => a.seed - b.seed)
  for (const { seed, violation } of failures) console.log(`seed ${seed}: ${violation}`)
  const empty = emptyCells(campaigns.flatMap(({ covered }) => covered))
  for (const name of empty) console.log(`never happened: ${name}`)
  const caught = await countCaught()
  const total = (pick: (campaign: Campaign) => number) => campaigns.reduce((sum, it) => sum + pick(it), 0)
  const summary = {
    ok: failures.length === 0 && empty.length === 0 && caught === BREAK_NAMES.length,
    seeds: total(({ seeds }) => seeds),
    violations: failures.length,
    moves: total(({ moves }) => moves),
    coverage: { cells: CELLS.length, empty: empty.length },
    brokenVariants: BREAK_NAMES.length,
    brokenVariantsCaught: caught,
    seconds: Math.round((performance.now() - startedMs) / 1_000),
  }
  console.log(JSON.stringify(summary))
  return summary.ok ? 0 : 1
}

/** In a worker: its share, and nothing but the sum of it. */
async function workOn(share: Share): Promise<void> {
  const campaign = await runSeeds(seedsOfShare(share))
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port of a worker has no origin
  parentPort?.postMessage(campaign)
}

async function showSeed(seed: number): Promise<number> {
  const { violations, covered, moves, virtualMs } = await simulate(seed)
  for (const violation of violations) console.log(violation)
  console.log(
    JSON.stringify({ ok: violations.length === 0, seed, violations: violations.length, moves, virtualMs, covered }),
  )
  return violations.length === 0 ? 0 : 1
}

async function shareOut(first: number, end: number): Promise<Campaign[]> {
  const workers = Math.max(1, availableParallelism())
  return await Promise.all(
    Array.from({ length: workers }, (_, index) => runShare({ first: first + index, step: workers, end })),
  )
}

function runShare(share: Share): Promise<Campaign> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: share })
    worker.once('message', resolve)
    worker.once('error', reject)
  })
}

async function countCaught(): Promise<number> {
  let caught = 0
  for (const name of BREAK_NAMES) {
    const found = await catchVariant(name)
    if (found !== undefined) caught += 1
    console.log(found === undefined ? `${name}: NOT CAUGHT` : `${name}: seed ${found.seed}, ${found.violation}`)
  }
  return caught
}
