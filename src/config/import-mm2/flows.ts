import { type Difference, differenceOf, listOf, type MirrorFlow, type Mistake, valueOf } from './plan.ts'
import { translatePattern } from './patterns.ts'
import type { Setting } from './properties.ts'

/** A link, as it stands in a configuration. */
export interface ImportedLink {
  readonly name: string
  readonly source: string
  readonly target: string
  readonly topics: ImportedSelection
  readonly consumerGroups?: ImportedSelection
  readonly rename?: string
  readonly start?: 'latest'
  readonly policies: { readonly existingTarget: 'adopt' }
}

interface ImportedSelection {
  readonly include: readonly string[]
  readonly exclude?: readonly string[]
}

export interface LinkFound {
  readonly link: ImportedLink
  readonly differences: readonly Difference[]
  readonly mistakes: readonly Mistake[]
}

/** Defaults of MirrorMaker 2, since 3.0. Topics that Kafka keeps for itself are left out anyway. */
const DEFAULTS = {
  topics: '.*',
  'topics.exclude': 'mm2.*\\.internal, .*\\.replica, __.*',
  groups: '.*',
  'groups.exclude': 'console-consumer-.*, connect-.*, __.*',
} as const
const IDENTITY = /(?:^|\.)IdentityReplicationPolicy$/
const DEFAULT = /(?:^|\.)DefaultReplicationPolicy$/

/**
 * A flow as a link. The copies that are there already are adopted: their records are compared with the source one by
 * one, and what is not the source's stops the flow. Pure.
 */
export function findLink(flow: MirrorFlow, regions: ReadonlyMap<string, string>): LinkFound {
  const context = { differences: [] as Difference[], mistakes: [] as Mistake[] }
  const [source = flow.source, target = flow.target] = [regions.get(flow.source), regions.get(flow.target)]
  const naming = findNaming(flow, source, context)
  const topics = findSelection(flow, 'topics', context)
  const groups = findSelection(flow, 'groups', context)
  const comesBack = naming.isPrefixed ? [`${flow.target}${naming.separator}*`] : []
  if (comesBack.length > 0) {
    const isthmus = `${comesBack.join()} is left out: these are copies of ${flow.target}, which MirrorMaker 2 does not send back either`
    context.differences.push(differenceOf('same', `${flow.source}->${flow.target}`, { isthmus }))
  }
  const consumerGroups = findGroups(flow, groups, context)
  const start = findStart(flow, context)
  const link: ImportedLink = {
    name: `${source}-to-${target}`.slice(0, 63).replace(/-$/, ''),
    source,
    target,
    topics: withExclude(topics.include, [...topics.exclude, ...comesBack]),
    ...(consumerGroups !== undefined && { consumerGroups }),
    ...(naming.rename !== undefined && { rename: naming.rename }),
    ...(start !== undefined && { start }),
    policies: { existingTarget: 'adopt' },
  }
  return { link, ...context }
}

interface Context {
  readonly differences: Difference[]
  readonly mistakes: Mistake[]
}

interface Naming {
  readonly rename: string | undefined
  readonly isPrefixed: boolean
  readonly separator: string
}

function findNaming({ source: alias, settings }: MirrorFlow, region: string, { mistakes }: Context): Naming {
  const policy = settings.get('replication.policy.class')
  const name = policy?.value.trim() ?? ''
  const separator = valueOf(settings, 'replication.policy.separator') ?? '.'
  if (IDENTITY.test(name)) return { rename: undefined, isPrefixed: false, separator }
  const prefix = alias === region ? '{source}' : alias
  const rename = `${prefix}${separator}{topic}`
  if (policy !== undefined && name !== '' && !DEFAULT.test(name)) {
    const remedy =
      'write the name of the Default or IdentityReplicationPolicy, whichever names topics alike, and check `rename`'
    mistakes.push({ key: policy.key, line: policy.line, rule: `what ${name} names topics is not known`, remedy })
  }
  if (!/^[A-Za-z0-9._-]+$/.test(separator)) {
    const { key = 'replication.policy.separator', line = null } = settings.get('replication.policy.separator') ?? {}
    mistakes.push({
      key,
      line,
      rule: 'no topic can have this in its name',
      remedy: 'use letters, digits, ".", "_" or "-"',
    })
  }
  return { rename, isPrefixed: true, separator }
}

interface Found {
  readonly include: readonly string[]
  readonly exclude: readonly string[]
}

function findSelection({ settings }: MirrorFlow, what: 'topics' | 'groups', { mistakes }: Context): Found {
  const taken = settings.get(what)
  const left = settings.get(`${what}.exclude`) ?? settings.get(`${what}.blacklist`)
  const translate = (setting: Setting | undefined, text: string) =>
    listOf(text).flatMap((entry) => {
      const translated = translatePattern(entry)
      if ('entry' in translated) return [translated.entry]
      const { key, line } = setting ?? { key: what, line: null }
      const remedy = 'write the names, or an expression that both understand'
      mistakes.push({ key, line, rule: `${entry} cannot be taken over: ${translated.trouble}`, remedy })
      return []
    })
  return {
    include: translate(taken, taken?.value ?? DEFAULTS[what]),
    exclude: translate(left, left?.value ?? DEFAULTS[`${what}.exclude`]),
  }
}

/** MirrorMaker 2 keeps no positions in step by itself; a link does for the groups that it names. */
function findGroups({ settings }: MirrorFlow, { include, exclude }: Found, { differences }: Context) {
  const setting = settings.get('sync.group.offsets.enabled')
  const isSynced = setting?.value.trim().toLowerCase() === 'true'
  if (isSynced) {
    const isthmus = 'positions follow within a second, exactly, and never over those of a group that has members there'
    differences.push(differenceOf('same', setting ?? 'sync.group.offsets.enabled', { isthmus }))
    return include.length === 0 ? undefined : withExclude(include, exclude)
  }
  differences.push(
    differenceOf('decide', setting ?? 'sync.group.offsets.enabled', {
      isthmus: 'no positions are written to the target, as before',
      todo: 'add consumerGroups to the link to have them kept in step, exactly: consumers then go on there by themselves',
    }),
  )
  return undefined
}

const RESETS = [
  'consumer.auto.offset.reset',
  'source.consumer.auto.offset.reset',
  'source.cluster.consumer.auto.offset.reset',
]

function findStart({ settings }: MirrorFlow, { differences }: Context): 'latest' | undefined {
  const setting = RESETS.map((name) => settings.get(name)).find((one) => one !== undefined)
  if (setting?.value.trim().toLowerCase() !== 'latest') return undefined
  const isthmus =
    'start: latest holds for topics that are there at the first start; later ones are copied from their beginning'
  differences.push(differenceOf('differs', setting, { isthmus }))
  return 'latest'
}

function withExclude(include: readonly string[], exclude: readonly string[]): ImportedSelection {
  const one = (entries: readonly string[]) => [...new Set(entries)]
  return { include: one(include), ...(exclude.length > 0 && { exclude: one(exclude) }) }
}
