import { type EventFrame, readEventStream } from '../../src/cli/event-stream.ts'

/** A client of server-sent events over a real socket, which reads only when it is asked for the next frame. */
export async function openEvents(api: string, query = '', headers: Record<string, string> = {}) {
  const closing = new AbortController()
  const response = await fetch(`${api}/api/v1/events${query}`, { headers, signal: closing.signal })
  const frames = response.body === null ? undefined : readEventStream(response.body)
  const next = async (): Promise<EventFrame | undefined> => {
    for (;;) {
      const read = await frames?.next()
      if (read === undefined || read.done === true) return undefined
      // The first frame only says where to go on.
      if (read.value.event !== undefined) return read.value
    }
  }
  return {
    response,
    next,
    /** To the end of the stream. */
    async rest(): Promise<EventFrame[]> {
      const all: EventFrame[] = []
      for (let frame = await next(); frame !== undefined; frame = await next()) all.push(frame)
      return all
    },
    close: () => closing.abort(),
  }
}
