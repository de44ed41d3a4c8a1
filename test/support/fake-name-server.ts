import { createHmac } from 'node:crypto'
import { createServer, type Server, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'

/**
 * A name server over TCP with A records in memory: queries, and updates as RFC 2136 and RFC 8945 have them, written
 * apart from the product's code. BIND says the same in `npm run trial -- routing`.
 */
export class FakeNameServer implements AsyncDisposable {
  /** Addresses by name. */
  readonly records = new Map<string, string[]>()
  secret = Buffer.from('a secret')
  algorithm = 'sha256'
  /** Wrong behaviour, on demand. */
  queryRcode = 0
  isAuthoritative = true
  updateRcode = 0
  tsigError = 0
  sign: 'good' | 'none' | 'forged' = 'good'
  isSilent = false
  /** Between a read and an update. */
  beforeUpdate: () => void = () => undefined
  updates = 0
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor() {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('data', (chunk: Buffer) => {
        if (this.isSilent) return
        const answer = this.#answer(chunk.subarray(2))
        const length = Buffer.alloc(2)
        length.writeUInt16BE(answer.length)
        // In two parts, as a network may deliver it.
        socket.write(Buffer.concat([length, answer.subarray(0, 3)]))
        setImmediate(() => socket.write(answer.subarray(3)))
      })
    })
  }

  static async start(): Promise<FakeNameServer> {
    const fake = new FakeNameServer()
    await new Promise<void>((resolve) => fake.#server.listen(0, '127.0.0.1', resolve))
    return fake
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #answer(message: Buffer): Buffer {
    const { name, behind } = readName(message, 12)
    const isUpdate = (message[2] ?? 0) >> 3 === 5
    if (isUpdate) return this.#update(message, behind + 4)
    const found = this.queryRcode === 0 ? (this.records.get(name) ?? []) : []
    const head = Buffer.from(message.subarray(0, behind + 4))
    head.writeUInt16BE(0x8000 | (this.isAuthoritative ? 0x0400 : 0) | this.queryRcode, 2)
    head.writeUInt16BE(found.length, 6)
    // Names of answers point at the question.
    const answers = found.map((address) => Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 30, 0, 4, ...octets(address)]))
    return Buffer.concat([head, ...answers])
  }

  #update(message: Buffer, start: number): Buffer {
    this.updates += 1
    this.beforeUpdate()
    const counts = [6, 8, 10].map((at) => message.readUInt16BE(at))
    const records = readRecords(
      message,
      start,
      counts.reduce((sum, count) => sum + count, 0),
    )
    const tsig = records.pop()
    if (tsig?.type !== 250) throw new Error('an update without a signature')
    const mac = this.#checkMac(message, tsig)
    const demands = records.slice(0, counts[0])
    const rcode = this.updateRcode || (this.tsigError === 0 ? this.#judge(demands) : 9)
    if (rcode === 0) this.#apply(records.slice(counts[0]))
    const head = Buffer.from(message.subarray(0, 12))
    head.writeUInt16BE(0xa800 | rcode, 2)
    head.fill(0, 4)
    return this.#signed(head, { name: message.subarray(tsig.at, tsig.behindName), mac })
  }

  /** RFC 2136, 3.2: of A records only. */
  #judge(demands: readonly FakeRecord[]): number {
    const named = Map.groupBy(demands, ({ name }) => name)
    for (const [name, wanted] of named) {
      const has = (this.records.get(name) ?? []).toSorted()
      if (wanted[0]?.dnsClass === 254 && has.length > 0) return 7
      if (
        wanted[0]?.dnsClass === 1 &&
        has.join() !==
          wanted
            .map(({ data }) => data.join('.'))
            .sort()
            .join()
      )
        return 8
    }
    return 0
  }

  #apply(updates: readonly FakeRecord[]): void {
    for (const { name, dnsClass, data } of updates) {
      if (dnsClass === 255) this.records.delete(name)
      else this.records.set(name, [...new Set([...(this.records.get(name) ?? []), data.join('.')])])
    }
  }

  #checkMac(message: Buffer, { at, behindName, behind }: FakeRecord): Buffer {
    const data = message.subarray(behindName + 10, behind)
    const macAt = readName(data, 0).behind + 10
    const mac = data.subarray(macAt, macAt + data.readUInt16BE(macAt - 2))
    const bare = Buffer.from(message.subarray(0, at))
    bare.writeUInt16BE(0, 10)
    const name = message.subarray(at, behindName)
    const algorithm = data.subarray(0, macAt - 10)
    const time = data.subarray(macAt - 10, macAt - 2)
    const variables = Buffer.concat([name, Buffer.from([0, 255, 0, 0, 0, 0]), algorithm, time, Buffer.alloc(4)])
    const expected = this.#hmac([bare, variables])
    if (this.tsigError === 0 && !mac.equals(expected)) throw new Error('the signature of the update is wrong')
    return mac
  }

  #signed(head: Buffer, request: { readonly name: Buffer; readonly mac: Buffer }): Buffer {
    if (this.sign === 'none') return head
    const algorithm = Buffer.from(`\x0bhmac-${this.algorithm}\0`, 'latin1')
    const nowSeconds = Math.floor(Date.now() / 1_000) + (this.tsigError === 18 ? 1_000 : 0)
    const other = Buffer.alloc(this.tsigError === 18 ? 6 : 0)
    if (other.length > 0) other.writeUIntBE(nowSeconds, 0, 6)
    const time = Buffer.alloc(8)
    time.writeUIntBE(nowSeconds - (other.length > 0 ? 1_000 : 0), 0, 6)
    time.writeUInt16BE(300, 6)
    const error = Buffer.from([0, this.tsigError, 0, other.length])
    const variables = Buffer.concat([request.name, Buffer.from([0, 255, 0, 0, 0, 0]), algorithm, time, error, other])
    const macLength = Buffer.alloc(2)
    macLength.writeUInt16BE(request.mac.length)
    const isSigned = this.tsigError === 0 || this.tsigError === 18
    const mac = isSigned ? this.#hmac([macLength, request.mac, head, variables]) : Buffer.alloc(0)
    if (this.sign === 'forged') mac.fill(1)
    const ownLength = Buffer.alloc(2)
    ownLength.writeUInt16BE(mac.length)
    const data = Buffer.concat([algorithm, time, ownLength, mac, head.subarray(0, 2), error, other])
    const fixed = Buffer.from([0, 250, 0, 255, 0, 0, 0, 0, data.length >> 8, data.length & 255])
    const whole = Buffer.concat([head, request.name, fixed, data])
    whole.writeUInt16BE(1, 10)
    return whole
  }

  #hmac(parts: readonly Buffer[]): Buffer {
    return createHmac(this.algorithm, this.secret).update(Buffer.concat(parts)).digest()
  }
}

interface FakeRecord {
  readonly name: string
  readonly type: number
  readonly dnsClass: number
  readonly data: Buffer
  readonly at: number
  readonly behindName: number
  readonly behind: number
}

function readRecords(message: Buffer, start: number, count: number): FakeRecord[] {
  const records: FakeRecord[] = []
  for (let at = start; records.length < count; ) {
    const { name, behind: behindName } = readName(message, at)
    const behind = behindName + 10 + message.readUInt16BE(behindName + 8)
    const [type, dnsClass] = [message.readUInt16BE(behindName), message.readUInt16BE(behindName + 2)]
    records.push({ name, type, dnsClass, data: message.subarray(behindName + 10, behind), at, behindName, behind })
    at = behind
  }
  return records
}

function readName(message: Buffer, start: number): { readonly name: string; readonly behind: number } {
  const labels: string[] = []
  let at = start
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  return { name: labels.join('.'), behind: at + 1 }
}

function octets(address: string): number[] {
  return address.split('.').map(Number)
}
