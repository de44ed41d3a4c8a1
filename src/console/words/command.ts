/** A command of `isthmus` as it can be pasted into a shell: whatever is no plain word is quoted. Pure. */
export function commandOf(...parts: readonly (string | undefined)[]): string {
  return ['isthmus', ...parts.filter((part) => part !== undefined).map(quoteWord)].join(' ')
}

/** One word for a shell. Pure. */
export function quoteWord(part: string): string {
  return /^[\w@%+=:,./-]+$/.test(part) ? part : `'${part.replaceAll("'", `'\\''`)}'`
}
