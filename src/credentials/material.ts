import type { Followed } from './followed.ts'

export interface MaterialOptions<Value> extends Pick<Followed, 'name' | 'files' | 'isSecret'> {
  /** Makes of the texts of the files what is used. Throws where they are not usable; the reason never holds them. */
  readonly parse: (texts: readonly string[]) => Value
}

/**
 * What was read from files that belong together, such as a certificate and its key, and may be exchanged while it is in
 * use: all of it or nothing. Whoever uses it asks for the value each time, and keeps none.
 */
export class Material<Value> implements Followed {
  readonly name: string
  readonly files: readonly string[]
  readonly isSecret: boolean
  readonly #parse: MaterialOptions<Value>['parse']
  #value: Value
  #former: Value | undefined
  #usesFormer = false
  #renew: () => Promise<boolean> = () => Promise.resolve(false)

  constructor({ name, files, isSecret = true, parse }: MaterialOptions<Value>, value: Value) {
    this.name = name
    this.files = files
    this.isSecret = isSecret
    this.#parse = parse
    this.#value = value
  }

  get value(): Value {
    return this.#value
  }

  /** What it was before, until the other side has taken what it is now. */
  get former(): Value | undefined {
    return this.#former
  }

  /** Whether the other side takes only what it was before. */
  get usesFormer(): boolean {
    return this.#usesFormer
  }

  take(texts: readonly string[]): void {
    const next = this.#parse(texts)
    this.#former = this.#value
    this.#value = next
  }

  /** The other side has taken it as it is now, or as it was before. */
  note(taken: 'current' | 'former'): void {
    this.#usesFormer = taken === 'former'
    if (taken === 'current') this.#former = undefined
  }

  /** Looks into the files now; true where something else stands there than before. */
  renew(): Promise<boolean> {
    return this.#renew()
  }

  /** Called by who follows the files. */
  onRenew(renew: () => Promise<boolean>): void {
    this.#renew = renew
  }

  toJSON(): object {
    return { name: this.name, files: this.files }
  }
}
