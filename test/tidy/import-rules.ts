import { type Import, listImports } from './sources.ts'
import { ioBuiltins, packageHomes, rooms, rootModules } from './rooms.ts'

/** Launchers that a room may use: they have to work before anything is installed, so they stand in bin/. */
const OUTSIDE_SRC: Readonly<Record<string, readonly string[]>> = { local: ['bin/prerequisites.js'] }

/** The room of a file of src/; undefined for the root modules. */
export function roomOf(path: string): string | undefined {
  const [, first = '', second = ''] = path.split('/')
  if (rootModules.includes(first)) return undefined
  const nested = `${first}/${second}`
  return nested in rooms ? nested : first
}

/** One sentence for every import of the file that the table forbids. */
export function findForbiddenImports(path: string, imports: readonly Import[] = listImports(path)): string[] {
  return imports.flatMap((it) => {
    const problem =
      it.path === undefined ? checkPackage(path, it.specifier) : checkRelative(path, it.path, it.typesOnly)
    return problem === undefined ? [] : [`${path}: ${it.specifier}: ${problem}`]
  })
}

function checkRelative(from: string, to: string, typesOnly: boolean): string | undefined {
  const room = roomOf(from)
  if (!to.startsWith('src/')) {
    return (OUTSIDE_SRC[room ?? ''] ?? []).includes(to) ? undefined : 'is outside src/'
  }
  const target = roomOf(to)
  if (room === target) return undefined
  if (target === undefined) return 'is a root file; nobody imports those'
  const isFace = to === `src/${target}/index.ts`
  // Checking a configuration must not load the rooms it configures.
  const isOptions = room === undefined && to === `src/${target}/options.ts`
  if (!isFace && !isOptions) return `is inside ${target}; import its face, src/${target}/index.ts`
  const rule = room === undefined ? undefined : rooms[room]
  if (rule === undefined) return undefined
  if (!rule.imports.includes(target)) return `${room} may not import ${target}`
  if (rule.typesOnly?.includes(target) === true && !typesOnly) return `${room} may import only types from ${target}`
  return undefined
}

function checkPackage(from: string, specifier: string): string | undefined {
  const place = from.slice('src/'.length)
  if (place.startsWith('core/') && ioBuiltins.some((name) => isBuiltin(specifier, name))) return 'core does no I/O'
  const entry = Object.entries(packageHomes).find(([name]) => isPackage(specifier, name))
  if (entry === undefined || entry[1].some((home) => place.startsWith(`${home}/`))) return undefined
  return `belongs to ${entry[1].join(' and ')}`
}

function isBuiltin(specifier: string, name: string): boolean {
  return [name, `node:${name}`].some((it) => specifier === it || specifier.startsWith(`${it}/`))
}

function isPackage(specifier: string, name: string): boolean {
  if (name.endsWith('/*')) return specifier.startsWith(name.slice(0, -1))
  return specifier === name || specifier.startsWith(`${name}/`)
}

/** Files that import each other in a circle, each circle once; type imports count. */
export function findCycles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const cycles: string[][] = []
  const done = new Set<string>()
  const visit = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path)
    if (at >= 0) cycles.push([...trail.slice(at), path])
    if (at >= 0 || done.has(path)) return
    for (const next of graph.get(path) ?? []) visit(next, [...trail, path])
    done.add(path)
  }
  for (const path of graph.keys()) visit(path, [])
  return cycles
}
