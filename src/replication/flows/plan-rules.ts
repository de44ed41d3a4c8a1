import type { Codec, EditRecord } from '../../kafka/index.ts'
import type { ResolvedPolicies } from '../policies.ts'

/** What the target said about a record that it does not take. */
export interface Refusal {
  /** The broker's name of the error, such as MESSAGE_TOO_LARGE. */
  readonly error: string
  /** A sentence: the broker's own, or sizes. */
  readonly detail: string
}

/** What planning has to know about the target and the link beside positions. */
export interface PlanRules {
  /** Undefined while the target has refused nothing for its size. */
  readonly limit: SizeLimit | undefined
  /** Records a batch has at most, while one that is refused is searched for. */
  readonly recordsMax: number
  /** By source offset. */
  readonly refused: ReadonlyMap<number, Refusal>
  readonly onRefused: ResolvedPolicies['recordRefused']
  /** The link's filter and header changes. */
  readonly edit: EditRecord | undefined
  /** Undefined keeps each batch's own. */
  readonly codec: Codec | undefined
}

export interface SizeLimit {
  /** Largest batch that the target takes. */
  readonly bytes: number
  /** The config it comes from. */
  readonly config: string
  /** Known well enough to refuse a record by it; else it is sent and the target decides. */
  readonly isFresh: boolean
}

/** Why a batch that cannot be cut is refused. */
export function overLimit(sizeBytes: number, { bytes, config }: Pick<SizeLimit, 'bytes' | 'config'>): string {
  return `its batch has ${sizeBytes} bytes, ${config} allows ${bytes}`
}

/** A record that the target does not take, as a batch of its own; or a whole batch whose records cannot be told apart. */
export interface RefusedRecord extends Refusal {
  readonly fromOffset: number
  /** Just behind it. */
  readonly toOffset: number
  readonly batch: Buffer
  /** False where the batch is damaged: its bytes are all there is. */
  readonly isReadable: boolean
}

export const PASS_THROUGH: PlanRules = {
  limit: undefined,
  recordsMax: Number.POSITIVE_INFINITY,
  refused: new Map(),
  onRefused: 'stop',
  edit: undefined,
  codec: undefined,
}
