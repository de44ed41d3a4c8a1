/**
 * A command line as words, as a shell would part it, and no more than that: quotes keep words together, `$name` stands
 * for a parameter, and everything else that a shell does is refused, because nothing here would do it.
 */
const WORD = /\s*((?:"[^"]*"|'[^']*'|[^\s"'])+)/y
const SHELL = /[`;&|<>()*?[\]{}~\\!#]|\$\(|\$\{/

/** The words, or a sentence about what cannot be one. */
export function parseWords(line: string): readonly string[] | string {
  const words: string[] = []
  WORD.lastIndex = 0
  for (let end = 0; end < line.trimEnd().length; end = WORD.lastIndex) {
    const word = WORD.exec(line)?.[1]
    if (word === undefined) return 'a quote is not closed'
    const bare = word.replaceAll(/"[^"]*"|'[^']*'/g, '')
    if (SHELL.test(bare)) return `${word} means something to a shell, and there is none`
    words.push(word.replaceAll(/"([^"]*)"|'([^']*)'/g, (_whole, one?: string, other?: string) => one ?? other ?? ''))
  }
  return words
}

const NAME = /\$([a-zA-Z]\w*)/g

/** Names of the parameters in a text. */
export function paramsIn(text: string): string[] {
  return [...text.matchAll(NAME)].map(([, name = '']) => name)
}

/** One word with its parameters filled in: it stays one word, whatever they hold. */
export function fillWord(word: string, valueOf: (name: string) => string): string {
  return word.replaceAll(NAME, (_whole, name: string) => valueOf(name))
}
