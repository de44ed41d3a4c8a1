import { type Clock, type RegionName, withSignal } from '../../core/index.ts'
import { replicationFaults } from '../faults.ts'
import type { IncidentEntry } from '../offset-map/index.ts'
import type { MapIndex } from '../shards/map-topic.ts'
import type { Shard } from '../shards/shard.ts'
import { type Acknowledgement, planAcknowledgement, writeAcknowledgement } from './acknowledge.ts'

export interface TargetIncidentsOptions {
  readonly region: RegionName
  readonly clock: Clock
  /** Those that this process has to do with, by number. */
  readonly shards: () => ReadonlyMap<number, Shard>
  /** Reads the map of every shard anew, without a fence. For many who ask: what ends one of them must not end it. */
  readIndex(): Promise<MapIndex>
}

/** The incidents of one target: of the shards that are owned as they are, of the others as they were last read. */
export class TargetIncidents {
  readonly #options: TargetIncidentsOptions
  #read: MapIndex['incidents'] = new Map()
  #looking: Promise<void> = Promise.resolve()
  #nextLook: Promise<void> | undefined

  constructor(options: TargetIncidentsOptions) {
    this.#options = options
  }

  noteIndex({ incidents }: MapIndex): void {
    this.#read = incidents
  }

  all(): IncidentEntry[] {
    return [...this.#byShard().values()].flat()
  }

  /** Whether any incident, also of another process's flow, asks for this topic to be deleted and copied again. */
  async wasReseeded(targetTopicId: string, signal: AbortSignal): Promise<boolean> {
    const isAsked = () =>
      this.all().some(({ facts }) => facts.action === 'reseed' && facts.targetTopicId === targetTopicId)
    if (isAsked()) return true
    await withSignal(this.#lookAgain(), signal)
    return isAsked()
  }

  /** Faults: INCIDENT_UNKNOWN, INCIDENT_NOT_OWNED, INCIDENT_ACTION_REFUSED. */
  async acknowledge(request: Acknowledgement): Promise<IncidentEntry> {
    const { clock, region, shards } = this.#options
    const { id } = request
    for (const [number, entries] of this.#byShard()) {
      const entry = entries.find((one) => one.id === id)
      if (entry === undefined) continue
      const tenure = shards().get(number)?.current
      if (tenure === undefined) {
        throw replicationFaults.fault('INCIDENT_NOT_OWNED', { id, shard: number, target: region })
      }
      const facts = planAcknowledgement(entry, request, clock.nowMs())
      if (facts !== entry.facts) await writeAcknowledgement(tenure, entry, facts)
      return { ...entry, facts }
    }
    throw replicationFaults.fault('INCIDENT_UNKNOWN', { id })
  }

  #byShard(): ReadonlyMap<number, readonly IncidentEntry[]> {
    const byShard = new Map(this.#read)
    for (const [number, { map }] of this.#options.shards()) {
      if (map !== undefined) byShard.set(number, [...map.incidents.all()])
    }
    return byShard
  }

  /**
   * Many flows ask at once when a topic is gone: they share the look that begins next. One that has begun may have passed
   * by what was put on record since.
   */
  #lookAgain(): Promise<void> {
    this.#nextLook ??= this.#looking
      .catch(() => undefined)
      .then(async () => {
        this.#looking = this.#nextLook ?? Promise.resolve()
        this.#nextLook = undefined
        this.noteIndex(await this.#options.readIndex())
      })
    return this.#nextLook
  }
}
