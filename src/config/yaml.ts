import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'
import type { Path } from './problems.ts'

export interface ParsedYaml {
  readonly value: unknown
  /** Mistakes of the YAML itself; the value is undefined then. */
  readonly mistakes: readonly { readonly line: number | null; readonly message: string }[]
  /** Line of the key or item at the path, or of its nearest ancestor that exists. */
  lineOf(path: Path): number | null
}

/** YAML 1.2, core schema: no tags that make objects, keys unique, aliases bounded. */
export function parseYaml(text: string): ParsedYaml {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false })
  const lineAt = (offset: number) => lines.linePos(offset).line
  const mistakes = document.errors.map((error) => ({ line: lineAt(error.pos[0]), message: error.message }))
  const lineOf = (path: Path) => {
    const offset = offsetOf(document, path)
    return offset === null ? null : lineAt(offset)
  }
  if (mistakes.length > 0) return { value: undefined, mistakes, lineOf }
  try {
    return { value: document.toJS({ maxAliasCount: 100 }), mistakes, lineOf }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return { value: undefined, mistakes: [{ line: null, message }], lineOf }
  }
}

function offsetOf(document: Document, path: Path): number | null {
  let node: unknown = document.contents
  let offset: number | null = null
  for (const part of path) {
    if (isAlias(node)) node = node.resolve(document)
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(part))
      if (pair === undefined) break
      offset = startOf(pair.key) ?? offset
      node = pair.value
    } else if (isSeq(node)) {
      node = node.items[Number(part)]
      offset = startOf(node) ?? offset
    } else {
      break
    }
  }
  return offset
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0]
}
