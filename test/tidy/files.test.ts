import { existsSync } from 'node:fs'
import { basename, dirname, join, normalize } from 'node:path'
import { expect, test } from 'vitest'
import { listFiles, readText, root } from './sources.ts'

const LINES_MAX = 400
const files = listFiles()
const code = files.filter((path) => /\.(ts|tsx|js|sh)$/.test(path) || path === '.ci/run')
const prose = files.filter((path) => path.endsWith('.md'))
const texts = files.filter(
  (path) => /\.(ts|tsx|js|json|md|ya?ml|sh|css|html|java|tpl)$/.test(path) && path !== 'package-lock.json',
)

interface Finding {
  readonly path: string
  readonly line: number
  readonly text: string
}

/** Lines of the files that match, each as `path:line: text`. */
function findLines(
  paths: readonly string[],
  pattern: RegExp,
  prepare = (text: string, _path: string) => text,
): string[] {
  const found: Finding[] = paths.flatMap((path) =>
    prepare(readText(path), path)
      .split('\n')
      .map((text, index) => ({ path, line: index + 1, text: text.trim() }))
      .filter(({ text }) => pattern.test(text)),
  )
  return found.map(({ path, line, text }) => `${path}:${line}: ${text.slice(0, 120)}`)
}

/** Words in `code spans` and in names of other systems are theirs, not ours. */
function withoutQuotedNames(text: string, path: string): string {
  const ours = text.replaceAll('system:masters', '')
  return path.endsWith('.md') ? ours.replace(/`[^`\n]*`/g, '``') : ours
}

/** Code without strings, regular expressions and comments, line for line. */
function withoutStrings(text: string): string {
  const blank = (match: string) => match.replace(/[^\n]/g, ' ')
  return text
    .replace(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g, blank)
    .replace(/(?<=[(=,:>]\s*)\/(?![/*])(?:\[(?:[^\]\\\n]|\\.)*\]|[^/\\\n[]|\\.)+\/[a-z]*/g, blank)
    .replace(/\/\*[\s\S]*?\*\/|(?<![:/\\])\/\/[^\n]*/g, blank)
}

test('files of src, test and bin are kebab-case', () => {
  const named = code.filter((path) => /^(src|test|bin)\//.test(path))
  expect(named.filter((path) => !/^[a-z0-9]+([-.][a-z0-9]+)*$/.test(basename(path)))).toEqual([])
})

test(`no code file is longer than ${LINES_MAX} lines`, () => {
  expect(code.filter((path) => readText(path).trimEnd().split('\n').length > LINES_MAX)).toEqual([])
})

test('the two sides of a link are source and target', () => {
  const identifiers = /(?<![\w./-])(src|dst)\b(?!\/|=["{])|\b(src|dst)[A-Z]\w*|[a-z](Src|Dst)\b/
  const scripts = code.filter((path) => /\.(ts|tsx|js)$/.test(path))
  expect(findLines(scripts, identifiers, withoutStrings)).toEqual([])
})

test('regions are active or standby, and nothing else', () => {
  // The brackets keep this file from finding itself.
  const owners = /\b([m]aster|[s]lave)s?\b/i
  const ranks = /\b(primary|[s]econdary)[\s-](region|cluster)s?\b/i
  expect(findLines(texts, owners, withoutQuotedNames)).toEqual([])
  expect(findLines(texts, ranks, withoutQuotedNames)).toEqual([])
})

test('nothing is left to do later', () => {
  expect(findLines(texts, /\b(TO[D]O|FIX[M]E|X[X]X)\b/)).toEqual([])
})

test('no test is skipped or focused without a condition', () => {
  const tests = files.filter((path) => path.startsWith('test/') && path.endsWith('.ts'))
  expect(findLines(tests, /\b(it|test|describe|suite)(\.\w+)*\.(skip|only|todo)\b/)).toEqual([])
})

test('no path of a developer’s machine stands in the project', () => {
  const paths = /(?<![\w.$}/~-])\/(root|work|Users\/\w+|home\/(?!node\b)\w+)\/|[A-Z]:\\Users\\/
  expect(findLines(texts, paths)).toEqual([])
  const neighbours = texts.concat('.ci/run').filter((path) => path !== '.ci/run')
  expect(findLines(neighbours, /\.\.\/shared[/]tools/)).toEqual([])
})

test('the lock file names no registry', () => {
  expect(readText('package-lock.json')).not.toContain('"resolved"')
})

test('dependencies have exact versions', () => {
  const manifest = JSON.parse(readText('package.json')) as Record<string, Record<string, string> | undefined>
  const groups = ['dependencies', 'devDependencies', 'optionalDependencies']
  const versions = groups.flatMap((group) => Object.entries(manifest[group] ?? {}))
  expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([])
})

test('links between documents resolve', () => {
  expect(prose.flatMap(findBrokenLinks)).toEqual([])
})

function findBrokenLinks(path: string): string[] {
  const text = readText(path).replace(/```[\s\S]*?```/g, '')
  const targets = [...text.matchAll(/\]\(([^()\s]+)\)/g)].map(([, target = '']) => target)
  return targets
    .filter((target) => !/^[a-z]+:/.test(target))
    .filter((target) => !isLinkGood(path, target))
    .map((target) => `${path}: ${target}`)
}

function isLinkGood(from: string, target: string): boolean {
  const [file = '', anchor] = target.split('#')
  const path = file === '' ? from : normalize(join(dirname(from), file))
  if (!existsSync(join(root, path))) return false
  return anchor === undefined || !path.endsWith('.md') || headingAnchors(readText(path)).includes(anchor)
}

/** As GitHub makes them. */
function headingAnchors(text: string): string[] {
  const headings = [...text.matchAll(/^#+\s+(.*)$/gm)].map(([, heading = '']) => heading)
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-'),
  )
}
