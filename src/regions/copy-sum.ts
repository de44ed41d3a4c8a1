import { Type } from 'typebox'
import { Value } from 'typebox/value'

/**
 * What one process tells the others about the part of a link that it copies, so that each of them can tell the whole.
 * Only flows of its own are in the sums: added up over all processes they are those of the link, no more and no less,
 * or nobody knows the sum.
 */
export interface CopySum {
  /** Flows that this process copies, or would. */
  readonly flows: number
  /** All flows of the link, as this process knows them. */
  readonly allFlows: number
  /** Flows of its own whose lag is not known: the sums leave them out. */
  readonly unknownFlows: number
  readonly lagRecords: number
  /** The most of any; 0 where nothing is behind. */
  readonly lagSeconds: number
  /** Since the end of the source was last seen, the most of any; null where one never was. */
  readonly seenSecondsAgo: number | null
  /** Incidents of the link that nobody has acknowledged. */
  readonly openIncidents: number
}

const LINKS_MAX = 200
const amount = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
const seconds = Type.Number({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
const CopySumRecord = Type.Object({
  flows: amount,
  allFlows: amount,
  unknownFlows: amount,
  lagRecords: amount,
  lagSeconds: seconds,
  seenSecondsAgo: Type.Union([Type.Null(), seconds]),
  openIncidents: amount,
})
const CopySumsRecord = Type.Record(Type.String({ maxLength: 300 }), CopySumRecord, { maxProperties: LINKS_MAX })

/** As it stands in a report; undefined for more links than a report may carry. */
export function encodeCopies(copies: ReadonlyMap<string, CopySum>): Readonly<Record<string, CopySum>> | undefined {
  return copies.size === 0 || copies.size > LINKS_MAX ? undefined : Object.fromEntries(copies)
}

/** Undefined for what is none: anybody with the right to write to the topic may have written it. */
export function decodeCopies(value: unknown): ReadonlyMap<string, CopySum> | undefined {
  return Value.Check(CopySumsRecord, value) ? new Map(Object.entries(value)) : undefined
}
