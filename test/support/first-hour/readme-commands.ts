/** What a newcomer would change: addresses. Files stand where the page has them. */
export type Changes = Readonly<Record<string, string>>

/**
 * The `sh` blocks of one section of a page, in their order, with what a newcomer would change. Each of the changes has to
 * be there, so that a page that says something else now is noticed. Pure.
 */
export function readCommands(page: string, heading: string, changes: Changes): string[] {
  const from = page.indexOf(`\n${heading}\n`)
  if (from < 0) throw new Error(`the page has no ${heading}`)
  const end = page.indexOf('\n## ', from + heading.length)
  const section = page.slice(from, end < 0 ? undefined : end)
  const blocks = [...section.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = '']) => block)
  const missing = Object.keys(changes).filter((text) => !blocks.some((block) => block.includes(text)))
  if (missing.length > 0) throw new Error(`the commands of ${heading} have no ${missing.join(', ')}`)
  return blocks.map((block) => Object.entries(changes).reduce((all, [text, own]) => all.replaceAll(text, own), block))
}
