import { parseExpectation } from './parse-expectation.ts'
import { parseWords } from './parse-words.ts'
import { type Block, type BlockKind, KINDS, type SectionName } from './runbook.ts'

/** A fenced block as it stands in the file, with the `expect` behind it. */
export interface FencedBlock {
  /** What stands in braces. */
  readonly info: string
  readonly line: number
  readonly endLine: number
  readonly body: readonly string[]
  readonly section: SectionName
  expect: { readonly line: number; readonly lines: readonly string[] } | undefined
}

type Fail = (line: number, rule: string, remedy: string) => never

const KEYS = ['id', 'kind', 'within', 'optional']
const WITHIN_SECONDS = 60
/** Where something may be changed. */
const ACTING: readonly SectionName[] = ['Act', 'Roll back']

export function parseBlock(fence: FencedBlock, fail: Fail): Block {
  const { id, kind, withinMs, isOptional } = parseInfo(fence, fail)
  const { line, section, body } = fence
  const text = body.join('\n').trim()
  const expectations = (fence.expect?.lines ?? []).flatMap((one, at) => {
    if (one.trim() === '') return []
    const at1 = (fence.expect?.line ?? line) + at + 1
    const parsed = parseExpectation(one.trim(), at1)
    return [typeof parsed === 'string' ? fail(at1, parsed, 'see CONTRIBUTING.md for what may be expected') : parsed]
  })
  if (text === '') fail(line, `the block ${id} is empty`, 'write a command, or the question')
  if (kind === 'act' && !ACTING.includes(section)) fail(line, `${id} acts in ${section}`, 'move it to Act or Roll back')
  const base = { id, kind, section, line, text, isOptional, withinMs }
  if (kind === 'observe') {
    if (fence.expect !== undefined) fail(fence.expect.line, `${id} asks a person`, 'leave out what is expected')
    return { ...base, commands: undefined, expectations }
  }
  if (expectations.length === 0) fail(line, `nothing is expected of ${id}`, 'add an expect block, with exit 0 at least')
  const commands = parseCommands(text, (rule) => fail(line, `${id}: ${rule}`, 'write one command a line, plainly'))
  if (commands === undefined && kind !== 'act') {
    fail(line, `${id} looks by a shell`, 'use commands of isthmus: only of those it is known that they change nothing')
  }
  return { ...base, commands, expectations }
}

/** Undefined where some line is not of Isthmus: then a shell runs all of them. */
function parseCommands(text: string, fail: (rule: string) => never): readonly (readonly string[])[] | undefined {
  const lines = text
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '')
  if (lines.some((line) => !/^isthmus\s/.test(line))) return undefined
  return lines.map((line) => {
    const words = parseWords(line)
    return typeof words === 'string' ? fail(words) : words.slice(1)
  })
}

function parseInfo({ info, line }: FencedBlock, fail: Fail) {
  const pairs = info
    .trim()
    .split(/\s+/)
    .map((word) => {
      const [key = '', value = 'yes'] = word.split('=')
      if (!KEYS.includes(key)) fail(line, `${key} says nothing about a block`, `use ${KEYS.join(', ')}`)
      return [key, value] as const
    })
  const { id = '', kind = '', within = `${WITHIN_SECONDS}s`, optional } = Object.fromEntries(pairs)
  if (!/^[a-z][a-z0-9-]*$/.test(id)) fail(line, 'the block has no id', 'add one, such as id=lag')
  if (!isKind(kind)) return fail(line, `${kind || 'no kind'} is no kind of block`, `use ${KINDS.join(', ')}`)
  const seconds = /^(\d+)s$/.exec(within)?.[1]
  if (seconds === undefined) return fail(line, `within is no time: ${within}`, 'write it as within=60s')
  return { id, kind, withinMs: Number(seconds) * 1_000, isOptional: optional !== undefined }
}

function isKind(text: string): text is BlockKind {
  return KINDS.some((kind) => kind === text)
}
