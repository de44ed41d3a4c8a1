/**
 * Keys of map records: text, so that any console consumer can read them.
 * `flow/<region>/<topic>/<target topic>/<partition>/<producer id>.<epoch>/<first source>.<first target>`,
 * `floor/<region>/<topic>/<target topic>/<partition>/<producer id>.<epoch>`,
 * `incident/<region>/<topic>/<target topic>/<partition>/<producer id>.<epoch>/<id>`,
 * `owner/<producer id>.<epoch>`, `hand-over/<producer id>.<epoch>`.
 */
import { type EntryKey, type FlowKey, flowKeyText } from './entry.ts'

/** The kinds of keys this version knows. */
export const KEY_KINDS: readonly string[] = [
  'flow',
  'floor',
  'owner',
  'hand-over',
  'incident',
] satisfies EntryKey['kind'][]

export function formatEntryKey(key: EntryKey): string {
  const producer = `${key.producerId}.${key.producerEpoch}`
  if (key.kind === 'owner' || key.kind === 'hand-over') return `${key.kind}/${producer}`
  const text = `${key.kind}/${flowKeyText(key.flow)}/${producer}`
  if (key.kind === 'incident') return `${text}/${key.id}`
  return key.kind === 'floor' ? text : `${text}/${key.first.source}.${key.first.target}`
}

/** Undefined where the text is no key of a known kind. */
export function parseEntryKey(text: string): EntryKey | undefined {
  const [kind, ...parts] = text.split('/')
  if (kind === 'flow' && parts.length === 6) return parseFlowEntryKey(parts)
  if (kind === 'floor' && parts.length === 5) return parseFloorEntryKey(parts)
  if (kind === 'incident' && parts.length === 6) return parseIncidentEntryKey(parts)
  if ((kind !== 'owner' && kind !== 'hand-over') || parts.length !== 1) return undefined
  const producer = parseProducer(parts[0])
  return producer && { kind, ...producer }
}

function parseFlowEntryKey(parts: readonly string[]): EntryKey | undefined {
  const flow = parseFlowKey(parts)
  const producer = parseProducer(parts[4])
  const first = parsePair(parts[5])
  if (flow === undefined || producer === undefined || first === undefined) return undefined
  return { kind: 'flow', flow, ...producer, first: { source: first[0], target: first[1] } }
}

function parseFloorEntryKey(parts: readonly string[]): EntryKey | undefined {
  const flow = parseFlowKey(parts)
  const producer = parseProducer(parts[4])
  return flow && producer && { kind: 'floor', flow, ...producer }
}

function parseIncidentEntryKey(parts: readonly string[]): EntryKey | undefined {
  const flow = parseFlowKey(parts)
  const producer = parseProducer(parts[4])
  const id = parts[5]
  return flow && producer && id ? { kind: 'incident', flow, ...producer, id } : undefined
}

function parseFlowKey([source, topic, targetTopic, partitionText]: readonly string[]): FlowKey | undefined {
  const partition = parseCount(partitionText)
  if (!source || !topic || !targetTopic || partition === undefined) return undefined
  return { source, topic, targetTopic, partition }
}

function parseProducer(text = ''): { producerId: bigint; producerEpoch: number } | undefined {
  if (!/^\d{1,19}\.\d{1,5}$/.test(text)) return undefined
  const dot = text.indexOf('.')
  return { producerId: BigInt(text.slice(0, dot)), producerEpoch: Number(text.slice(dot + 1)) }
}

function parsePair(text = ''): [number, number] | undefined {
  const dot = text.indexOf('.')
  const left = parseCount(text.slice(0, dot))
  const right = parseCount(text.slice(dot + 1))
  return dot < 0 || left === undefined || right === undefined ? undefined : [left, right]
}

function parseCount(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,16}$/.test(text)) return undefined
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : undefined
}
