import type { CopyRegions } from '../authority/index.ts'
import { type Clock, pause } from '../core/index.ts'

/**
 * How a process that restores the authority finds out whether a controller still answers: each one writes a beat that
 * counts to every region that it reaches, and whoever asks sees whether the count moves. No clock is compared with
 * another one. A controller that is frozen does not answer; the generation of the restored authority is what stops it.
 */
export interface StateTexts extends Pick<CopyRegions, 'regions' | 'readAll'> {
  /** Null removes the key. */
  put(region: string, key: string, text: string | null, signal: AbortSignal): Promise<void>
}

export interface ControllerBeatsOptions {
  readonly states: StateTexts
  /** Unique among the controllers. */
  readonly name: string
  /** Where its API is, for a person to find it by. */
  readonly api: string
  readonly clock: Clock
}

interface Beat {
  readonly format: 1
  readonly api: string
  readonly beat: number
  readonly everyMs: number
}

const PREFIX = 'controller/'
const EVERY_MS = 3_000
/** Longer than this nobody is waited for, whatever a record says. */
const EVERY_MOST_MS = 10_000
/** A beat may be late, and one may be lost. */
const BEATS_WATCHED = 3
const LOOK_EVERY_MS = 500
const REMOVE_WITHIN_MS = 2_000

export class ControllerBeats {
  readonly #options: ControllerBeatsOptions
  readonly #stopping = new AbortController()
  #running: Promise<unknown> | undefined

  constructor(options: ControllerBeatsOptions) {
    this.#options = options
  }

  start(): void {
    this.#running ??= Promise.all(this.#options.states.regions.map((region) => this.#run(region)))
  }

  /** Takes the beats away, as far as regions answer in time, so that nobody watches them in vain. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('stopping'))
    await this.#running
  }

  async #run(region: string): Promise<void> {
    const { clock, api } = this.#options
    const { signal } = this.#stopping
    for (let beat = 1; !signal.aborted; beat++) {
      await this.#put(region, JSON.stringify({ format: 1, api, beat, everyMs: EVERY_MS } satisfies Beat), signal)
      await pause(clock, EVERY_MS, signal)
    }
    const limit = new AbortController()
    const timer = clock.setTimer(REMOVE_WITHIN_MS, () => limit.abort(new Error('the region does not answer')))
    await this.#put(region, null, limit.signal)
    timer.cancel()
  }

  /** A region that does not answer is told of by whoever copies the state there, and needs no beat. */
  async #put(region: string, text: string | null, signal: AbortSignal): Promise<boolean> {
    const { states, name } = this.#options
    return states.put(region, PREFIX + name, text, signal).then(
      () => true,
      () => false,
    )
  }
}

/** The controllers whose beats move in some region, with the addresses of their APIs. */
export async function findAnsweringControllers(
  { states, clock }: Pick<ControllerBeatsOptions, 'states' | 'clock'>,
  signal: AbortSignal,
): Promise<string[]> {
  const first = await readBeats(states, signal)
  const silent = new Map(first)
  const answering = new Set<string>()
  const everyMs = Math.max(0, ...[...first.values()].map((beat) => Math.min(beat.everyMs, EVERY_MOST_MS)))
  const untilMs = clock.monotonicMs() + BEATS_WATCHED * everyMs
  while (silent.size > 0 && clock.monotonicMs() < untilMs) {
    await pause(clock, LOOK_EVERY_MS, signal)
    signal.throwIfAborted()
    for (const [place, { name, api, beat }] of await readBeats(states, signal)) {
      if (first.get(place)?.beat === beat) continue
      answering.add(`${name} at ${api}`)
      for (const [other, seen] of silent) if (seen.name === name) silent.delete(other)
    }
  }
  return [...answering].sort()
}

type NamedBeat = Beat & { readonly name: string }

/** By region and name. A region that does not answer shows none. */
async function readBeats(states: StateTexts, signal: AbortSignal): Promise<ReadonlyMap<string, NamedBeat>> {
  const read = await Promise.allSettled(states.regions.map((region) => states.readAll(region, signal)))
  signal.throwIfAborted()
  const beats = new Map<string, NamedBeat>()
  for (const [at, result] of read.entries()) {
    if (result.status === 'rejected') continue
    for (const [key, text] of result.value) {
      const beat = key.startsWith(PREFIX) ? parseBeat(text) : undefined
      const name = key.slice(PREFIX.length)
      if (beat !== undefined) beats.set(`${states.regions[at]} ${name}`, { ...beat, name })
    }
  }
  return beats
}

function parseBeat(text: string): Beat | undefined {
  try {
    const beat = JSON.parse(text) as Partial<Beat> | null
    const isBeat = beat?.format === 1 && typeof beat.api === 'string' && typeof beat.everyMs === 'number'
    return isBeat && typeof beat.beat === 'number' ? (beat as Beat) : undefined
  } catch {
    return undefined
  }
}
