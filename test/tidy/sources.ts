import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Folder of the checkout. */
export const root = fileURLToPath(new URL('../..', import.meta.url))

const IGNORED = new Set(['node_modules', '.git', 'coverage', 'dist', 'data', '.DS_Store'])

/** Paths of all files below a folder, relative to the checkout, without what git ignores. */
export function listFiles(folder = ''): string[] {
  if (!existsSync(join(root, folder))) return []
  return readdirSync(join(root, folder), { withFileTypes: true })
    .filter((entry) => !IGNORED.has(entry.name) && !entry.name.endsWith('.log'))
    .flatMap((entry) => {
      const path = join(folder, entry.name)
      return entry.isDirectory() ? listFiles(path) : [path]
    })
    .sort()
}

export function readText(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

export interface Import {
  /** As written. */
  readonly specifier: string
  /** Path relative to the checkout, for a relative specifier. */
  readonly path: string | undefined
  readonly typesOnly: boolean
}

const STATEMENT = /^[ \t]*(import|export)\b(?!\s*\()([^'";]*?)from\s*['"]([^'"]+)['"]/gm
const BARE = /^[ \t]*import\s*['"]([^'"]+)['"]/gm
const CALL = /\bimport\(\s*['"]([^'"]+)['"]/g

/** Every import of a file: static, re-exported, dynamic, and `import('…')` in types. */
export function listImports(path: string, text = readText(path)): Import[] {
  const found: Array<{ specifier: string; typesOnly: boolean }> = []
  for (const [, , clause = '', specifier = ''] of text.matchAll(STATEMENT)) {
    found.push({ specifier, typesOnly: isTypesOnly(clause) })
  }
  for (const pattern of [BARE, CALL]) {
    for (const [, specifier = ''] of text.matchAll(pattern)) found.push({ specifier, typesOnly: false })
  }
  return found.map(({ specifier, typesOnly }) => ({ specifier, typesOnly, path: resolveRelative(path, specifier) }))
}

function isTypesOnly(clause: string): boolean {
  if (/^\s*type\b/.test(clause)) return true
  const names = /^\s*\{([^}]*)\}\s*$/.exec(clause)?.[1]
  if (names === undefined) return false
  const listed = names.split(',').filter((name) => name.trim() !== '')
  return listed.every((name) => /^\s*type\s/.test(name))
}

function resolveRelative(from: string, specifier: string): string | undefined {
  return specifier.startsWith('.') ? normalize(join(dirname(from), specifier)) : undefined
}
