/**
 * JSON with sorted keys and no spaces, so that equal values are equal texts (RFC 8785, for what JSON.stringify writes).
 */
export function canonicalJson(value: unknown): string {
  return write(JSON.parse(JSON.stringify(value)) as unknown)
}

/** By hand: an object made of sorted keys would still list those that look like numbers first. */
function write(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(write).join(',')}]`
  const entries = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1))
  return `{${entries.map(([key, part]) => `${JSON.stringify(key)}:${write(part)}`).join(',')}}`
}
