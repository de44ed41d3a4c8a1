import type { DrillBody, PlanBody } from '../../../src/api/contract/index.ts'
import { compileSelection } from '../../../src/replication/index.ts'
import type { DrillReport } from '../../../src/failover/index.ts'
import type { IsthmusProcess } from '../isthmus-process.ts'
import { GROUP, readGroup } from './control.ts'
import { CANARY_GROUP, type GroupWatch } from './drill-control.ts'
import type { FailoverStage } from './stage.ts'
import { readStored } from './stored-logs.ts'
import { GROUP_PREFIX, TOPIC_PREFIX, type TrialRegion } from './trial-regions.ts'

/** The report of each drill, field by field against what was measured from outside. Each answers what is wrong. */
export interface Checked {
  readonly drill: DrillBody
  readonly report: DrillReport
  readonly home: TrialRegion
  readonly away: TrialRegion
}

/** Between two looks of the trial, and between the entries of the journal and the moments when they are seen. */
const TOLERANCE_MS = 1_500
const STREAM = `isthmus.canary.${GROUP}.stream`

/** What every report has, whatever its level. */
export function checkCommon({ drill, report, home, away }: Checked): string[] {
  return wrong([
    ['drill', report.drill, drill.id],
    ['group', report.group, GROUP],
    ['level', report.level, drill.level],
    ['from', report.from, home.name],
    ['region', report.region, away.name],
    ['request.by', report.request.by, 'trial'],
    ['outcome', report.outcome?.kind, 'passed'],
    ['endedAt', report.endedAt, drill.endedAt],
    ['plan.hash', report.plan?.hash ?? null, drill.planHash],
    ['leftovers', report.leftovers.length, 0],
    ['checked is empty', report.checked.length > 0, true],
    ['last step', report.steps.at(-1)?.phase, 'done'],
    ['tookMs', report.tookMs, Date.parse(report.endedAt ?? '') - Date.parse(report.startedAt)],
  ])
}

/** The plan of a preflight is that of anybody who asks for one at that moment. */
export async function checkPreflight(isthmus: IsthmusProcess, { report, away }: Checked): Promise<string[]> {
  const response = await fetch(`${isthmus.apiUrl}/api/v1/failover-groups/${GROUP}/plans`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ kind: 'switchover', to: away.name }),
    signal: AbortSignal.timeout(30_000),
  })
  const plan = (await response.json()) as PlanBody
  const named = (guards: readonly { name: string; status: string }[]) =>
    guards.map(({ name, status }) => `${name} ${status}`).join(', ')
  // One guard is about drills themselves, and a hash is about what all of them say.
  const isSame = named(plan.guards) === named(report.guards)
  return wrong([
    ['plan.epoch', report.plan?.epoch, plan.epoch],
    ['guards', report.guards.map(({ name }) => name).join(), plan.guards.map(({ name }) => name).join()],
    ['plan.hash', !isSame || report.plan?.hash === plan.hash, true],
    ['guards with evidence', report.guards.every(({ evidence }) => evidence !== ''), true],
    ['moves', report.moves.length, 0],
    ['measured', report.rpo.measured, null],
  ])
}

/** There and back, as the group itself showed it to somebody who looked on. */
export function checkMoves({ report, home, away }: Checked, watch: GroupWatch, group: string): string[] {
  const [there, back] = report.moves
  const problems = wrong([
    ['actives seen', watch.actives.join(), [home.name, away.name, home.name].join()],
    [
      'moves',
      report.moves.map(({ kind, to, endedAs }) => `${kind} ${to} ${endedAs}`).join(),
      `switchover ${away.name} done,failback ${home.name} done`,
    ],
    ['operation of the group', report.moves.every(({ operation }) => operation.startsWith(`${group}-`)), true],
    ['rto.measuredMs', report.rto.measuredMs, Math.max(there?.untilOpenMs ?? -1, back?.untilOpenMs ?? -1)],
  ])
  for (const move of report.moves) {
    for (const { phase, at, tookMs } of move.steps) {
      const seen = watch.seen(move.operation, phase)
      // A step that is over within two looks may not be seen at all.
      if (seen === undefined) {
        if (tookMs > TOLERANCE_MS) problems.push(`${move.operation} was not seen at ${phase}, which took ${tookMs} ms`)
        continue
      }
      const beganMs = Date.parse(at)
      if (Math.abs(seen.firstMs - beganMs) > TOLERANCE_MS)
        problems.push(`${phase} of ${move.operation} is ${seen.firstMs - beganMs} ms off`)
      if (phase !== 'done' && Math.abs(seen.lastMs - beganMs - tookMs) > TOLERANCE_MS) {
        problems.push(`${phase} of ${move.operation} took ${seen.lastMs - beganMs} ms as seen, ${tookMs} as reported`)
      }
    }
    const summed = Object.values(move.split).reduce<number>((sum, ms) => sum + (ms ?? 0), 0)
    if (summed <= 0) problems.push(`no part of ${move.operation} took any time`)
  }
  return problems
}

/** What the stream says of itself, against what Kafka's own consumer finds in the log. */
export async function checkStream(
  stage: FailoverStage,
  { report, drill, home }: Checked,
  signal: AbortSignal,
): Promise<string[]> {
  const { stream } = report
  if (stream === null) return ['the report has no stream']
  const log = await readStored(stage.folder, { region: home, isolation: 'read_committed', topics: [STREAM] }, signal)
  const own = [...log.values()].flat().filter(({ id }) => id.startsWith(`${drill.id}.`))
  const numbers = new Set(own.map(({ id }) => id.split(' ')[1]))
  const { attempted, acknowledged, unknown, refused } = stream
  const refusals = Object.values(refused).reduce((sum, times) => sum + times, 0)
  return wrong([
    ['stream.repeated', stream.repeated, own.length - numbers.size],
    ['stream.acknowledged', numbers.size >= acknowledged - stream.lost && numbers.size <= acknowledged + unknown, true],
    ['stream.attempted', attempted, acknowledged + unknown + refusals],
    ['stream.lost', stream.lost, 0],
    ['stream.reordered', stream.reordered, 0],
    ['stream.damaged', stream.damaged, 0],
    ['stream.overlaps', stream.overlaps, 0],
    ['stream.moves', stream.moves.map(({ to }) => to).join(), report.moves.map(({ to }) => to).join()],
    ['a pause was measured', stream.moves.every(({ writePauseMs }) => (writePauseMs ?? 0) > 0), true],
    ['rpo.measured', JSON.stringify(report.rpo.measured), JSON.stringify({ records: 0, ms: 0 })],
  ])
}

/** How much there is to read, and which positions, as the standby itself tells. */
export async function checkIsolated({ report, away }: Checked, signal: AbortSignal): Promise<string[]> {
  const { isolated } = report
  if (isolated === null) return ['the report has no reading']
  const isTopic = compileSelection({ include: [`${TOPIC_PREFIX}*`], exclude: [] })
  const topics = (await away.admin.metadata('all', signal)).topics.filter(({ name }) => isTopic(name))
  const partitions = topics.reduce((sum, topic) => sum + topic.partitions.length, 0)
  const groups = (await away.admin.listGroups(signal)).groups.map(({ groupId }) => groupId)
  const selected = groups.filter((group) => group.startsWith(GROUP_PREFIX))
  const offsets = selected.length === 0 ? [] : await away.admin.fetchGroupOffsets(selected, signal)
  const positions = offsets.flatMap((one) => one.positions).filter(({ topic }) => isTopic(topic))
  return wrong([
    ['isolated.region', isolated.region, away.name],
    ['isolated.topics', isolated.topics, topics.length],
    ['isolated.partitions', isolated.partitions, partitions],
    ['isolated.unreadable', isolated.unreadable.join(), ''],
    ['isolated.positionsWrong', isolated.positionsWrong.join(), ''],
    // Groups begin and end to read partitions while the drill looks.
    ['isolated.positionsTried', Math.abs(isolated.positionsTried - positions.length) <= 2, true],
    ['isolated.records', isolated.records > 0 && isolated.bytes > isolated.records, true],
    ['isolated.leftoverGroups', isolated.leftoverGroups.join(), ''],
    ['isolated.newestAgeMs', isolated.newestAgeMs !== null && isolated.newestAgeMs < 60_000, true],
  ])
}

export async function checkRestore(isthmus: IsthmusProcess, { report, away }: Checked): Promise<string[]> {
  const { restore } = report
  const group = await readGroup(isthmus)
  if (restore === null || group === undefined) return ['the report has no restore']
  return wrong([
    ['restore.region', restore.region, away.name],
    ['restore.documents', restore.documents.every(({ state }) => state === 'same'), true],
    [
      'restore of the groups',
      restore.documents
        .filter(({ key }) => key.split('/').length === 2)
        .map(({ key }) => key)
        .sort()
        .join(),
      `groups/${GROUP},groups/${CANARY_GROUP}`,
    ],
    ['restore.generation', restore.generation, group.generation + 1],
    ['restore.unread', restore.unread.length, 0],
  ])
}

/** What drills may leave behind, as the regions and the groups tell themselves; one sentence each. */
export async function findLeftovers(
  stage: FailoverStage,
  isthmus: IsthmusProcess,
  signal: AbortSignal,
): Promise<string[]> {
  const left: string[] = []
  for (const { name, admin } of stage.regions.all) {
    const { groups } = await admin.listGroups(signal)
    left.push(
      ...groups
        .filter(({ groupId }) => /^isthmus\.(canary|drill)\./.test(groupId))
        .map(({ groupId }) => `group ${groupId} on ${name}`),
    )
  }
  for (const group of [GROUP, CANARY_GROUP]) {
    const { active, operation } = JSON.parse(await isthmus.get(`/api/v1/failover-groups/${group}`)) as {
      active: string
      operation: unknown
    }
    if (active !== stage.home.name) left.push(`${group} is active in ${active}`)
    if (operation !== null) left.push(`${group} has an operation`)
  }
  const entries = await stage.home.admin.describeAcls({}, signal)
  const fences = entries.filter(
    ({ permission, resource, name }) =>
      permission === 'deny' && resource !== 'cluster' && !name.startsWith('__isthmus.'),
  )
  left.push(
    ...fences.map(({ resource, name, operation }) => `deny ${operation} on ${resource} ${name} in ${stage.home.name}`),
  )
  return left
}

function wrong(checks: readonly (readonly [string, unknown, unknown])[]): string[] {
  return checks
    .filter(([, found, expected]) => found !== expected)
    .map(([field, found, expected]) => `${field} is ${String(found)}, ${String(expected)} was measured`)
}
