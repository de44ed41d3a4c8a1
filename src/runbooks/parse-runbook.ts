import { type FencedBlock, parseBlock } from './parse-block.ts'
import { readHead } from './parse-head.ts'
import { paramsOfExpectation } from './parse-expectation.ts'
import { paramsIn } from './parse-words.ts'
import { Source } from './source.ts'
import { type Block, type Runbook, type Section, type SectionName, SECTIONS } from './runbook.ts'

/** One file. @throws `RUNBOOK_INVALID`, with file, line, the rule and the remedy */
export function parseRunbook(file: string, text: string): Runbook {
  const source = new Source(file, text)
  const head = readHead(source)
  const { title, sections, fences } = readBody(source)
  const blocks = fences.map((fence) => parseBlock(fence, (line, rule, remedy) => source.fail(line, rule, remedy)))
  const runbook = { ...head, title, sections, blocks, text }
  checkBlocks(runbook, source)
  return runbook
}

/** Title, sections, and every fenced block that says something in braces. */
function readBody(source: Source): { title: string; sections: Section[]; fences: FencedBlock[] } {
  const sections: Section[] = []
  const fences: FencedBlock[] = []
  let title = ''
  let open: { language: string; info: string | undefined; line: number; body: string[] } | undefined
  for (const [at, text] of source.lines.entries()) {
    const line = at + 1
    const fence = /^```(\w*)\s*(?:\{(.*)\})?\s*$/.exec(text)
    if (open !== undefined) {
      if (text === '```') {
        takeFence({ ...open, section: sections.at(-1)?.name }, fences, source)
        open = undefined
      } else open.body.push(text)
      continue
    }
    if (fence !== null) open = { language: fence[1] ?? '', info: fence[2], line, body: [] }
    else if (text.startsWith('# ')) title = text.slice(2)
    else if (text.startsWith('## ')) sections.push({ name: sectionName(text.slice(3), line, source), line })
  }
  if (open !== undefined) source.fail(open.line, 'the block does not end', 'close it with ```')
  checkOutline(title, sections, source)
  return { title, sections, fences }
}

function checkOutline(title: string, sections: readonly Section[], source: Source): void {
  if (title === '') source.fail(1, 'it has no title', 'add one after the front matter, as # Title')
  const missing = SECTIONS.find((name, at) => sections[at]?.name !== name)
  if (missing !== undefined || sections.length !== SECTIONS.length) {
    const line = sections[SECTIONS.indexOf(missing ?? 'Evidence')]?.line ?? source.lines.length
    source.fail(
      line,
      `the section ${missing ?? 'Evidence'} is not in its place`,
      `have ${SECTIONS.join(', ')}, in this order`,
    )
  }
}

function sectionName(name: string, line: number, source: Source): SectionName {
  const known = SECTIONS.find((one) => one === name)
  return known ?? source.fail(line, `${name} is no section`, `use ${SECTIONS.join(', ')}`)
}

interface OpenFence {
  readonly language: string
  readonly info: string | undefined
  readonly line: number
  readonly body: readonly string[]
  readonly section: SectionName | undefined
}

function takeFence({ language, info, line, body, section }: OpenFence, fences: FencedBlock[], source: Source): void {
  if (language === 'expect') {
    const last = fences.at(-1)
    const between = last === undefined ? ['?'] : source.lines.slice(last.endLine, line - 1)
    if (last === undefined || last.expect !== undefined || between.some((one) => one.trim() !== '')) {
      source.fail(line, 'it follows no block', 'put it right behind the block that it is about')
    }
    last.expect = { line, lines: body }
    return
  }
  if (info === undefined) {
    if (language === 'sh') source.fail(line, 'a block of commands says not what it is', 'write ```sh {id=… kind=check}')
    return
  }
  if (section === undefined) source.fail(line, 'it stands in no section', 'move it into one')
  fences.push({ info, line, endLine: line + body.length + 1, body, section, expect: undefined })
}

function checkBlocks({ blocks, params }: Runbook, source: Source): void {
  const known = new Set(Object.keys(params))
  const ids = new Set<string>()
  for (const block of blocks) {
    if (ids.has(block.id)) source.fail(block.line, `there are two blocks ${block.id}`, 'give each an id of its own')
    ids.add(block.id)
    for (const name of paramsOf(block)) {
      if (!known.has(name))
        source.fail(block.line, `$${name} is not known here`, 'declare it in params, or save it before')
    }
    for (const one of block.expectations) if (one.kind === 'save') known.add(one.name)
  }
}

/** Parameters that a block reads. */
export function paramsOf({ commands, text, expectations }: Block): string[] {
  const written = commands === undefined ? paramsIn(text) : commands.flat().flatMap(paramsIn)
  return [...written, ...expectations.flatMap(paramsOfExpectation)]
}
