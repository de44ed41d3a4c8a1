import { type Clock, type Events, type RegionName, runLoop } from '../../core/index.ts'
import { type ProbeRound, securityFaults, type SecurityEvents } from '../../security/index.ts'

/** Probes regions when somebody asks, and again and again while this process leads; keeps the last round of each. */
export interface ProbeWatchOptions {
  /** Of every region of the configuration. */
  readonly regions: ReadonlyMap<RegionName, ProbedRegion>
  /** 0: only when asked. */
  readonly everyMs: number
  readonly hold: () => string | undefined
  readonly events: Events<SecurityEvents>
  readonly clock: Clock
  readonly onError: (error: unknown) => void
}

export interface ProbedRegion {
  /** Whether a policy says what it has to be like: only then it is probed unasked. */
  readonly isDeclared: boolean
  probe(signal: AbortSignal): Promise<ProbeRound>
}

/** After an error of its own; what a region answers is never one. */
const AFTER_ERROR_MS = 60_000

export class ProbeWatch {
  readonly #options: ProbeWatchOptions
  readonly #rounds = new Map<RegionName, ProbeRound>()
  readonly #running = new Map<RegionName, Promise<ProbeRound>>()
  readonly #stopping = new AbortController()
  #loop: Promise<void> | undefined

  constructor(options: ProbeWatchOptions) {
    this.#options = options
  }

  start(): void {
    const { everyMs, clock, hold, onError } = this.#options
    if (everyMs === 0) return
    const { signal } = this.#stopping
    this.#loop ??= runLoop(
      {
        observe: async () => ({ hold: hold() }),
        decide: ({ hold }) => ({ isLeading: hold === undefined, reason: hold ?? 'it leads' }),
        act: async ({ isLeading, reason }) => {
          // Who does not lead looks soon again whether it does.
          if (!isLeading) return { kind: 'wait', afterMs: Math.min(everyMs, AFTER_ERROR_MS), reason }
          for (const [region, { isDeclared }] of this.#options.regions) if (isDeclared) await this.#probe(region)
          return { kind: 'done', reason }
        },
      },
      { clock, signal, everyMs, afterErrorMs: AFTER_ERROR_MS, onError },
    )
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('stopping'))
    await this.#loop
    await Promise.allSettled(this.#running.values())
  }

  /** The last round of each region that was probed. */
  status(): readonly ProbeRound[] {
    return [...this.#rounds.values()]
  }

  /** Now; all regions where none is named. Fault `POLICY_REGION_UNKNOWN`. */
  async probe(name: string | undefined): Promise<readonly ProbeRound[]> {
    const { regions } = this.#options
    const meant = [...regions.keys()].filter((region) => name === undefined || region === name)
    if (meant.length === 0 && name !== undefined) {
      throw securityFaults.fault('POLICY_REGION_UNKNOWN', { region: name, known: [...regions.keys()].join(', ') })
    }
    return await Promise.all(meant.map((region) => this.#probe(region)))
  }

  /** The last round, or one made now; undefined where no policy says what the region has to be like. */
  async known(region: RegionName): Promise<ProbeRound | undefined> {
    if (this.#options.regions.get(region)?.isDeclared !== true) return undefined
    return this.#rounds.get(region) ?? (await this.#probe(region))
  }

  /** Those who ask while it probes are given the same round. */
  #probe(region: RegionName): Promise<ProbeRound> {
    const probed = this.#options.regions.get(region)
    if (probed === undefined) throw new TypeError(`there is no region ${region}`)
    const running =
      this.#running.get(region) ??
      probed.probe(this.#stopping.signal).finally(() => {
        this.#running.delete(region)
      })
    this.#running.set(region, running)
    return running.then((round) => {
      this.#keep(round)
      return round
    })
  }

  #keep(round: ProbeRound): void {
    const before = this.#rounds.get(round.region)
    if (before === round) return
    this.#rounds.set(round.region, round)
    const key = ({ id, broker, listener }: ProbeRound['findings'][number]) => `${id} ${broker} ${listener}`
    const had = new Set(before?.findings.map(key))
    const has = new Set(round.findings.map(key))
    const appeared = round.findings.filter((one) => !had.has(key(one)))
    const gone = [...had].filter((one) => !has.has(one)).length
    if (appeared.length + gone === 0) return
    const [first] = appeared
    this.#options.events.emit('probe:changed', {
      region: round.region,
      appeared: appeared.length,
      gone,
      worst: round.findings[0]?.severity ?? null,
      example: first === undefined ? null : `${first.id} (${first.evidence})`,
    })
  }
}
