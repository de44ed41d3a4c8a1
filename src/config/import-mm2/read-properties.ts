import { type MirrorCluster, type MirrorFlow, type MirrorPlan, type Mistake, listOf, type Settings } from './plan.ts'
import { parseProperties, type Setting } from './properties.ts'

/**
 * A properties file of dedicated MirrorMaker 2. A flow takes `A->B.key` before `key`, a cluster `A.key` before `key`, as
 * `MirrorMakerConfig` does; a flow runs where `A->B.enabled` is true and nowhere else.
 */
export function readPropertiesPlan(text: string): MirrorPlan | readonly Mistake[] {
  const all = parseProperties(text)
  const named = all.find(({ key }) => key === 'clusters')
  const aliases = listOf(named?.value ?? '')
  if (named === undefined || aliases.length < 2) {
    const rule = named === undefined ? 'missing' : 'fewer than two clusters'
    const remedy = 'give the properties file that connect-mirror-maker.sh is started with; it has clusters = A, B'
    return [{ key: 'clusters', line: named?.line ?? null, rule, remedy }]
  }
  const isOfFlow = ({ key }: Setting) => key.includes('->')
  const owner = ({ key }: Setting) => longest(aliases.filter((alias) => key.startsWith(`${alias}.`)))
  const ofNobody = all.filter((one) => !isOfFlow(one) && owner(one) === undefined && one.key !== 'clusters')
  const clusters = aliases.map((alias): MirrorCluster => {
    const own = all.filter((one) => !isOfFlow(one) && owner(one) === alias)
    return { alias, settings: overlay(ofNobody, stripped(own, `${alias}.`)) }
  })
  const mistakes = all.flatMap((one) => findStray(one, aliases))
  if (mistakes.length > 0) return mistakes
  return { clusters, flows: flowsOf(all, aliases, ofNobody), rest: ofNobody }
}

function flowsOf(all: readonly Setting[], aliases: readonly string[], inherited: readonly Setting[]): MirrorFlow[] {
  const pairs = aliases.flatMap((source) =>
    aliases.filter((one) => one !== source).map((target) => ({ source, target })),
  )
  return pairs.flatMap(({ source, target }) => {
    const prefix = `${source}->${target}.`
    const own = stripped(
      all.filter(({ key }) => key.startsWith(prefix)),
      prefix,
    )
    const isEnabled = own.get('enabled')?.value.trim().toLowerCase() === 'true'
    return isEnabled ? [{ source, target, settings: overlay(inherited, own) }] : []
  })
}

/** A flow between clusters that are not named is never run, and nobody says so. */
function findStray({ key, line }: Setting, aliases: readonly string[]): Mistake[] {
  const [, source = '', target = ''] = /^(.+?)->([^.]+)\./.exec(key) ?? []
  if (source === '' && !key.includes('->')) return []
  if (aliases.includes(source) && aliases.some((alias) => key.startsWith(`${source}->${alias}.`))) return []
  const unknown = aliases.includes(source) ? target : source
  const remedy = `name it in clusters, or remove the line; there are ${aliases.join(', ')}`
  return [{ key, line, rule: `cluster ${unknown === '' ? key : unknown} is not one of clusters`, remedy }]
}

function overlay(below: readonly Setting[], above: Settings): Settings {
  return new Map([...below.map((one) => [one.key, one] as const), ...above])
}

/** By their names without the prefix; each keeps its key. */
function stripped(settings: readonly Setting[], prefix: string): Settings {
  return new Map(settings.map((one) => [one.key.slice(prefix.length), one]))
}

/** Aliases may begin alike: `us` and `us.east`. */
function longest(names: readonly string[]): string | undefined {
  return names.toSorted((one, other) => other.length - one.length)[0]
}
