import { type Answer, decode, encode, type RecordType } from 'dns-packet'
import { isIPv6 } from 'node:net'

/**
 * What is asked of name servers: the records of one name and type, and dynamic updates (RFC 2136). dns-packet encodes
 * and decodes messages; the empty records by which an update deletes, or demands that there is nothing, it does not know.
 */
export type AddressType = 'A' | 'AAAA' | 'CNAME'

/** All records of one name and type. */
export interface RecordSet {
  readonly name: string
  readonly type: AddressType
  /** As `canonicalData` writes them. */
  readonly data: readonly string[]
  readonly ttlSeconds: number
}

/** An update that changes `before` to `after`, and nothing unless the zone holds exactly `before`. */
export interface SetChange {
  readonly before: RecordSet
  readonly after: RecordSet
}

export interface DnsAnswer {
  readonly id: number
  readonly isAnswer: boolean
  readonly isAuthoritative: boolean
  readonly rcode: number
  readonly answers: readonly Answer[]
  readonly additionals: readonly Answer[]
}

const HEADER_BYTES = 12
const UPDATE_OPCODE = 5
const CLASS_NONE = 254
const CLASS_ANY = 255
const TYPE_CODES: Readonly<Record<AddressType, number>> = { A: 1, AAAA: 28, CNAME: 5 }
const LABEL_BYTES_MAX = 63

export function encodeQuery(id: number, name: string, type: RecordType): Buffer {
  return encode({ type: 'query', id, questions: [{ name, type, class: 'IN' }] })
}

/** In one message: either all changes are made, or none. */
export function encodeUpdate(id: number, zone: string, changes: readonly SetChange[]): Buffer {
  const demands = changes.flatMap(({ before }) =>
    before.data.length === 0 ? [emptyRecord(before, CLASS_NONE)] : encodeSet({ ...before, ttlSeconds: 0 }),
  )
  const updates = changes.flatMap(encodeChange)
  const head = encode({
    type: 'query',
    id,
    flags: UPDATE_OPCODE << 11,
    questions: [{ name: zone, type: 'SOA', class: 'IN' }],
  })
  head.writeUInt16BE(demands.length, 6)
  head.writeUInt16BE(updates.length, 8)
  return Buffer.concat([head, ...demands, ...updates])
}

/** Throws where the bytes are no message. */
export function decodeAnswer(message: Buffer): DnsAnswer {
  const { id = 0, flag_qr: isAnswer, flag_aa: isAuthoritative, answers = [], additionals = [] } = decode(message)
  return { id, isAnswer, isAuthoritative, rcode: message.readUInt16BE(2) & 15, answers, additionals }
}

/** A name as it goes on the wire, in lower case and without compression. */
export function encodeName(name: string): Buffer {
  const labels = canonicalName(name).split('.').filter(Boolean)
  const parts = labels.map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label, 'latin1')]))
  return Buffer.concat([...parts, Buffer.alloc(1)])
}

export function canonicalName(name: string): string {
  return name.toLowerCase().replace(/\.$/, '')
}

/** The same text for every way to write an address or a name. */
export function canonicalData(data: string): string {
  return isIPv6(data) ? new URL(`http://[${data}]/`).hostname.slice(1, -1) : canonicalName(data)
}

/** Whether a name consists of labels that servers take. */
export function isDnsName(name: string): boolean {
  const labels = canonicalName(name).split('.')
  return (
    name.length < 254 &&
    labels.every((label) => /^[a-z0-9_*]([a-z0-9_-]*[a-z0-9_])?$/.test(label) && label.length <= LABEL_BYTES_MAX)
  )
}

/** The records of a set in an answer, in canonical order. */
export function pickSet(
  { name, type }: Pick<RecordSet, 'name' | 'type'>,
  answers: readonly Answer[],
): Pick<RecordSet, 'data' | 'ttlSeconds'> {
  const own = answers.flatMap((answer) => {
    const isOwn = answer.type === type && canonicalName(answer.name) === canonicalName(name)
    return isOwn && 'data' in answer ? [{ data: canonicalData(answer.data), ttlSeconds: answer.ttl ?? 0 }] : []
  })
  return {
    data: own.map(({ data }) => data).sort(),
    ttlSeconds: Math.max(0, ...own.map(({ ttlSeconds }) => ttlSeconds)),
  }
}

export function isSameData(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((data) => other.includes(data))
}

/** Records that stay are not deleted first: an update without a change is one that changes nothing. */
function encodeChange({ before, after }: SetChange): Buffer[] {
  const isProbe = isSameData(before.data, after.data) && before.ttlSeconds === after.ttlSeconds
  return [...(isProbe ? [] : [emptyRecord(after, CLASS_ANY)]), ...encodeSet(after)]
}

function encodeSet({ name, type, data, ttlSeconds }: RecordSet): Buffer[] {
  return data.map((datum) => {
    const record: Answer = { name, type, class: 'IN', ttl: ttlSeconds, data: datum }
    return encode({ answers: [record] }).subarray(HEADER_BYTES)
  })
}

function emptyRecord({ name, type }: RecordSet, dnsClass: number): Buffer {
  const rest = Buffer.alloc(10)
  rest.writeUInt16BE(TYPE_CODES[type], 0)
  rest.writeUInt16BE(dnsClass, 2)
  return Buffer.concat([encodeName(name), rest])
}
