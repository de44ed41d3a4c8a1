import { inspect } from 'node:util'

const REDACTED = '[redacted]'

/**
 * A value that must never be seen. It cannot leak by accident: printing, inspecting, serialising and joining it all
 * give `[redacted]`. Only `reveal` gives the value, and is called where it goes on the wire.
 */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  reveal(): string {
    return this.#value
  }

  toString(): string {
    return REDACTED
  }

  toJSON(): string {
    return REDACTED
  }

  [inspect.custom](): string {
    return REDACTED
  }
}
