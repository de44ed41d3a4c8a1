import type { RegionName } from '../../core/index.ts'
import { type PolicyRecord, type PolicyRecords, securityFaults } from '../../security/index.ts'
import type { StateTopics } from '../state-topics.ts'

/** Of `__isthmus.state`; the owner follows. */
const KEY_PREFIX = 'policy.'

/** What was put up for each owner of a policy, in the state topic of the region where it stands. */
export class TopicPolicyRecords implements PolicyRecords {
  readonly #states: Pick<StateTopics, 'put' | 'readAll'>

  constructor(states: Pick<StateTopics, 'put' | 'readAll'>) {
    this.#states = states
  }

  async list(region: RegionName, signal: AbortSignal): Promise<readonly PolicyRecord[]> {
    const texts = await this.#states.readAll(region, signal)
    return [...texts].flatMap(([key, text]) => (key.startsWith(KEY_PREFIX) ? readRecord(key, text, region) : []))
  }

  put(record: PolicyRecord, signal: AbortSignal): Promise<void> {
    return this.#states.put(record.region, `${KEY_PREFIX}${record.owner}`, JSON.stringify(record), signal)
  }
}

/** One that cannot be read throws: taken for none, it would make entries of its owner foreign without a word. */
function readRecord(key: string, text: string, region: RegionName): PolicyRecord {
  const record = parse(text)
  if (record?.format === 1 && record.region === region && Array.isArray(record.claims)) return record as PolicyRecord
  throw securityFaults.fault('POLICY_UNAVAILABLE', {
    region,
    reason: `its record ${key} in __isthmus.state is of no kind that this version knows`,
    remedy: 'Use the version that wrote it, or delete the record: its entries then count as foreign.',
  })
}

function parse(text: string): Partial<PolicyRecord> | undefined {
  try {
    return (JSON.parse(text) as Partial<PolicyRecord> | null) ?? undefined
  } catch {
    return undefined
  }
}
