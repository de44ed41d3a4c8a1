/**
 * Compact binary for map records. Numbers are safe integers, seven bits a byte, smallest first; signed ones alternate
 * (0, -1, 1, -2, ...). Arithmetic instead of bit operators, since offsets go beyond 32 bits.
 * A reader never reads behind its buffer: it throws a `RangeError` that says what is wrong.
 */
export class CompactWriter {
  readonly #bytes: number[] = []

  byte(value: number): this {
    this.#bytes.push(value)
    return this
  }

  unsigned(value: number): this {
    let rest = value
    while (rest >= 0x80) {
      this.#bytes.push((rest % 0x80) + 0x80)
      rest = Math.floor(rest / 0x80)
    }
    this.#bytes.push(rest)
    return this
  }

  signed(value: number): this {
    return this.unsigned(value < 0 ? -2 * value - 1 : 2 * value)
  }

  text(value: string): this {
    const bytes = Buffer.from(value, 'utf8')
    this.unsigned(bytes.length)
    return this.bytes(bytes)
  }

  bytes(value: Uint8Array): this {
    for (const byte of value) this.#bytes.push(byte)
    return this
  }

  finish(): Buffer {
    return Buffer.from(this.#bytes)
  }
}

export class CompactReader {
  readonly #buffer: Buffer
  #at = 0

  constructor(buffer: Buffer) {
    this.#buffer = buffer
  }

  get remainingBytes(): number {
    return this.#buffer.length - this.#at
  }

  byte(): number {
    const value = this.#buffer[this.#at]
    if (value === undefined) throw new RangeError(`it ends after ${this.#buffer.length} bytes`)
    this.#at += 1
    return value
  }

  unsigned(): number {
    let value = 0
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.byte()
      value += (byte & 0x7f) * scale
      if (!Number.isSafeInteger(value)) throw new RangeError('a number is too large')
      if (byte < 0x80) return value
      if (scale > Number.MAX_SAFE_INTEGER) throw new RangeError('a number is too long')
    }
  }

  signed(): number {
    const value = this.unsigned()
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  text(): string {
    return this.bytes(this.unsigned()).toString('utf8')
  }

  bytes(length: number): Buffer {
    if (length > this.remainingBytes) throw new RangeError(`it ends after ${this.#buffer.length} bytes`)
    const value = this.#buffer.subarray(this.#at, this.#at + length)
    this.#at += length
    return value
  }
}
