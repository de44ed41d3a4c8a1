import type { RegionName } from '../core/index.ts'
import { FENCE_KEY_PREFIX, type FenceRecord, type FenceRecords } from '../security/index.ts'
import type { StateTopics } from './state-topics.ts'

/** Records of fences in the state topic of the region that they stand in. */
export class TopicFenceRecords implements FenceRecords {
  readonly #states: Pick<StateTopics, 'put' | 'readAll'>

  constructor(states: Pick<StateTopics, 'put' | 'readAll'>) {
    this.#states = states
  }

  async list(region: RegionName, signal: AbortSignal): Promise<readonly FenceRecord[]> {
    const texts = await this.#states.readAll(region, signal)
    return [...texts].flatMap(([key, text]) => readRecord(key, text, region) ?? [])
  }

  put(region: RegionName, key: string, record: FenceRecord, signal: AbortSignal): Promise<void> {
    return this.#states.put(region, key, JSON.stringify(record), signal)
  }

  remove(region: RegionName, key: string, signal: AbortSignal): Promise<void> {
    return this.#states.put(region, key, null, signal)
  }
}

/** Undefined for what is no record of a fence of this region: other things stand in the same topic. */
function readRecord(key: string, text: string, region: RegionName): FenceRecord | undefined {
  if (!key.startsWith(FENCE_KEY_PREFIX)) return undefined
  try {
    const record = JSON.parse(text) as Partial<FenceRecord> | null
    const isRecord = record?.format === 1 && record.region === region && record.means !== undefined
    return isRecord ? (record as FenceRecord) : undefined
  } catch {
    return undefined
  }
}
