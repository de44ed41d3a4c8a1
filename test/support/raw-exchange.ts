import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Reader, Writer } from '@platformatic/kafka'
import type { Api } from '../../src/kafka/wire/api.ts'
import { API_VERSIONS, headersOf } from '../../src/kafka/wire/versions.ts'

/** One request and its answer over a bare socket, at a version of the caller's choice, with the bodies as sent. */
export interface Exchange<Response> {
  readonly request: Buffer
  readonly response: Buffer
  readonly output: Response
}

export class RawClient {
  readonly #socket: Socket
  #received = Buffer.alloc(0)
  #correlationId = 0

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk])
      socket.emit('received')
    })
  }

  static async connect(host: string, port: number): Promise<RawClient> {
    const socket = connect({ host, port })
    await once(socket, 'connect')
    return new RawClient(socket)
  }

  async exchange<Request, Response>(
    api: Api<Request, Response>,
    version: number,
    input: Request,
  ): Promise<Exchange<Response>> {
    const body = Writer.create()
    api.write(body, input, version)
    const request = body.buffer
    const correlationId = ++this.#correlationId
    const header = Writer.create().appendInt16(API_VERSIONS[api.name].key).appendInt16(version)
    const tagged = headersOf(api.name)
    header.appendInt32(correlationId).appendString('golden', false)
    if (tagged.request) header.appendTaggedFields()
    header.append(request).prependLength()
    this.#socket.write(header.buffer)
    const frame = await this.#readFrame()
    if (frame.readInt32BE(0) !== correlationId) throw new Error('the answer belongs to another request')
    const response = frame.subarray(tagged.response ? 5 : 4)
    const reader = Reader.from(response)
    const output = api.read(reader, version)
    return { request, response, output }
  }

  close(): void {
    this.#socket.destroy()
  }

  async #readFrame(): Promise<Buffer> {
    while (this.#received.length < 4 || this.#received.length < 4 + this.#received.readInt32BE(0)) {
      await once(this.#socket, 'received')
    }
    const end = 4 + this.#received.readInt32BE(0)
    const frame = Buffer.from(this.#received.subarray(4, end))
    this.#received = this.#received.subarray(end)
    return frame
  }
}
