import { setTimeout as sleep } from 'node:timers/promises'
import type { StatusBody } from '../../src/api/contract/index.ts'
import { startRegion } from '../../src/local/index.ts'
import { eventually, IsthmusProcess } from '../support/isthmus-process.ts'
import { compareLogs, countRecords, loadProduced } from '../support/record-log.ts'
import type { Trial, TrialContext } from '../support/trial.ts'
import { TrialFolder } from '../support/trial-folder.ts'

/**
 * Several replicators share the shards of a target while producers write. One joins, one leaves in good order, one is
 * killed, one is frozen for longer than its session and woken beside its successors. At the end the target holds the
 * source's sequence, for readers of uncommitted records too, and whoever was woken is a working member again.
 */
const TOPICS = ['sensors.plain', 'sensors.tx']
const PARTITIONS = 16
const FLOWS = PARTITIONS * TOPICS.length
const LINK = 'source-to-target'
const SHARDS = 64
const SESSION_SECONDS = 6
const REST = `links:
  - { name: ${LINK}, source: source, target: target, topics: { include: ["sensors.*"] } }
replication: { sessionSeconds: ${SESSION_SECONDS} }`
const SETTLE_LIMIT_MS = 120_000

export const trial: Trial = {
  name: 'workers',
  describe: 'replicators that join, leave, die and sleep share the work; nothing is lost, repeated or reordered',
  options: {
    rounds: { describe: 'how often each of the four happens', default: '5' },
    rate: { describe: 'records a second', default: '6000' },
  },
  fields: [
    'compared',
    'lost',
    'repeated',
    'reordered',
    'different',
    'unattributed',
    'joins',
    'leaves',
    'kills',
    'freezes',
    'moves',
    'handOvers',
    'fenced',
    'fault',
  ],
  populations: ['compared', 'joins', 'leaves', 'kills', 'freezes', 'moves', 'handOvers', 'fenced'],

  async run({ short, options }, context) {
    const { signal, log } = context
    const rounds = short ? 1 : Number(options.rounds)
    const rate = short ? 2_000 : Number(options.rate)
    using folder = new TrialFolder()
    const [source, target] = await Promise.all([
      startRegion({ name: 'source', signal }),
      startRegion({ name: 'target', signal }),
    ])
    await using _source = source
    await using _target = target
    await using workers = new Workers(() => IsthmusProcess.start({ regions: [source, target], rest: REST }), context)

    const writing = new AbortController()
    const stopWriting = AbortSignal.any([signal, writing.signal])
    const common = { bootstrap: source.bootstrap.join(','), partitions: PARTITIONS, seconds: 900, burst: 50 }
    const produced = Promise.all([
      folder.produce('plain', { ...common, topics: 'sensors.plain', rate: Math.round(rate * 0.75) }, stopWriting),
      folder.produce(
        'tx',
        { ...common, topics: 'sensors.tx', rate: Math.round(rate * 0.25), 'transactional-id': 'workers' },
        stopWriting,
      ),
    ])
    produced.catch(() => undefined)
    await workers.disturb(rounds)
    writing.abort()
    const files = await produced
    log('producers stopped; waiting for the last records')
    await workers.untilCopied()

    const read = (name: string, bootstrap: readonly string[], isolation: 'read_committed' | 'read_uncommitted') =>
      folder.read(name, { bootstrap, topics: TOPICS, isolation }, signal)
    const before = await read('source', source.bootstrap, 'read_committed')
    const after = compareLogs(before, await read('target', target.bootstrap, 'read_uncommitted'))
    const acknowledged = countRecords(await loadProduced(files))
    const unattributed = await workers.countUnattributed()
    const exits = await workers.stop()
    const { counts } = workers
    const summary = { ...after, unattributed, ...counts, acknowledged, fault: counts.fenced > 0 ? 'SHARD_FENCED' : '' }
    const damage = after.lost + after.repeated + after.reordered + after.different + unattributed
    const ok =
      damage === 0 &&
      exits.every((code) => code === 0) &&
      after.compared === countRecords(before) &&
      countRecords(before) >= acknowledged
    return { ok, rows: [{ readers: 'read_uncommitted', ...after }], summary }
  },
}

/** The replicators of the trial, oldest first. */
class Workers implements AsyncDisposable {
  readonly counts = { joins: 0, leaves: 0, kills: 0, freezes: 0, moves: 0, handOvers: 0, fenced: 0 }
  readonly #start: () => Promise<IsthmusProcess>
  readonly #context: TrialContext
  readonly #running: IsthmusProcess[] = []
  readonly #counted = new Set<IsthmusProcess>()

  constructor(start: () => Promise<IsthmusProcess>, context: TrialContext) {
    this.#start = start
    this.#context = context
  }

  async disturb(rounds: number): Promise<void> {
    await this.#join(2)
    for (let round = 1; round <= rounds; round++) {
      await this.#join(round === 1 ? 1 : 2)
      await this.#leave()
      await this.#freeze()
      await this.#kill()
      this.#context.log(`round ${round} of ${rounds}: ${JSON.stringify(this.counts)}`)
    }
  }

  /** Until the flows of all processes together stand at the source's end, twice with a pause between. */
  async untilCopied(): Promise<void> {
    const look = async () => {
      const all = await Promise.all(this.#running.map((worker) => worker.flows(LINK).catch(() => [])))
      const here = all.flat().filter(({ state }) => state !== 'elsewhere')
      return here.length === FLOWS && here.every(({ lagRecords }) => lagRecords === 0) ? true : undefined
    }
    const { signal } = this.#context
    await eventually('everything is copied', look, { limitMs: 240_000, signal })
    await sleep(1_500, undefined, { signal })
    await eventually('everything is copied', look, { limitMs: 240_000, signal })
  }

  /** Offsets that are neither on the target nor accounted for: a flow says where it stands and what it lost. */
  async countUnattributed(): Promise<number> {
    const all = await Promise.all(this.#running.map((worker) => worker.flows(LINK)))
    const here = all.flat().filter(({ state }) => state !== 'elsewhere')
    return here.reduce((sum, flow) => sum + flow.recordsLost + ((flow.sourceEnd ?? 0) - (flow.sourceNext ?? 0)), 0)
  }

  /** One after the other, in good order; answers the exit codes. */
  async stop(): Promise<(number | null)[]> {
    const codes: (number | null)[] = []
    for (let worker = this.#running.shift(); worker !== undefined; worker = this.#running.shift()) {
      codes.push((await worker.terminate()).code)
      this.#count(worker)
    }
    return codes
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const worker of this.#running) await worker[Symbol.asyncDispose]()
  }

  async #join(count: number): Promise<void> {
    for (let joined = 0; joined < count; joined++) this.#running.push(await this.#start())
    await this.#untilShared(count === 1 ? 'a replicator joins' : `${count} replicators join`)
    this.counts.joins += count
    await this.#aMoment()
  }

  async #leave(): Promise<void> {
    const worker = this.#oldest()
    const { code } = await worker.terminate()
    if (code !== 0) throw new Error(`a graceful stop ended with ${code}: ${worker.log.slice(-3).join('\n')}`)
    this.#count(worker)
    await this.#untilShared('a replicator leaves')
    this.counts.leaves++
    await this.#aMoment()
  }

  async #kill(): Promise<void> {
    const worker = this.#oldest()
    await worker.kill()
    this.#count(worker)
    await this.#untilShared('a replicator is killed')
    this.counts.kills++
    await this.#aMoment()
  }

  /** For longer than its session: the others have taken its shards over when it wakes. */
  async #freeze(): Promise<void> {
    const worker = this.#oldest()
    worker.freeze()
    await this.#untilShared('a replicator sleeps')
    await this.#aMoment()
    worker.wake()
    this.#running.push(worker)
    await this.#untilShared('a replicator wakes')
    this.counts.freezes++
    await this.#aMoment()
  }

  #oldest(): IsthmusProcess {
    const worker = this.#running.shift()
    if (worker === undefined) throw new Error('no replicator is running')
    return worker
  }

  /** Long enough for records to flow under the new assignment. */
  async #aMoment(): Promise<void> {
    await sleep(500 + Math.random() * 500, undefined, { signal: this.#context.signal })
  }

  /** Every member sees the same members, all shards are given out evenly, and every flow runs somewhere. */
  async #untilShared(what: string): Promise<void> {
    let seen: (StatusBody | undefined)[] = []
    const look = async () => {
      for (const worker of this.#running) {
        if (!worker.isRunning) throw new Error(`a replicator ended: ${worker.log.slice(-5).join('\n')}`)
      }
      seen = await Promise.all(this.#running.map((worker) => worker.status()))
      return seen.every((status) => isEven(status, this.#running.length)) && countRunning(seen) === FLOWS
        ? true
        : undefined
    }
    const { signal } = this.#context
    const limit = { limitMs: SETTLE_LIMIT_MS, everyMs: 100, signal }
    const startedMs = performance.now()
    await eventually(what, look, limit).catch((error: unknown) => {
      const states = seen.map((status) => {
        const shares = status?.members.map(({ name, shards }) => `${name} ${shards.length}`)
        return `${JSON.stringify(status?.links[0]?.flows)} ${shares?.join(', ')}`
      })
      throw new Error(`${String(error)}: ${states.join('; ')}`, { cause: error })
    })
    this.#context.log(`${what}: shared evenly after ${Math.round(performance.now() - startedMs)} ms`)
  }

  /** What its log tells: only of one that is not asked again. */
  #count(worker: IsthmusProcess): void {
    if (this.#counted.has(worker)) return
    this.#counted.add(worker)
    for (const line of worker.log) {
      const { event, gained = 0, code } = readLine(line)
      if (event === 'members:assigned') this.counts.moves += gained
      if (event === 'shard:handed-over') this.counts.handOvers++
      if (event === 'shard:lost' && code === 'SHARD_FENCED') this.counts.fenced++
    }
  }
}

function isEven(status: StatusBody | undefined, workers: number): boolean {
  const counts = status?.members.map(({ shards }) => shards.length) ?? []
  const given = counts.reduce((sum, count) => sum + count, 0)
  return counts.length === workers && given === SHARDS && Math.max(...counts) - Math.min(...counts) <= 1
}

function countRunning(seen: readonly (StatusBody | undefined)[]): number {
  return seen.reduce((sum, status) => sum + (status?.links[0]?.flows.running ?? 0), 0)
}

function readLine(line: string): { event?: string; gained?: number; code?: string } {
  try {
    return JSON.parse(line) as { event?: string }
  } catch {
    return {} // Not every line of a process that is killed is whole.
  }
}
