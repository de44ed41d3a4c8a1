import { packageHomes, rooms } from './rooms.ts'

/**
 * The overrides of .oxlintrc.json that enforce the table of rooms in editors. The layout test knows more (root files,
 * folders inside a room, type imports inside a mixed clause), but says so only when it runs.
 */
export interface LintOverride {
  readonly files: readonly string[]
  readonly rules: { readonly 'no-restricted-imports': readonly ['error', { readonly patterns: readonly Pattern[] }] }
}

interface Pattern {
  readonly group: readonly string[]
  readonly message: string
  readonly allowTypeImports?: boolean
}

/** The rule that marks an override as made by this file. */
export const RULE = 'no-restricted-imports'

/** In the order of precedence: a later override replaces the rule of an earlier one for the same file. */
export function makeLintOverrides(): LintOverride[] {
  const places = [...Object.keys(rooms), ...nestedHomes()].sort()
  return places.map((place) => ({
    files: [`src/${place}/**`],
    rules: { [RULE]: ['error', { patterns: [...roomPatterns(place), ...packagePatterns(place)] }] },
  }))
}

/** Folders inside a room that may use a package which the rest of the room may not. */
function nestedHomes(): string[] {
  return [...new Set(Object.values(packageHomes).flat())].filter((home) => !(home in rooms))
}

function roomPatterns(place: string): Pattern[] {
  const room = place in rooms ? place : (place.split('/')[0] ?? place)
  const { imports = [], typesOnly = [] } = rooms[room] ?? {}
  const others = Object.keys(rooms).filter((name) => name !== room && !isParentOf(name, room))
  const faces = imports.length === 0 ? [] : [`!**/{${imports.join()}}/index.ts`]
  const may = imports.length === 0 ? 'no room' : `only the faces (index.ts) of ${imports.join(', ')}`
  const bound = typesOnly.length === 0 ? [] : [`**/{${typesOnly.join()}}/index.ts`]
  return [
    { group: [`**/{${others.join()}}/**`, ...faces], message: `${room} may import ${may}` },
    ...(bound.length === 0 ? [] : [{ group: bound, message: 'only types may come from here', allowTypeImports: true }]),
  ]
}

function packagePatterns(place: string): Pattern[] {
  const foreign = Object.entries(packageHomes).filter(
    ([, homes]) => !homes.some((home) => place === home || isParentOf(home, place)),
  )
  return [{ group: [`{${foreign.map(([name]) => name).join()}}`], message: 'this package belongs to another room' }]
}

function isParentOf(parent: string, child: string): boolean {
  return child.startsWith(`${parent}/`)
}
