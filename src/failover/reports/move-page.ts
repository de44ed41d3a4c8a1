import { MOVE_PARTS, splitMove } from '../drills/split-move.ts'
import type { MoveReport } from './move-report.ts'
import { lostFigure, objectiveFigure } from './objectives.ts'
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
} from './page.ts'
import { sectionsOfReturn } from './return-page.ts'
import { timelineOf } from './timeline.ts'

/** A page about one move: how it ended, what it cost, every step, and why one may believe it. Pure. */
export function pageOfMove(report: MoveReport): ReportPage {
  const { kind, group, from, to, state, guards, returns } = report
  return {
    kind,
    title: `${kind[0]?.toUpperCase()}${kind.slice(1)} of ${group} from ${from} to ${to}`,
    outcome: { text: state, tone: TONES[state] },
    lead: leadOf(report),
    figures: figuresOf(report),
    sections: [
      costOf(report),
      stepsOf(report),
      ...groupsOf(report),
      ...(guards.length > 0 ? [guardSection(guards)] : []),
      whoOf(report),
      ...returns.flatMap(sectionsOfReturn),
      evidenceOf(report),
    ],
    data: report,
  }
}

const TONES: Readonly<Record<MoveReport['state'], Tone>> = {
  done: 'good',
  'rolled-back': 'bad',
  'rolling-back': 'bad',
  'needs-operator': 'bad',
  superseded: 'open',
  running: 'open',
}

function leadOf({ request, committed, operation, tookMs, stop, abort, warnings, to, ...report }: MoveReport): Block[] {
  const took = tookMs === null ? '' : ` It took ${seconds(tookMs)}.`
  const flip =
    committed === null
      ? `${to} did not become active.`
      : `${to} is active since ${committed.at}, in epoch ${committed.epoch}.`
  return [
    text(`Asked for by ${request.by} at ${request.at}: ${request.reason}.`),
    text(`${flip}${took}`),
    ...(stop === null ? [] : [text([strong(`It stopped at ${stop.at}: `), stop.reason]), text(stop.instructions)]),
    ...(abort === null ? [] : [text(`${abort.by} has asked to abort it: ${abort.reason}.`)]),
    ...list(warnings.map((warning) => `Warning: ${warning}`)),
    ...(report.isComplete ? [] : [text('The journal goes further back than what was read: steps may be missing.')]),
    text(['Operation ', code(operation), ', plan ', code(request.planHash), '.']),
  ]
}

function figuresOf({ rpo, rto, fence }: MoveReport): Figure[] {
  return [
    objectiveFigure({ ...rpo, label: 'RPO', measuredMs: rpo.ms }),
    objectiveFigure({ ...rto, label: 'RTO' }),
    { label: 'Writes held up', value: seconds(rto.writePausedMs), note: `fence ${fence}`, tone: 'open' },
    lostFigure(rpo.records, 'acknowledged, and not there'),
  ]
}

function costOf({ rpo, rto }: MoveReport): Section {
  return section(
    'What it cost',
    table(
      ['', 'Objective', 'Measured', 'Verdict'],
      [
        ['RPO', orDash(rpo.objectiveMs), orDash(rpo.ms), missedOr(rpo.verdict)],
        ['Records lost', '–', count(rpo.records), ''],
        ['RTO', orDash(rto.objectiveMs), orDash(rto.measuredMs), missedOr(rto.verdict)],
        ['Writes held up', '–', seconds(rto.writePausedMs), ''],
      ],
    ),
    text(`Records lost: ${rpo.because}.`),
    text('Objectives are those of the configuration when this page was made.'),
  )
}

function missedOr(verdict: MoveReport['rpo']['verdict']): Text {
  return verdict === 'missed' ? [strong('missed')] : verdict
}

function stepsOf({ steps, to }: MoveReport): Section {
  const split = splitMove({ steps })
  const rows = steps.map(({ phase, at, tookMs, outcome, reason }) => [phase, at, seconds(tookMs), outcome ?? reason])
  return section(
    'Where the time went',
    ...timelineOf({ steps, moves: [{ to, steps }] }),
    table(MOVE_PARTS, [MOVE_PARTS.map((part) => seconds(split[part]))]),
    table(['Step', 'Entered', 'Took', 'Came to'], rows),
  )
}

function groupsOf({ groups }: MoveReport): Section[] {
  if (groups === null) return []
  const { done, behind, unsynced } = groups
  const rows = behind.map(({ group, partitions, records }): Text[] => {
    return [[code(group)], String(partitions), String(records)]
  })
  return [
    section(
      'Consumer groups',
      text(
        `${done.length} had read everything below the cut, ${behind.length} go on where they stood; none of these reads a record twice.`,
      ),
      ...(rows.length === 0 ? [] : [table(['Group', 'Partitions', 'Records still to read'], rows)]),
      ...list(unsynced.map(({ group, reason }) => [strong('Not carried over: '), code(group), `: ${reason}`])),
    ),
  ]
}

function whoOf({ interventions, request }: MoveReport): Section {
  const { overrides, acceptLoss, attestation } = request
  return section(
    'Who asked for what',
    table(
      ['When', 'Who', 'Asked for'],
      interventions.map(({ at, by, what }) => [at, by, what]),
    ),
    ...list([
      ...overrides.map(({ guard, reason }): Text => ['The guard ', code(guard), ` was overridden: ${reason}`]),
      ...(acceptLoss ? ['The loss that was shown was accepted.'] : []),
      ...(attestation === undefined
        ? []
        : [`${attestation.by} vouched at ${attestation.at} that nobody could write there: ${attestation.reason}`]),
    ]),
  )
}

function evidenceOf({ evidence, operation, group }: MoveReport): Section {
  const rows = evidence.map(({ phase, key, digest }): Text[] => [phase, [code(key)], [code(digest)]])
  return section(
    'Evidence',
    text('Each step left what it found in the authority, under a digest that the group’s document holds.'),
    ...(rows.length === 0 ? [] : [table(['Step', 'Key', 'SHA-256'], rows)]),
    commands(
      `isthmus operation report ${operation} --format json`,
      `isthmus history --group ${group}`,
      'isthmus history --verify',
    ),
  )
}
