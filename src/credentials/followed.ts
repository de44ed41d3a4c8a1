/** Files that belong together, such as a certificate and its key. */
export interface Followed {
  /** How operators are told of it, such as `regions.eu-west.sasl`. Of all that are followed, each its own. */
  readonly name: string
  readonly files: readonly string[]
  /** Whether a guess at what is in them could be right. @defaultValue false */
  readonly isSecret?: boolean
  /** Takes the texts, in the order of the files; what it throws is told, and what it took before stays. */
  take(texts: readonly string[]): void
  /** They could not be read, or not be taken, and what was taken before is not to go on. */
  drop?(): void
}
