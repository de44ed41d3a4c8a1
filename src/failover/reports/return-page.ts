import {
  type Block,
  code,
  commands,
  count,
  type Figure,
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
import type { ReturnReport } from './return-report.ts'
import { timelineOf } from './timeline.ts'

/** A page about the return of one region: what only it had, what became of that, and every step. Pure. */
export function pageOfReturn(report: ReturnReport): ReportPage {
  const { region, group, phase, divergence } = report
  return {
    kind: 'return of a region',
    title: `Return of ${region} to ${group}`,
    outcome: { text: phase, tone: toneOf(report) },
    lead: leadOf(report),
    figures: divergence === null ? [] : figuresOf(report),
    sections: [
      ...sectionsOfReturn(report),
      section('See it again', commands(`isthmus operation report ${report.return}`)),
    ],
    data: report,
  }
}

/** What a page about the move that went past the region shows of its return. Pure. */
export function sectionsOfReturn(report: ReturnReport): Section[] {
  return [foundIn(report), ...salvagedIn(report), stepsIn(report)]
}

function toneOf({ phase }: ReturnReport): Tone {
  return phase === 'standby' ? 'good' : phase === 'needs-operator' ? 'bad' : 'open'
}

function leadOf({ operation, startedAt, tookMs, waitsFor, isComplete, ...report }: ReturnReport): Block[] {
  const began = startedAt === null ? 'It has not begun.' : `It began at ${startedAt}.`
  const took = tookMs === null ? '' : ` It took ${seconds(tookMs)}.`
  return [
    text([`${began}${took} The region was left by `, code(operation), '; this return is ', code(report.return), '.']),
    ...(waitsFor === null ? [] : [text([strong('It waits: '), waitsFor])]),
    ...(isComplete ? [] : [text('The journal goes further back than what was read of it: steps may be missing.')]),
  ]
}

function figuresOf({ divergence, exported, replayedRecords, openMsAtMost, tookMs }: ReturnReport): Figure[] {
  const only = divergence?.records ?? null
  const tone = only === null ? 'open' : only === 0 ? 'good' : 'bad'
  return [
    { label: 'Records only here', value: count(only), note: 'not in the active region', tone },
    { label: 'Written out', value: count(exported?.records), note: 'read back, and the same', tone: 'open' },
    { label: 'Appended again', value: count(replayedRecords), note: 'as late records', tone: 'open' },
    openMsAtMost === null
      ? { label: 'Took', value: orDash(tookMs), note: 'until it was a standby', tone: 'open' }
      : { label: 'Stood open', value: orDash(openMsAtMost), note: 'at most, before its fence', tone: 'open' },
  ]
}

function foundIn({ region, divergence, partitions, partitionsLeftOut, endedTransactions }: ReturnReport): Section {
  if (divergence === null) return section(`What only ${region} has`, text('It was not compared yet.'))
  const { records, onlyHere, keysInConflict, cutTransactions } = divergence
  if (records === 0 && onlyHere === 0) {
    return section(`What only ${region} has`, text('Nothing: every partition was compared with the active region.'))
  }
  const rows = partitions.map(({ topic, partition, from, to, records: of }): Text[] => {
    return [[code(`${topic}-${partition}`)], `${from} to ${to}`, String(of)]
  })
  return section(
    `What only ${region} has`,
    text(`Records: ${records}. Partitions: ${divergence.partitions}. Topics: ${divergence.topics}.`),
    ...list([
      ...(onlyHere === 0 ? [] : [`below the fork: ${onlyHere}`]),
      ...(keysInConflict === 0 ? [] : [`keys that were written in the active region as well: ${keysInConflict}`]),
      ...(cutTransactions === 0 ? [] : [`partitions with transactions that were copied in part: ${cutTransactions}`]),
      ...(endedTransactions === 0 ? [] : [`open transactions that were ended: ${endedTransactions}`]),
    ]),
    table(['Partition', 'Offsets there', 'Records'], rows),
    ...(partitionsLeftOut === 0 ? [] : [text(`And ${partitionsLeftOut} more partitions.`)]),
  )
}

function salvagedIn({ choice, exported, replayedRecords, interventions, region }: ReturnReport): Section[] {
  const said: Text[] = [
    ...(choice === null ? [] : [[`${choice.by} chose `, strong(choice.kind), `: ${choice.reason}`]]),
    ...(exported === null ? [] : [writtenOut(exported)]),
    ...(replayedRecords === null ? [] : [`${replayedRecords} were appended to the active region as late records`]),
  ]
  const asked = interventions.map(({ at, by, what }) => [at, by, what])
  const people = asked.length === 0 ? [] : [table(['When', 'Who', 'Asked for'], asked)]
  return said.length + people.length === 0
    ? []
    : [section(`What became of what only ${region} had`, ...list(said), ...people)]
}

function writtenOut({ records, topics, digest }: NonNullable<ReturnReport['exported']>): Text {
  return [`${records} records were written out to `, code(topics.join(', ')), ', with the digest ', code(digest)]
}

function stepsIn({ region, steps }: ReturnReport): Section {
  const rows = steps.map(({ phase, at, tookMs, outcome, reason }) => [phase, at, seconds(tookMs), outcome ?? reason])
  return section(
    `Steps of the return of ${region}`,
    ...timelineOf({ steps, moves: [] }),
    table(['Step', 'Entered', 'Took', 'Came to'], rows),
  )
}
