/**
 * Server-sent events out of pieces of text, after the HTML standard, 9.2.6. `EventSource` cannot send a token, so the
 * stream is read with `fetch`, and its frames are taken apart here. Pure but for what it keeps of an unfinished frame.
 */
export interface SseFrame {
  /** @defaultValue message */
  readonly event: string
  /** Null in a frame without data, which only moves the id on. */
  readonly data: string | null
  readonly id: string | undefined
}

export class SseParser {
  #rest = ''
  #event = ''
  #data: string[] = []
  #id: string | undefined

  /** The frames that this piece completes. */
  push(piece: string): SseFrame[] {
    const lines = (this.#rest + piece).split(/\r\n|\n|\r/)
    this.#rest = lines.pop() ?? ''
    return lines.flatMap((line) => (line === '' ? this.#finish() : this.#take(line)))
  }

  #take(line: string): SseFrame[] {
    const at = line.indexOf(':')
    const field = at < 0 ? line : line.slice(0, at)
    const value = at < 0 ? '' : line.slice(at + 1).replace(/^ /, '')
    if (field === 'event') this.#event = value
    else if (field === 'data') this.#data.push(value)
    else if (field === 'id') this.#id = value
    return []
  }

  #finish(): SseFrame[] {
    const frame = {
      event: this.#event === '' ? 'message' : this.#event,
      data: this.#data.length === 0 ? null : this.#data.join('\n'),
      id: this.#id,
    }
    const isEmpty = frame.data === null && frame.id === undefined
    this.#event = ''
    this.#data = []
    this.#id = undefined
    return isEmpty ? [] : [frame]
  }
}
