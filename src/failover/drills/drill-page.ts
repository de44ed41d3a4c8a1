import {
  type Block,
  code,
  commands,
  count,
  type Figure,
  guardSection,
  list,
  orDash,
  type ReportPage,
  section,
  type Section,
  seconds,
  strong,
  table,
  text,
  type Text,
  type Tone,
} from '../reports/page.ts'
import { lostFigure, objectiveFigure, type ObjectiveVerdict } from '../reports/objectives.ts'
import { timelineOf, untilNext } from '../reports/timeline.ts'
import type { IsolatedReport, RestoreRehearsal, StreamReport } from './drill-document.ts'
import type { DrillReport, MoveReport } from './report.ts'
import { MOVE_PARTS } from './split-move.ts'

/** A page about one drill: how it ended first, then what was promised and measured, then the evidence. Pure. */
export function pageOfDrill(report: DrillReport): ReportPage {
  const { moves, stream, isolated, restore, guards, group, outcome } = report
  return {
    kind: 'drill',
    title: `Drill of ${group}`,
    outcome: { text: outcome?.kind ?? 'still running', tone: toneOf(outcome?.kind) },
    lead: leadOf(report),
    figures: hasFigures(report) ? figuresOf(report) : [],
    sections: [
      ...(hasFigures(report) ? [objectivesOf(report)] : []),
      ...(moves.length > 0 ? [movesOf(moves)] : []),
      ...(stream !== null ? [streamOf(stream)] : []),
      ...(isolated !== null ? [isolatedOf(isolated)] : []),
      ...(restore !== null ? [restoreOf(restore)] : []),
      ...(guards.length > 0 ? [guardSection(guards)] : []),
      leftoversOf(report),
      section('Run it again', commands(...report.reproduce)),
      stepsOf(report),
      ...moves.map(moveStepsOf),
    ],
    data: report,
  }
}

function toneOf(kind: string | undefined): Tone {
  return kind === 'passed' ? 'good' : kind === 'failed' ? 'bad' : 'open'
}

function leadOf({ drill, level, region, from, request, approval, outcome, plan, tookMs }: DrillReport): Block[] {
  const who: Text = request.schedule === undefined ? [request.by] : ['the schedule ', code(request.schedule)]
  const way = WAYS[level] === 'moved' ? `${from} → ${region} → ${from}` : region
  const took = tookMs === null ? '' : ` It took ${seconds(tookMs)}.`
  const named: Text = plan === null ? [] : [', plan ', code(plan.hash), ` at epoch ${plan.epoch}`]
  return [
    ...list(outcome?.reasons ?? []),
    text(['Level ', code(level), ` (${way}), asked for by `, ...who, ` at ${request.at}: ${request.reason}.${took}`]),
    ...(approval === null ? [] : [text(`Approved by ${approval.by} at ${approval.at}: ${approval.reason}.`)]),
    text(['Drill ', code(drill), ...named, '.']),
  ]
}

const WAYS = { preflight: 'looked', canary: 'moved', isolated: 'looked', full: 'moved', authority: 'looked' } as const

/** Levels that move nothing have nothing to hold against the objectives. */
function hasFigures({ rpo, rto }: DrillReport): boolean {
  return rpo.predicted !== null || rpo.measured !== null || rto.measuredMs !== null
}

function figuresOf({ rpo, rto }: DrillReport): Figure[] {
  return [
    objectiveFigure({ ...rpo, label: 'RPO', measuredMs: rpo.measured?.ms ?? rpo.predicted?.ms }),
    objectiveFigure({ ...rto, label: 'RTO' }),
    { label: 'Writes held up', value: orDash(rto.writePauseMs), note: 'by the slowest move', tone: 'open' },
    lostFigure(rpo.measured?.records, 'acknowledged, and not there'),
  ]
}

function objectivesOf({ rpo, rto }: DrillReport): Section {
  return section(
    'Objectives',
    table(
      ['', 'Objective', 'Predicted', 'Measured', 'Verdict'],
      [
        ['RPO', orDash(rpo.objectiveMs), orDash(rpo.predicted?.ms), orDash(rpo.measured?.ms), verdictText(rpo.verdict)],
        ['Records lost', '–', count(rpo.predicted?.records), count(rpo.measured?.records), ''],
        ['RTO', orDash(rto.objectiveMs), '–', orDash(rto.measuredMs), verdictText(rto.verdict)],
        ['Write pause', '–', orDash(rto.predictedPauseMs), orDash(rto.writePauseMs), ''],
      ],
    ),
    text(
      'Predicted is what the loss of the active region would have cost when the plan was made; measured is what the ' +
        'moves of this drill cost.',
    ),
  )
}

function verdictText(verdict: ObjectiveVerdict): Text {
  return verdict === 'missed' ? [strong('missed')] : verdict
}

function movesOf(moves: readonly MoveReport[]): Section {
  const rows = moves.map(({ kind, from, to, split, untilOpenMs, writePausedMs, endedAs }) => {
    const parts = MOVE_PARTS.map((part) => seconds(split[part]))
    return [`${kind} ${from} → ${to}`, ...parts, orDash(untilOpenMs), seconds(writePausedMs), endedAs]
  })
  const warnings = moves.flatMap(({ operation, warnings: all }) => all.map((one) => [code(operation), `: ${one}`]))
  return section(
    'Where the time went',
    table(['Move', ...MOVE_PARTS, 'until open', 'writes held up', 'ended as'], rows),
    ...list(warnings),
  )
}

function streamOf(stream: StreamReport): Section {
  const counts: [Text, number][] = [
    ['Writes tried', stream.attempted],
    ['acknowledged', stream.acknowledged],
    ['not known', stream.unknown],
    [[strong('lost')], stream.lost],
    [[strong('repeated')], stream.repeated],
    [[strong('reordered')], stream.reordered],
    [[strong('damaged')], stream.damaged],
    [[strong('two regions open at once')], stream.overlaps],
    ['read again by the group', stream.readAgain],
    ['not read by the group', stream.unread],
  ]
  const refused = Object.entries(stream.refused).map(([fault, times]) => [`refused: ${fault}`, String(times)])
  const moves = stream.moves.map(({ to, writePauseMs, firstReadAfterMs }) => [
    to,
    orDash(writePauseMs),
    orDash(firstReadAfterMs),
  ])
  return section(
    'What the clients saw',
    table(['Records', 'Count'], [...counts.map(([what, times]) => [what, String(times)]), ...refused]),
    ...(moves.length === 0 ? [] : [table(['Into', 'No write accepted for', 'First read after'], moves)]),
  )
}

function isolatedOf(isolated: IsolatedReport): Section {
  const { region, topics, partitions, records, bytes, bounded, newestAgeMs, unreadable, positionsWrong } = isolated
  const rows = [
    ['Topics, partitions', `${topics}, ${partitions}`],
    ['Records, bytes', `${records}, ${bytes}`],
    ['Partitions not read to their end', String(bounded)],
    ['Age of the newest record', orDash(newestAgeMs)],
    ['Positions tried', String(isolated.positionsTried)],
    ['Positions wrong', String(positionsWrong.length)],
  ]
  return section(
    `What ${region} holds`,
    table(['Read', 'Found'], rows),
    ...list([...unreadable.map((one) => `not readable: ${one}`), ...positionsWrong.map((one) => `wrong: ${one}`)]),
  )
}

function restoreOf({ region, generation, documents, unread, tookMs }: RestoreRehearsal): Section {
  return section(
    `The authority out of ${region}`,
    text(`Generation ${generation}, restored into memory in ${seconds(tookMs)}.`),
    ...list(unread.map((one) => `not read: ${one}`)),
    table(
      ['Document', 'From', 'State', 'Evidence'],
      documents.map(({ key, region: source, state, evidence }) => [[code(key)], source, state, evidence]),
    ),
  )
}

function leftoversOf({ checked, leftovers, outcome }: DrillReport): Section {
  if (checked.length === 0) {
    return section('Left behind', text(outcome === null ? 'Not looked for yet.' : 'There was nothing to look for.'))
  }
  const gone = checked.filter(({ found, trouble }) => found.length === 0 && trouble === undefined)
  const found =
    leftovers.length === 0
      ? [text('Nothing. Looked for, and not found:')]
      : [text([strong(`${leftovers.length} found:`)]), ...list(leftovers), text('Looked for, and not found:')]
  return section('Left behind', ...found, ...list(gone.map(({ lookedFor }) => lookedFor)))
}

function stepsOf({ steps, moves }: DrillReport): Section {
  const rows = steps.map(({ phase, at, reason }) => [phase, at, reason])
  return section(
    'Steps',
    ...timelineOf({ steps: untilNext(steps), moves }),
    table(['Phase', 'Entered', 'Because'], rows),
  )
}

function moveStepsOf(move: MoveReport): Section {
  const { kind, operation, steps } = move
  const rows = steps.map(({ phase, at, tookMs }) => [phase, at, seconds(tookMs)])
  return section(
    [`Steps of the ${kind} `, code(operation)],
    ...timelineOf({ steps, moves: [move] }),
    table(['Phase', 'Entered', 'Took'], rows),
  )
}
