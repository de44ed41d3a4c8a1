/** One setting of a file, where it stands, as its tool reads it. */
export interface Setting {
  readonly key: string
  readonly value: string
  /** From 1; null where the file has no lines of its own for it. */
  readonly line: number | null
}

/**
 * Reads a Java properties file as `java.util.Properties` does: comments, `=`, `:` or blanks behind the key, lines that
 * go on behind a backslash, escapes. Of keys that stand there twice the last one counts. Pure; nothing is refused.
 */
export function parseProperties(text: string): Setting[] {
  const settings = new Map<string, Setting>()
  for (const { content, line } of joinLines(text)) {
    const end = endOfKey(content)
    const key = unescape(content.slice(0, end))
    const value = content.slice(end).replace(/^[ \t\f]*[=:]?[ \t\f]*/, '')
    settings.set(key, { key, value: unescape(value).trimEnd(), line })
  }
  return [...settings.values()]
}

/** Of a login module in `sasl.jaas.config`: `username="isthmus"`, with either quotes. */
export function readJaasOption(jaas: string | undefined, name: string): string | undefined {
  const found = new RegExp(`\\b${name}\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|'([^']*)'|([^\\s;"']+))`).exec(jaas ?? '')
  return (found?.[1] ?? found?.[2] ?? found?.[3])?.replaceAll(/\\(.)/g, '$1')
}

interface Logical {
  readonly content: string
  readonly line: number
}

function joinLines(text: string): Logical[] {
  const joined: Logical[] = []
  let open: Logical | undefined
  for (const [index, raw] of text.split(/\r\n|\r|\n/).entries()) {
    const part = raw.replace(/^[ \t\f]+/, '')
    if (open === undefined && (part === '' || part.startsWith('#') || part.startsWith('!'))) continue
    const goesOn = /(?:^|[^\\])(?:\\\\)*\\$/.test(part)
    const content = (open?.content ?? '') + (goesOn ? part.slice(0, -1) : part)
    const line = open?.line ?? index + 1
    open = goesOn ? { content, line } : undefined
    if (!goesOn) joined.push({ content, line })
  }
  return open === undefined ? joined : [...joined, open]
}

function endOfKey(content: string): number {
  for (let at = 0; at < content.length; at++) {
    if (content[at] === '\\') at++
    else if (/[=: \t\f]/.test(content[at] ?? '')) return at
  }
  return content.length
}

const ESCAPES: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' }

function unescape(text: string): string {
  return text.replaceAll(/\\(?:u([0-9a-fA-F]{4})|([^]))/g, (_whole, unicode: string | undefined, one: string) => {
    return unicode === undefined ? (ESCAPES[one] ?? one) : String.fromCharCode(Number.parseInt(unicode, 16))
  })
}
