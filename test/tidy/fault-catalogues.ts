import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { FaultCatalogue } from '../../src/core/index.ts'
import { listFiles, readText, root } from './sources.ts'

export interface RoomFaults {
  /** File that declares the catalogue, relative to the checkout. */
  readonly path: string
  readonly specs: FaultCatalogue<string>['specs']
}

/** Every catalogue of src/. A file that declares one and exports none is an error: nothing could check it. */
export async function loadCatalogues(): Promise<RoomFaults[]> {
  const declaring = listFiles('src').filter(
    (path) => path.endsWith('.ts') && !path.startsWith('src/core/') && /\bdefineFaults\(/.test(readText(path)),
  )
  const loaded = await Promise.all(declaring.map(loadCatalogue))
  return loaded.flat()
}

async function loadCatalogue(path: string): Promise<RoomFaults[]> {
  const module = (await import(pathToFileURL(join(root, path)).href)) as Record<string, unknown>
  const catalogues = Object.values(module).filter(isCatalogue)
  if (catalogues.length === 0) throw new Error(`${path} declares faults and exports no catalogue`)
  return catalogues.map(({ specs }) => ({ path, specs }))
}

function isCatalogue(value: unknown): value is FaultCatalogue<string> {
  return typeof value === 'object' && value !== null && 'specs' in value && 'fault' in value
}

/** The page of all faults: a heading a room, and below it a heading a code, so that a code can be linked to. */
export function renderFaultsPage(catalogues: readonly RoomFaults[]): string {
  const byRoom = Map.groupBy(catalogues, ({ path }) => path.split('/')[1] ?? '')
  const sections = [...byRoom].sort(([left], [right]) => left.localeCompare(right)).map(renderRoom)
  return `${[INTRODUCTION, ...sections].join('\n\n')}\n`
}

const INTRODUCTION = `# Faults

Every error that Isthmus raises by itself has a code from this list, in its logs, its API answers (\`code\`) and its
command line. A code never changes its meaning. Words in braces are facts that the message carries. A retriable fault
may go away without anybody doing anything; any other needs its remedy.

This page is made from the catalogues in the sources: \`UPDATE=1 npx vitest run --project tidy\`.`

function renderRoom([room, catalogues]: [string, readonly RoomFaults[]]): string {
  const faults = catalogues
    .flatMap(({ specs }) => Object.entries(specs))
    .sort(([left], [right]) => left.localeCompare(right))
    .map(([code, spec]) => {
      const facts = `${spec.retriable ? 'Retriable' : 'Not retriable'}; HTTP status ${spec.status}.`
      return `### ${code}\n\n${quote(spec.message)}\n\nRemedy: ${quote(spec.remedy)}\n\n${facts}`
    })
  return [`## ${room}`, ...faults].join('\n\n')
}

/** As code, so that no character of a template is read as Markdown; messages may have several lines. */
function quote(template: string): string {
  return `\`${template.replace(/\s+/g, ' ').trim().replaceAll('`', "'")}\``
}
