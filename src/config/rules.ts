import { parseListen } from '../api/index.ts'
import { isFault } from '../core/index.ts'
import { CANARY_PREFIX, compileGroupSelection, compileSelection, compileTransform } from '../replication/index.ts'
import { checkDrills } from './drills.ts'
import { checkClientProviders } from './client-rules.ts'
import { checkAutomatic } from './automatic-rules.ts'
import { checkApi } from './api.ts'
import { checkGroups } from './group-rules.ts'
import { checkHealth } from './health-rules.ts'
import { checkNotifications } from './notifications.ts'
import { type PlacedLink, written } from './links.ts'
import { findOverlap } from './patterns.ts'
import { checkSasl } from './sasl-rules.ts'
import { checkAuthority, checkTls } from './credential-rules.ts'
import { closest, formatPath, type Path, type ProblemCollector } from './problems.ts'
import type { Entry, UsableConfig } from './validate.ts'

/** Every rule that a schema cannot state: names that must agree, links that must not meet, addresses. */
export function checkRules(file: UsableConfig, links: readonly PlacedLink[], problems: ProblemCollector): void {
  checkUnique('regions', file.regions, problems)
  checkUnique('failoverGroups', file.failoverGroups, problems)
  checkRegions(file, problems)
  checkReferences(file, problems)
  checkPatterns(file, problems)
  checkTransforms(file, problems)
  checkGroups(file, links, problems)
  checkClientProviders(file, problems)
  checkAutomatic(file, problems)
  checkDrills(file, problems)
  checkLinks(links, problems)
  checkHealth(file, problems)
  checkUnique('notifications', file.notifications, problems)
  checkNotifications(file, problems)
  checkAuthority(file.authority, problems)
  checkApi(file.api, problems)
}

function checkUnique(list: string, entries: readonly Entry<{ name: string }>[], problems: ProblemCollector): void {
  const seen = new Map<string, number>()
  for (const { at, entry } of entries) {
    const { name } = entry
    const first = seen.get(name)
    if (first === undefined) seen.set(name, at)
    else problems.error([list, at, 'name'], `"${name}" is already ${list}[${first}]`, 'give each its own name')
  }
}

function checkRegions(file: UsableConfig, problems: ProblemCollector): void {
  for (const { at, entry: region } of file.regions) {
    const path: Path = ['regions', at]
    for (const [address, text] of region.bootstrap.entries()) {
      if (parseListen(text) === undefined) {
        problems.error([...path, 'bootstrap', address], `"${text}" has no valid port`, 'use a port from 1 to 65535')
      }
    }
    const { tls, sasl } = region
    checkTls(tls, [...path, 'tls'], problems)
    checkSasl(sasl, [...path, 'sasl'], tls !== undefined, problems)
    checkCanary(region, [...path, 'canary'], problems)
  }
}

type RegionFile = UsableConfig['regions'][number]['entry']

/** A canary proves something only as somebody else than Isthmus, and under a name that ACLs know. */
function checkCanary({ canary, sasl, tls }: RegionFile, path: Path, problems: ProblemCollector): void {
  if (canary === undefined) return
  checkSasl(canary.sasl, [...path, 'sasl'], tls !== undefined, problems)
  for (const [at, text] of (canary.bootstrap ?? []).entries()) {
    if (parseListen(text) !== undefined) continue
    problems.error([...path, 'bootstrap', at], `"${text}" has no valid port`, 'use a port from 1 to 65535')
  }
  if (canary.sasl === undefined && canary.tls === undefined) {
    problems.error(path, 'it has no credentials of its own', 'give it sasl, or tls with a client certificate')
  } else if (canary.sasl?.username === undefined && canary.principal === undefined) {
    const remedy = 'add principal: as the brokers name the certificate, such as User:CN=canary'
    problems.error([...path, 'principal'], 'the principal of a certificate or a token is not known here', remedy)
  }
  if (canary.tls !== undefined && tls === undefined) {
    problems.error([...path, 'tls'], 'the region is reached without TLS', 'add tls to the region, or use sasl here')
  }
  if (canary.sasl?.username !== undefined && canary.sasl.username === sasl?.username) {
    problems.error([...path, 'sasl', 'username'], 'it is Isthmus itself', 'use the credentials of an application')
  }
}

function checkReferences(file: UsableConfig, problems: ProblemCollector): void {
  const names = file.regionNames
  const check = (path: Path, name: string) => {
    if (names.includes(name)) return
    const meant = closest(name, names)
    const remedy = meant === undefined ? `use one of ${names.join(', ')}` : `did you mean ${meant}?`
    problems.error(path, `"${name}" is not a region of this file`, remedy)
  }
  for (const { at, entry: group } of file.failoverGroups) {
    for (const [rank, region] of group.regions.entries()) {
      const path = ['failoverGroups', at, 'regions', rank]
      check(path, region)
      if (group.regions.indexOf(region) !== rank) problems.error(path, `"${region}" is named twice`, 'name it once')
    }
  }
  for (const { at, entry: link } of file.links) {
    check(['links', at, 'source'], link.source)
    check(['links', at, 'target'], link.target)
  }
}

/** Each pattern has to be one that the selection itself takes. */
function checkPatterns(file: UsableConfig, problems: ProblemCollector): void {
  const check = (path: Path, list: readonly string[] | undefined, compile: typeof compileSelection) => {
    for (const [at, pattern] of (list ?? []).entries()) {
      if (pattern.startsWith(CANARY_PREFIX)) {
        const rule = `"${pattern}" is kept for canary drills`
        problems.error([...path, at], rule, 'name what applications use; set canary: true for drills')
        continue
      }
      try {
        compile({ include: [pattern], exclude: [] })
      } catch (error) {
        if (!isFault(error)) throw error
        problems.error([...path, at], error.message, error.remedy)
      }
    }
  }
  for (const list of ['failoverGroups', 'links'] as const) {
    for (const { at, entry } of file[list]) {
      const { topics, consumerGroups } = entry
      check([list, at, 'topics', 'include'], topics.include, compileSelection)
      check([list, at, 'topics', 'exclude'], topics.exclude, compileSelection)
      check([list, at, 'consumerGroups', 'include'], consumerGroups?.include, compileGroupSelection)
      check([list, at, 'consumerGroups', 'exclude'], consumerGroups?.exclude, compileGroupSelection)
    }
  }
}

/** A standby holds the same records: a group that moves to it must find everything as it was. */
function checkTransforms(file: UsableConfig, problems: ProblemCollector): void {
  for (const { at, entry } of file.failoverGroups) {
    for (const part of ['filter', 'headers'] as const) {
      if (entry.transform?.[part] === undefined) continue
      const path = ['failoverGroups', at, 'transform', part]
      const remedy = 'remove it; a link of its own, outside of failover groups, may have it'
      problems.error(path, 'a standby has to hold the same records as the active region', remedy)
    }
  }
  for (const list of ['failoverGroups', 'links'] as const) {
    for (const { at, entry } of file[list]) {
      try {
        compileTransform(entry.transform ?? {})
      } catch (error) {
        if (!isFault(error)) throw error
        problems.error([list, at, 'transform'], error.message, error.remedy)
      }
    }
  }
}

function checkLinks(links: readonly PlacedLink[], problems: ProblemCollector): void {
  const seen = new Map<string, PlacedLink>()
  for (const link of links) {
    const first = seen.get(link.name)
    if (first === undefined) seen.set(link.name, link)
    else if (link.failoverGroup === null) {
      problems.error(
        [...link.path, 'name'],
        `link "${link.name}" is already ${formatPath(first.path)}`,
        'give each link its own name',
      )
    }
    if (link.source === link.target && link.failoverGroup === null) {
      problems.error([...link.path, 'target'], `"${link.target}" is the source too`, 'name two different regions')
    }
  }
  const proper = links.filter((link) => link.source !== link.target)
  checkWriters(proper, problems)
  checkCycles(proper, problems)
}

/** One writer: no two links may write the same topic of a region. Those of failover groups have rules of their own. */
function checkWriters(all: readonly PlacedLink[], problems: ProblemCollector): void {
  const links = all.filter(({ failoverGroup }) => failoverGroup === null)
  for (const [at, link] of links.entries()) {
    for (const earlier of links.slice(0, at)) {
      if (earlier.target !== link.target) continue
      const shared = findOverlap(written(earlier), written(link))
      if (shared === undefined) continue
      const same = earlier.source === link.source && earlier.rename === link.rename
      const rule = same
        ? `the same flow as ${formatPath(earlier.path)}: both copy "${shared.pattern}" from ${link.source} to ${link.target}`
        : `writes "${shared.pattern}" on ${link.target}, as ${formatPath(earlier.path)} does`
      const remedy = same ? 'remove one, or exclude the topics from one' : 'exclude the topics from one, or rename them'
      if (shared.certain) problems.error(link.path, rule, remedy)
      else problems.warn(link.path, `possibly ${rule}`, `make sure that no topic matches both; else ${remedy}`)
    }
  }
}

/** What a link writes must never come back to it, under the same name or under ever longer ones. */
function checkCycles(links: readonly PlacedLink[], problems: ProblemCollector): void {
  const reported = new Set<string>()
  for (const certain of [true, false]) {
    const next = (link: PlacedLink) =>
      links.filter((other) => {
        const shared = other.source === link.target ? findOverlap(written(link), other.topics) : undefined
        return shared !== undefined && (shared.certain || !certain)
      })
    for (const start of links) {
      const cycle = findCycle(start, next)
      // Groups that turn each other's copies back share topics, which has a rule of its own.
      if (cycle === undefined || cycle.every(({ failoverGroup }) => failoverGroup !== null)) continue
      const key = cycle
        .map((link) => formatPath(link.path))
        .sort()
        .join()
      if (reported.has(key)) continue
      reported.add(key)
      const way = [start.source, ...cycle.map((link) => link.target)].join(' -> ')
      const remedy = 'exclude on one link what the other writes, or declare one direction only'
      if (certain) problems.error(start.path, `copies would go round for ever: ${way}`, remedy)
      else problems.warn(start.path, `copies may go round for ever: ${way}`, remedy)
    }
  }
}

/** The shortest way from the link back to itself. */
function findCycle(start: PlacedLink, next: (link: PlacedLink) => PlacedLink[]): PlacedLink[] | undefined {
  const ways: PlacedLink[][] = [[start]]
  const visited = new Set<PlacedLink>()
  for (let way = ways.shift(); way !== undefined; way = ways.shift()) {
    for (const link of next(way.at(-1) as PlacedLink)) {
      if (link === start) return way
      if (visited.has(link)) continue
      visited.add(link)
      ways.push([...way, link])
    }
  }
  return undefined
}
