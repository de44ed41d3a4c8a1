/** A frame of a stream of server-sent events (the HTML standard, 9.2.6). */
export interface EventFrame {
  readonly id: string | undefined
  /** Undefined for a frame that only moves the id on. */
  readonly event: string | undefined
  readonly data: string
}

/** What a frame may come to before the stream is given up: it is none of Isthmus. */
const FRAME_CHARACTERS_MAX = 1024 * 1024

/** Frame by frame, until the stream ends. Comments and `retry` are left out. */
export async function* readEventStream(stream: ReadableStream<Uint8Array>): AsyncGenerator<EventFrame> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of stream) {
    text += decoder.decode(chunk, { stream: true }).replaceAll('\r\n', '\n')
    for (let at = text.indexOf('\n\n'); at >= 0; at = text.indexOf('\n\n')) {
      const frame = parseFrame(text.slice(0, at))
      text = text.slice(at + 2)
      yield frame
    }
    if (text.length > FRAME_CHARACTERS_MAX) throw new Error('what is answered is no stream of events')
  }
}

function parseFrame(text: string): EventFrame {
  const fields = text.split('\n').map((line) => {
    const at = line.indexOf(':')
    return at < 0 ? ([line, ''] as const) : ([line.slice(0, at), line.slice(at + 1).replace(/^ /, '')] as const)
  })
  const of = (name: string) => fields.filter(([field]) => field === name).map(([, value]) => value)
  const data = of('data')
  return {
    id: of('id').at(-1),
    event: data.length === 0 ? undefined : (of('event').at(-1) ?? 'message'),
    data: data.join('\n'),
  }
}
