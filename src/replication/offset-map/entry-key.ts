/**
 * Keys of map records: text, so that any console consumer can read them.
 * `flow/<region>/<topic>/<target topic>/<partition>/<producer id>.<epoch>/<first source>.<first target>`,
 * `owner/<producer id>.<epoch>`, `hand-over/<producer id>.<epoch>`.
 */
import { type EntryKey, flowKeyText } from './entry.ts'

/** The kinds of keys this version knows. */
export const KEY_KINDS: readonly string[] = ['flow', 'owner', 'hand-over'] satisfies EntryKey['kind'][]

export function formatEntryKey(key: EntryKey): string {
  const producer = `${key.producerId}.${key.producerEpoch}`
  if (key.kind !== 'flow') return `${key.kind}/${producer}`
  return `flow/${flowKeyText(key.flow)}/${producer}/${key.first.source}.${key.first.target}`
}

/** Undefined where the text is no key of a known kind. */
export function parseEntryKey(text: string): EntryKey | undefined {
  const [kind, ...parts] = text.split('/')
  if (kind === 'flow' && parts.length === 6) return parseFlowKey(parts)
  if ((kind !== 'owner' && kind !== 'hand-over') || parts.length !== 1) return undefined
  const producer = parseProducer(parts[0])
  return producer && { kind, ...producer }
}

function parseFlowKey(parts: readonly string[]): EntryKey | undefined {
  const [source = '', topic = '', targetTopic = '', partitionText, producerText, firstText] = parts
  const partition = parseCount(partitionText)
  const producer = parseProducer(producerText)
  const first = parsePair(firstText)
  if (source === '' || topic === '' || targetTopic === '') return undefined
  if (partition === undefined || producer === undefined || first === undefined) return undefined
  return {
    kind: 'flow',
    flow: { source, topic, targetTopic, partition },
    ...producer,
    first: { source: first[0], target: first[1] },
  }
}

function parseProducer(text: string | undefined): { producerId: bigint; producerEpoch: number } | undefined {
  const match = /^(\d{1,19})\.(\d{1,5})$/.exec(text ?? '')
  return match ? { producerId: BigInt(match[1] ?? ''), producerEpoch: Number(match[2]) } : undefined
}

function parsePair(text: string | undefined): [number, number] | undefined {
  const [left, right, ...more] = (text ?? '').split('.')
  const pair = [parseCount(left), parseCount(right)] as const
  return more.length > 0 || pair[0] === undefined || pair[1] === undefined ? undefined : [pair[0], pair[1]]
}

function parseCount(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,16}$/.test(text)) return undefined
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : undefined
}
