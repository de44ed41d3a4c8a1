import type { DrillGuard, IsolatedReport, RestoreRehearsal, StreamReport } from './drill-document.ts'
import type { DrillReport, MoveReport, ObjectiveVerdict } from './report.ts'
import { MOVE_PARTS } from './split-move.ts'

/** A page about one drill: how it ended first, then what was promised and measured, then the evidence. Pure; Markdown. */
export function renderDrillReport(report: DrillReport): string {
  const { moves, stream, isolated, restore, guards } = report
  const parts = [
    renderHead(report),
    ...(hasFigures(report) ? [renderObjectives(report)] : []),
    ...(moves.length > 0 ? [renderMoves(moves)] : []),
    ...(stream !== null ? [renderStream(stream)] : []),
    ...(isolated !== null ? [renderIsolated(isolated)] : []),
    ...(restore !== null ? [renderRestore(restore)] : []),
    ...(guards.length > 0 ? [renderGuards(guards)] : []),
    renderLeftovers(report),
    ['## Run it again', '', '```sh', ...report.reproduce, '```'],
    renderSteps(report),
    ...moves.map(renderMoveSteps),
  ]
  return `${parts.map((lines) => lines.join('\n')).join('\n\n')}\n`
}

function renderHead(report: DrillReport): string[] {
  const { drill, group, level, region, from, request, approval, outcome, plan } = report
  const who = request.schedule === undefined ? request.by : `the schedule \`${request.schedule}\``
  const way = WAYS[level] === 'moved' ? `${from} → ${region} → ${from}` : region
  const took = report.tookMs === null ? '' : ` It took ${seconds(report.tookMs)}.`
  return [
    `# Drill of ${group}: ${outcome?.kind ?? 'still running'}`,
    '',
    ...(outcome === null ? [] : [...outcome.reasons.map((reason) => `- ${reason}`), '']),
    `Level \`${level}\` (${way}), asked for by ${who} at ${request.at}: ${request.reason}.${took}`,
    ...(approval === null ? [] : ['', `Approved by ${approval.by} at ${approval.at}: ${approval.reason}.`]),
    '',
    `Drill \`${drill}\`${plan === null ? '' : `, plan \`${plan.hash}\` at epoch ${plan.epoch}`}.`,
  ]
}

const WAYS = { preflight: 'looked', canary: 'moved', isolated: 'looked', full: 'moved', authority: 'looked' } as const

/** Levels that move nothing have nothing to hold against the objectives. */
function hasFigures({ rpo, rto }: DrillReport): boolean {
  return rpo.predicted !== null || rpo.measured !== null || rto.measuredMs !== null
}

function renderObjectives({ rpo, rto }: DrillReport): string[] {
  return [
    '## Objectives',
    '',
    ...table(
      ['', 'Objective', 'Predicted', 'Measured', 'Verdict'],
      [
        ['RPO', orDash(rpo.objectiveMs), orDash(rpo.predicted?.ms), orDash(rpo.measured?.ms), verdictText(rpo.verdict)],
        ['Records lost', '–', count(rpo.predicted?.records), count(rpo.measured?.records), ''],
        ['RTO', orDash(rto.objectiveMs), '–', orDash(rto.measuredMs), verdictText(rto.verdict)],
        ['Write pause', '–', orDash(rto.predictedPauseMs), orDash(rto.writePauseMs), ''],
      ],
    ),
    '',
    'Predicted is what the loss of the active region would have cost when the plan was made; measured is what the moves of',
    'this drill cost.',
  ]
}

function verdictText(verdict: ObjectiveVerdict): string {
  return verdict === 'missed' ? '**missed**' : verdict
}

function renderMoves(moves: readonly MoveReport[]): string[] {
  const rows = moves.map(({ kind, from, to, split, untilOpenMs, writePausedMs, endedAs }) => {
    const parts = MOVE_PARTS.map((part) => seconds(split[part]))
    return [`${kind} ${from} → ${to}`, ...parts, orDash(untilOpenMs), seconds(writePausedMs), endedAs]
  })
  const warnings = moves.flatMap(({ operation, warnings: all }) => all.map((one) => `- \`${operation}\`: ${one}`))
  return [
    '## Where the time went',
    '',
    ...table(['Move', ...MOVE_PARTS, 'until open', 'writes held up', 'ended as'], rows),
    ...(warnings.length === 0 ? [] : ['', ...warnings]),
  ]
}

function renderStream(stream: StreamReport): string[] {
  const counts: [string, number][] = [
    ['Writes tried', stream.attempted],
    ['acknowledged', stream.acknowledged],
    ['not known', stream.unknown],
    ['**lost**', stream.lost],
    ['**repeated**', stream.repeated],
    ['**reordered**', stream.reordered],
    ['**damaged**', stream.damaged],
    ['**two regions open at once**', stream.overlaps],
    ['read again by the group', stream.readAgain],
    ['not read by the group', stream.unread],
  ]
  const refused = Object.entries(stream.refused).map(([code, times]) => [`refused: ${code}`, String(times)])
  const moves = stream.moves.map(({ to, writePauseMs, firstReadAfterMs }) => [
    to,
    orDash(writePauseMs),
    orDash(firstReadAfterMs),
  ])
  return [
    '## What the clients saw',
    '',
    ...table(['Records', 'Count'], [...counts.map(([what, times]) => [what, String(times)]), ...refused]),
    ...(moves.length === 0 ? [] : ['', ...table(['Into', 'No write accepted for', 'First read after'], moves)]),
  ]
}

function renderIsolated(isolated: IsolatedReport): string[] {
  const { region, topics, partitions, records, bytes, bounded, newestAgeMs, unreadable, positionsWrong } = isolated
  const rows = [
    ['Topics, partitions', `${topics}, ${partitions}`],
    ['Records, bytes', `${records}, ${bytes}`],
    ['Partitions not read to their end', String(bounded)],
    ['Age of the newest record', orDash(newestAgeMs)],
    ['Positions tried', String(isolated.positionsTried)],
    ['Positions wrong', String(positionsWrong.length)],
  ]
  return [
    `## What ${region} holds`,
    '',
    ...table(['Read', 'Found'], rows),
    ...list([...unreadable.map((one) => `not readable: ${one}`), ...positionsWrong.map((one) => `wrong: ${one}`)]),
  ]
}

function renderRestore({ region, generation, documents, unread, tookMs }: RestoreRehearsal): string[] {
  return [
    `## The authority out of ${region}`,
    '',
    `Generation ${generation}, restored into memory in ${seconds(tookMs)}.`,
    ...list(unread.map((one) => `not read: ${one}`)),
    '',
    ...table(
      ['Document', 'From', 'State', 'Evidence'],
      documents.map(({ key, region: source, state, evidence }) => [`\`${key}\``, source, state, evidence]),
    ),
  ]
}

const WORST_FIRST = ['failed', 'unknown', 'warning', 'passed']

function renderGuards(guards: readonly DrillGuard[]): string[] {
  const rank = ({ status }: DrillGuard) => WORST_FIRST.indexOf(status)
  const sorted = [...guards].sort((left, right) => rank(left) - rank(right))
  const bad = sorted.filter(({ status }) => status !== 'passed')
  return [
    '## Guards',
    '',
    `${guards.length - bad.length} of ${guards.length} passed.`,
    ...list(bad.map(({ name, remedy }) => `\`${name}\`: ${remedy}`)),
    '',
    ...table(
      ['Guard', 'Status', 'Evidence'],
      sorted.map(({ name, status, isBlocking, evidence }) => {
        return [`\`${name}\``, isBlocking ? `**${status}**` : status, evidence]
      }),
    ),
  ]
}

function renderLeftovers({ checked, leftovers, outcome }: DrillReport): string[] {
  if (checked.length === 0) {
    return ['## Left behind', '', outcome === null ? 'Not looked for yet.' : 'There was nothing to look for.']
  }
  const summary = leftovers.length === 0 ? `Nothing. Looked for, and not found:` : `**${leftovers.length} found:**`
  const gone = checked.filter(({ found, trouble }) => found.length === 0 && trouble === undefined)
  const lines = leftovers.length === 0 ? [] : [...list(leftovers), '', 'Looked for, and not found:']
  return ['## Left behind', '', summary, ...lines, ...list(gone.map(({ lookedFor }) => lookedFor))]
}

function renderSteps({ steps }: DrillReport): string[] {
  const rows = steps.map(({ phase, at, reason }) => [phase, at, reason])
  return ['## Steps', '', ...table(['Phase', 'Entered', 'Because'], rows)]
}

function renderMoveSteps({ kind, operation, steps }: MoveReport): string[] {
  const rows = steps.map(({ phase, at, tookMs }) => [phase, at, seconds(tookMs)])
  return [`## Steps of the ${kind} \`${operation}\``, '', ...table(['Phase', 'Entered', 'Took'], rows)]
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.map(cellText).join(' | ')} |`)
}

/** With the line in front of it that Markdown wants. */
function list(items: readonly string[]): string[] {
  return items.length === 0 ? [] : ['', ...items.map((item) => `- ${item.replaceAll('\n', ' ')}`)]
}

function cellText(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(ms < 10_000 ? 2 : 1)} s`
}

function orDash(ms: number | null | undefined): string {
  return ms === null || ms === undefined ? '–' : seconds(ms)
}

function count(number: number | undefined): string {
  return number === undefined ? '–' : String(number)
}
