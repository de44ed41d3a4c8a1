/** A command of `isthmus` as it can be pasted into a shell: whatever is no plain word is quoted. Pure. */
export function commandOf(...parts: readonly (string | undefined)[]): string {
  return ['isthmus', ...parts.filter((part) => part !== undefined).map(quote)].join(' ')
}

function quote(part: string): string {
  return /^[\w@%+=:,./-]+$/.test(part) ? part : `'${part.replaceAll("'", `'\\''`)}'`
}
