import { inspect } from 'node:util'
import type { Material } from './material.ts'

const REDACTED = '[redacted]'

/**
 * A value that must never be seen. It cannot leak by accident: printing, inspecting, serialising and joining it all
 * give `[redacted]`. Only `reveal` gives the value, and is called where it goes on the wire: one that comes from a file
 * may be another the next time.
 */
export class Secret {
  readonly #value: string | Material<string>

  constructor(value: string | Material<string>) {
    this.#value = value
  }

  reveal(): string {
    return typeof this.#value === 'string' ? this.#value : this.#value.value
  }

  /** Undefined where it comes from no file, and so never changes. */
  get material(): Material<string> | undefined {
    return typeof this.#value === 'string' ? undefined : this.#value
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
