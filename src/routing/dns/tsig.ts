import { createHmac, timingSafeEqual } from 'node:crypto'
import type { HiddenText } from '../provider.ts'
import { decodeAnswer, encodeName } from './message.ts'

/**
 * Transaction signatures (RFC 8945) for one message and its answer. Signed are the message, the key's and algorithm's
 * names, the time and the error; an answer is signed over the request's signature as well. Answers in several messages,
 * as zone transfers give, are not there.
 */
export const TSIG_ALGORITHMS = ['hmac-sha256', 'hmac-sha512'] as const

export interface TsigKey {
  readonly name: string
  readonly algorithm: (typeof TSIG_ALGORITHMS)[number]
  /** Base64. */
  readonly secret: HiddenText
}

export interface SignedMessage {
  readonly message: Buffer
  /** Of the request; its answer is signed over it. */
  readonly mac: Buffer
}

/** What the signature of an answer says. */
export type TsigVerdict =
  | { readonly kind: 'good' }
  | { readonly kind: 'unsigned' }
  /** Signed by somebody else, or changed on the way. */
  | { readonly kind: 'forged' }
  /** The server's word on the request. `serverSeconds` where it tells its clock. */
  | { readonly kind: 'refused'; readonly error: TsigError; readonly serverSeconds: number | undefined }

export type TsigError = 'BADSIG' | 'BADKEY' | 'BADTIME' | 'BADTRUNC'

const TYPE_TSIG = 250
const CLASS_ANY = 255
const FUDGE_SECONDS = 300
const COUNT_AT = 10
const ERRORS: ReadonlyMap<number, TsigError> = new Map([
  [16, 'BADSIG'],
  [17, 'BADKEY'],
  [18, 'BADTIME'],
  [22, 'BADTRUNC'],
])

export function signMessage(message: Buffer, key: TsigKey, nowSeconds: number): SignedMessage {
  const signed = { timeSeconds: nowSeconds, fudgeSeconds: FUDGE_SECONDS, error: 0, other: Buffer.alloc(0) }
  const mac = computeMac(key, [message, encodeVariables(key, signed)])
  const fixed = Buffer.alloc(10)
  writeTime(fixed, nowSeconds)
  fixed.writeUInt16BE(FUDGE_SECONDS, 6)
  fixed.writeUInt16BE(mac.length, 8)
  const tail = Buffer.alloc(6)
  message.copy(tail, 0, 0, 2)
  const data = Buffer.concat([encodeName(key.algorithm), fixed, mac, tail])
  const head = Buffer.alloc(10)
  head.writeUInt16BE(TYPE_TSIG, 0)
  head.writeUInt16BE(CLASS_ANY, 2)
  head.writeUInt16BE(data.length, 8)
  const whole = Buffer.concat([message, encodeName(key.name), head, data])
  whole.writeUInt16BE(whole.readUInt16BE(COUNT_AT) + 1, COUNT_AT)
  return { message: whole, mac }
}

export function verifyAnswer(
  answer: Buffer,
  { key, requestMac, nowSeconds }: { readonly key: TsigKey; readonly requestMac: Buffer; readonly nowSeconds: number },
): TsigVerdict {
  const last = decodeAnswer(answer).additionals.at(-1)
  if (last?.type !== 'TSIG') return { kind: 'unsigned' }
  const signature = parseData(last.data)
  const { mac, error, other, timeSeconds, fudgeSeconds, originalId } = signature
  const refusal = ERRORS.get(error)
  // Who does not know the key, or does not believe it, cannot sign.
  if (refusal === 'BADKEY' || refusal === 'BADSIG') return { kind: 'refused', error: refusal, serverSeconds: undefined }
  const bare = Buffer.from(answer.subarray(0, startOfLast(answer, last.name, last.data.length)))
  bare.writeUInt16BE(originalId, 0)
  bare.writeUInt16BE(bare.readUInt16BE(COUNT_AT) - 1, COUNT_AT)
  const length = Buffer.alloc(2)
  length.writeUInt16BE(requestMac.length)
  const expected = computeMac(key, [length, requestMac, bare, encodeVariables(key, signature)])
  if (mac.length !== expected.length || !timingSafeEqual(mac, expected)) return { kind: 'forged' }
  if (refusal !== undefined) {
    return { kind: 'refused', error: refusal, serverSeconds: other.length === 6 ? other.readUIntBE(0, 6) : undefined }
  }
  return Math.abs(timeSeconds - nowSeconds) <= fudgeSeconds ? { kind: 'good' } : { kind: 'forged' }
}

interface Variables {
  readonly timeSeconds: number
  readonly fudgeSeconds: number
  readonly error: number
  readonly other: Buffer
}

function encodeVariables({ name, algorithm }: TsigKey, signed: Variables): Buffer {
  const { timeSeconds, fudgeSeconds, error, other } = signed
  const classAndTtl = Buffer.alloc(6)
  classAndTtl.writeUInt16BE(CLASS_ANY)
  const fixed = Buffer.alloc(12)
  writeTime(fixed, timeSeconds)
  fixed.writeUInt16BE(fudgeSeconds, 6)
  fixed.writeUInt16BE(error, 8)
  fixed.writeUInt16BE(other.length, 10)
  return Buffer.concat([encodeName(name), classAndTtl, encodeName(algorithm), fixed, other])
}

function parseData(data: Buffer): Variables & { readonly mac: Buffer; readonly originalId: number } {
  let at = 0
  while (data.readUInt8(at) !== 0) at += data.readUInt8(at) + 1
  at += 1
  const macBytes = data.readUInt16BE(at + 8)
  const behind = at + 10 + macBytes
  return {
    timeSeconds: data.readUIntBE(at, 6),
    fudgeSeconds: data.readUInt16BE(at + 6),
    mac: data.subarray(at + 10, behind),
    originalId: data.readUInt16BE(behind),
    error: data.readUInt16BE(behind + 2),
    other: data.subarray(behind + 6, behind + 6 + data.readUInt16BE(behind + 4)),
  }
}

/** Its owner's name is spelled out, or a pointer of two bytes. */
function startOfLast(message: Buffer, name: string, dataBytes: number): number {
  const behindName = message.length - dataBytes - 10
  const isPointer = (message.readUInt8(behindName - 2) & 0xc0) === 0xc0
  return behindName - (isPointer ? 2 : encodeName(name).length)
}

function computeMac({ algorithm, secret }: TsigKey, parts: readonly Buffer[]): Buffer {
  const hmac = createHmac(algorithm.replace('hmac-', ''), Buffer.from(secret.reveal(), 'base64'))
  for (const part of parts) hmac.update(part)
  return hmac.digest()
}

function writeTime(into: Buffer, seconds: number): void {
  into.writeUIntBE(seconds, 0, 6)
}
