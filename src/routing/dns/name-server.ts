import {
  type Clock,
  describeError,
  type Fault,
  invariant,
  type Random,
  randomBelow,
  unreachable,
} from '../../core/index.ts'
import { routingFaults } from '../faults.ts'
import { exchange, parseServer, type ServerAddress } from './exchange.ts'
import {
  type DnsAnswer,
  decodeAnswer,
  encodeQuery,
  encodeUpdate,
  pickSet,
  type RecordSet,
  type SetChange,
} from './message.ts'
import { signMessage, type TsigKey, type TsigVerdict, verifyAnswer } from './tsig.ts'

/** What one server said. `fault`: it will say the same until somebody repairs something. */
export type Said<Value> =
  | { readonly kind: 'answer'; readonly value: Value }
  | { readonly kind: 'unknown'; readonly reason: string }
  | { readonly kind: 'fault'; readonly fault: Fault }

export interface NameServerOptions {
  /** `host:port`. */
  readonly address: string
  readonly zone: string
  readonly key: TsigKey
  readonly clock: Clock
  readonly random: Random
  /** @defaultValue 3000 */
  readonly timeoutMs?: number
}

/** A look at the servers of a region that is lost must not hold a failover up for long. */
const TIMEOUT_MS = 3_000
/** By number. */
const RCODES = [
  'NOERROR',
  'FORMERR',
  'SERVFAIL',
  'NXDOMAIN',
  'NOTIMP',
  'REFUSED',
  'YXDOMAIN',
  'YXRRSET',
  'NXRRSET',
  'NOTAUTH',
  'NOTZONE',
] as const
type Rcode = (typeof RCODES)[number]
/** The records are not as the update demands them. */
const CHANGED: readonly string[] = ['NXDOMAIN', 'YXDOMAIN', 'YXRRSET', 'NXRRSET'] satisfies Rcode[]
const NO_SERVER: readonly string[] = ['NOTAUTH', 'NOTZONE'] satisfies Rcode[]

/** One authoritative server of a zone. Its answers to queries are not signed: who may ask need not know the key. */
export class NameServer {
  readonly address: string
  readonly #options: NameServerOptions
  readonly #server: ServerAddress

  constructor(options: NameServerOptions) {
    const server = parseServer(options.address)
    invariant(server !== undefined, `${options.address} is no host:port, and was not refused`)
    this.#server = server
    this.address = options.address
    this.#options = options
  }

  /** The records as this server has them; none is an answer too. */
  async read(set: Pick<RecordSet, 'name' | 'type'>, signal: AbortSignal): Promise<Said<RecordSet>> {
    const asked = await this.#ask((id) => encodeQuery(id, set.name, set.type), signal)
    if (asked.kind !== 'answer') return asked
    const { isAuthoritative, answers } = asked.value.answer
    const rcode = nameOf(asked.value.answer.rcode)
    const isAnswer = rcode === 'NOERROR' || rcode === 'NXDOMAIN'
    // A server that does not have the zone refuses, or tells what it has heard elsewhere.
    if (rcode === 'REFUSED' || (isAnswer && !isAuthoritative)) return this.#isNoServerOf(rcode)
    if (!isAnswer) return this.#judgeError(rcode)
    return { kind: 'answer', value: { name: set.name, type: set.type, ...pickSet(set, answers) } }
  }

  /** Makes all changes or none. */
  async update(changes: readonly SetChange[], signal: AbortSignal): Promise<Said<void>> {
    const { zone, key, clock } = this.#options
    const now = () => Math.floor(clock.nowMs() / 1_000)
    let mac = Buffer.alloc(0)
    const asked = await this.#ask((id) => {
      const signed = signMessage(encodeUpdate(id, zone, changes), key, now())
      mac = Buffer.from(signed.mac)
      return signed.message
    }, signal)
    if (asked.kind !== 'answer') return asked
    const { answer, bytes } = asked.value
    const rcode = nameOf(answer.rcode)
    let verdict: TsigVerdict
    try {
      verdict = verifyAnswer(bytes, { key, requestMac: mac, nowSeconds: now() })
    } catch (error) {
      return { kind: 'unknown', reason: `${this.address}: the signature cannot be read: ${describeError(error)}` }
    }
    if (verdict.kind === 'refused') return { kind: 'fault', fault: this.#keyFault(verdict, now()) }
    if (verdict.kind === 'forged' || (verdict.kind === 'unsigned' && rcode === 'NOERROR')) {
      return { kind: 'unknown', reason: `${this.address}: its answer is not signed with the key ${key.name}` }
    }
    if (rcode === 'NOERROR') return { kind: 'answer', value: undefined }
    if (!CHANGED.includes(rcode)) return this.#judgeError(rcode)
    return { kind: 'unknown', reason: `${this.address}: the records have just been changed by somebody else` }
  }

  async #ask(
    encode: (id: number) => Buffer,
    signal: AbortSignal,
  ): Promise<Said<{ readonly answer: DnsAnswer; readonly bytes: Buffer }>> {
    const { clock, random, timeoutMs = TIMEOUT_MS } = this.#options
    const id = randomBelow(random, 65_536)
    try {
      const bytes = await exchange(this.#server, encode(id), { clock, timeoutMs, signal })
      const answer = decodeAnswer(bytes)
      if (answer.isAnswer && answer.id === id) return { kind: 'answer', value: { answer, bytes } }
      return { kind: 'unknown', reason: `${this.address} answers something else than it was asked` }
    } catch (error) {
      return { kind: 'unknown', reason: `${this.address} does not answer: ${describeError(error)}` }
    }
  }

  #judgeError(rcode: string): Said<never> {
    const { address, zone } = this.#options
    if (rcode === 'SERVFAIL') return { kind: 'unknown', reason: `${address} answers SERVFAIL for ${zone}` }
    if (NO_SERVER.includes(rcode)) return this.#isNoServerOf(rcode)
    const code = rcode === 'REFUSED' ? 'ROUTING_DNS_REFUSED' : 'ROUTING_DNS_FAILED'
    return { kind: 'fault', fault: routingFaults.fault(code, this.#facts(rcode)) }
  }

  #isNoServerOf(rcode: string): Said<never> {
    return { kind: 'fault', fault: routingFaults.fault('ROUTING_DNS_NO_ZONE', this.#facts(rcode)) }
  }

  #facts(rcode: string) {
    const { address: server, zone, key } = this.#options
    return { server, zone, key: key.name, answer: rcode }
  }

  #keyFault({ error, serverSeconds }: Extract<TsigVerdict, { kind: 'refused' }>, nowSeconds: number): Fault {
    const { address: server, key } = this.#options
    const facts = { server, key: key.name, algorithm: key.algorithm, error }
    switch (error) {
      case 'BADKEY':
        return routingFaults.fault('ROUTING_DNS_KEY_UNKNOWN', facts)
      case 'BADTIME': {
        const apart = serverSeconds === undefined ? 'an unknown time' : `${Math.abs(serverSeconds - nowSeconds)} s`
        return routingFaults.fault('ROUTING_DNS_CLOCK', { ...facts, apart })
      }
      case 'BADSIG':
      case 'BADTRUNC':
        return routingFaults.fault('ROUTING_DNS_KEY_WRONG', facts)
      default:
        return unreachable(error)
    }
  }
}

function nameOf(rcode: number): string {
  return RCODES[rcode] ?? `rcode ${rcode}`
}
