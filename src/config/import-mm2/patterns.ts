/**
 * From an entry of a MirrorMaker 2 list, a regular expression of Java that has to match the whole name, to an entry of a
 * selection. A literal stays one, `.*` becomes the glob `*`, and everything else stays an expression between slashes that
 * takes the same names. What only Java understands is refused: nothing is guessed. Pure.
 */
export type Translated = { readonly entry: string } | { readonly trouble: string }

/** Letters and digits stand for themselves; a point does so behind a backslash. */
const GLOB = /^(?:[A-Za-z0-9_-]|\\[.\-_]|\.\*)+$/

const ONLY_JAVA: readonly (readonly [RegExp, string])[] = [
  [/\(\?[a-zA-Z-]+\)/, 'flags in the middle of it'],
  [/[*+?}]\+/, 'possessive quantifiers'],
  [/\(\?>/, 'atomic groups'],
  [/\\[QE]/, 'quotes'],
  [/\\[AZzGhHRXvVK]/, 'anchors and classes of Java'],
  [/\\[pP]\{/, 'classes of Unicode'],
  [/\[[^\]]*(?:&&|\[)/, 'classes within classes'],
]

export function translatePattern(entry: string): Translated {
  if (GLOB.test(entry)) return { entry: entry.replaceAll(/\.\*/g, '*').replaceAll(/\\(.)/g, '$1') }
  const java = ONLY_JAVA.find(([pattern]) => pattern.test(entry))
  if (java !== undefined) return { trouble: `it has ${java[1]}, which only Java has` }
  const mistake = explainMistake(entry)
  if (mistake !== undefined) return { trouble: mistake }
  // A selection takes an expression that anchors itself as it is written; here it has to match the whole name.
  const isAnchored = entry.startsWith('^') || entry.endsWith('$')
  return { entry: isAnchored ? `/(?:${entry})/` : `/${entry}/` }
}

function explainMistake(entry: string): string | undefined {
  try {
    return new RegExp(entry, 's').source === '' ? 'it is empty' : undefined
  } catch (error) {
    return (error as Error).message
  }
}
