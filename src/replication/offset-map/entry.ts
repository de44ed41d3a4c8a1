/**
 * What one record of the map topic says. The partition of the map topic is the shard.
 *
 * The key of a record names its writer (producer id and epoch) beside what it is about. Two reasons, both about
 * compaction, which keeps the last record of a key: a fenced writer that wakes up can never displace a record of its
 * successor, and a record only ever replaces one that it overrules completely (same writer, same first segment).
 * An owner entry is written once, first of all that its epoch writes: it marks, for good, where that epoch begins.
 */
import { invariant, unreachable } from '../../core/index.ts'
import type { IncidentFacts } from './entry-incident.ts'
import type { AttributedSegment, Closing, Segment } from './segments.ts'

/** One topic partition over a link. */
export interface FlowKey {
  /** Name of the source region. */
  readonly source: string
  readonly topic: string
  readonly targetTopic: string
  readonly partition: number
}

/** A flow of the map, and the topics that it is about. */
export interface CopiedFlow {
  readonly key: FlowKey
  readonly sourceClusterId: string
  readonly sourceTopicId: string
  readonly targetTopicId: string
  /** Set where the copy has ended: its target goes on with records of its own, or of another copy. */
  readonly closedAt?: Closing | undefined
}

/** One epoch of one producer: who may write, to the data and to the map. */
export interface Producer {
  readonly producerId: bigint
  readonly producerEpoch: number
}

/** Where a flow's source and target run in step, from the first segment on. */
export interface FlowEntry extends Producer {
  readonly kind: 'flow'
  readonly flow: FlowKey
  /** Target offset that sequence 0 of this epoch has, see `isInSequence`. */
  readonly epochStart: number
  /** Lower-case UUID with dashes. */
  readonly sourceTopicId: string
  /** Lower-case UUID with dashes. */
  readonly targetTopicId: string
  readonly sourceClusterId: string
  /** Leader epoch of the source's records; -1 when unknown. */
  readonly sourceLeaderEpoch: number
  /** Wall clock of the writer. */
  readonly atMs: number
  /** At least one; sources ascend strictly, targets never descend. */
  readonly segments: readonly AttributedSegment[]
}

/** The map of a flow begins with the entry at a map offset: no lookup at or above the log starts needs older ones. */
export interface FloorEntry extends Producer {
  readonly kind: 'floor'
  readonly flow: FlowKey
  readonly mapOffset: number
  /** That entry's first segment. */
  readonly first: Segment
  readonly atMs: number
}

/** An owner took the shard over. */
export interface OwnerEntry extends Producer {
  readonly kind: 'owner'
  readonly transactionalId: string
  /** Which process, for messages. */
  readonly processId: string
  readonly atMs: number
}

/** An owner has drained and let go: its successor needs no fence. */
export interface HandOverEntry extends Producer {
  readonly kind: 'hand-over'
  readonly atMs: number
}

/** Something was lost, or is not what it was, in one flow: kept until an operator has acknowledged it, and beyond. */
export interface IncidentEntry extends Producer {
  readonly kind: 'incident'
  readonly flow: FlowKey
  /** The same for the same incident, whoever finds it and however often. */
  readonly id: string
  readonly facts: IncidentFacts
}

/** The record with this key counts no longer. */
export interface TombstoneEntry {
  readonly kind: 'tombstone'
  readonly key: EntryKey
}

export type MapEntry = FlowEntry | FloorEntry | OwnerEntry | HandOverEntry | IncidentEntry | TombstoneEntry

export interface FlowEntryKey extends Producer {
  readonly kind: 'flow'
  readonly flow: FlowKey
  /** The entry's first segment. */
  readonly first: Segment
}

export interface FloorEntryKey extends Producer {
  readonly kind: 'floor'
  readonly flow: FlowKey
}

export interface OwnerEntryKey extends Producer {
  readonly kind: 'owner'
}

export interface HandOverEntryKey extends Producer {
  readonly kind: 'hand-over'
}

export interface IncidentEntryKey extends Producer {
  readonly kind: 'incident'
  readonly flow: FlowKey
  readonly id: string
}

/** What the key of a record says. */
export type EntryKey = FlowEntryKey | FloorEntryKey | OwnerEntryKey | HandOverEntryKey | IncidentEntryKey

/** The key under which the map topic keeps an entry. */
export function keyOf(entry: FlowEntry): FlowEntryKey
export function keyOf(entry: FloorEntry): FloorEntryKey
export function keyOf(entry: MapEntry): EntryKey
export function keyOf(entry: MapEntry): EntryKey {
  switch (entry.kind) {
    case 'tombstone':
      return entry.key
    case 'flow': {
      const { kind, flow, producerId, producerEpoch, segments } = entry
      const first = segments[0]
      invariant(first, `an entry of flow ${flowKeyText(flow)} has no segments`)
      return { kind, flow, producerId, producerEpoch, first: { source: first.source, target: first.target } }
    }
    case 'floor':
      return {
        kind: 'floor',
        flow: entry.flow,
        producerId: entry.producerId,
        producerEpoch: entry.producerEpoch,
      }
    case 'incident': {
      const { kind, flow, producerId, producerEpoch, id } = entry
      return { kind, flow, producerId, producerEpoch, id }
    }
    case 'owner':
    case 'hand-over':
      return { kind: entry.kind, producerId: entry.producerId, producerEpoch: entry.producerEpoch }
    default:
      return unreachable(entry)
  }
}

/** `region/topic/targetTopic/partition`: neither region names nor topic names can contain a slash. */
export function flowKeyText(flow: FlowKey): string {
  return `${flow.source}/${flow.topic}/${flow.targetTopic}/${flow.partition}`
}

/**
 * FNV-1a, 32 bits, over `flowKeyText`: the same flow falls into the same shard in every process and version. Makes no
 * text, since it is asked for every flow every few seconds.
 */
export function hashFlowKey({ source, topic, targetTopic, partition }: FlowKey): number {
  let hash = 0x811c9dc5
  for (const part of [source, topic, targetTopic]) hash = hashAscii(hashAscii(hash, part), '/')
  return hashAscii(hash, String(partition))
}

/** Names of regions and topics are ASCII. */
function hashAscii(start: number, text: string): number {
  let hash = start
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193) >>> 0
  return hash
}

export function isSameProducer(one: Producer, other: Producer): boolean {
  return one.producerId === other.producerId && one.producerEpoch === other.producerEpoch
}
