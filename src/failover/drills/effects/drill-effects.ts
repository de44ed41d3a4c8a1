import type { DrillAnswer } from '../decide-drill.ts'
import type { DrillDocument, StreamReport } from '../drill-document.ts'
import type { DrillCall, DrillEffects } from '../drill-runner.ts'
import { findIncident } from '../find-incident.ts'
import { judgeIsolated } from '../judge-drill.ts'
import { canaryReader, canaryTopic, type DrillStream, shadowGroup } from '../ports.ts'
import { cleanDrill } from './clean.ts'
import { type DrillRooms, movedGroup, operationsOf } from './drill-rooms.ts'
import { LongCalls } from './long-calls.ts'
import { measureDrill } from './measure.ts'
import { moveDrill, planDrill } from './move.ts'
import { rehearseRestore } from './restore.ts'

const PARTITIONS = 3
/** Records that are read in the other region before the way home begins. */
const READ_LEAST = 20
const READING_MS = 9 * 60_000
const STOPPING_MS = 60_000
const STARTING_MS = 80_000

/** What the steps of a group's drills do, over the rooms. */
export function makeDrillEffects(rooms: DrillRooms): DrillEffects {
  const streams = new Map<string, DrillStream>()
  const calls = new LongCalls(rooms.clock)
  const follow = async (drill: DrillDocument, signal: AbortSignal) => {
    const { document } = await movedGroup(rooms, drill).desk.read(signal)
    streams.get(drill.id)?.follow(document.active)
  }
  /** Counted once; a stream that this process has not, or that cannot be counted, gives nothing. */
  const countStream = async (drill: DrillDocument, signal: AbortSignal): Promise<StreamReport | string | undefined> => {
    const stream = streams.get(drill.id)
    if (stream === undefined) return undefined
    await follow(drill, signal)
    const counted = await calls.run(`stop ${drill.id}`, (until) => stream.stop(until), STOPPING_MS, signal)
    if (counted === undefined) return 'the stream is being counted'
    streams.delete(drill.id)
    return counted.kind === 'done' ? counted.value : undefined
  }
  return {
    hasStream: ({ id }) => streams.has(id),
    incident: async (drill, signal) => {
      const groups = [rooms.own, ...(drill.level === 'canary' && rooms.canary !== undefined ? [rooms.canary] : [])]
      const documents = await Promise.all(groups.map(async ({ desk }) => (await desk.read(signal)).document))
      const own = operationsOf(drill, movedGroup(rooms, drill).name)
      return findIncident(drill, { judgements: rooms.judgements(), groups: documents, own })
    },
    release: async () => {
      const left = [...streams.values()]
      streams.clear()
      calls.abort()
      const limit = AbortSignal.abort(new Error('this process does not carry the drill out any more'))
      await Promise.allSettled(left.map((stream) => stream.stop(limit)))
    },
    stream: (call, signal) => startStream(call, { rooms, calls, streams }, signal),
    plan: (call, signal) => planDrill(call, rooms, signal),
    leave: async (call, signal) => {
      await follow(call.drill, signal)
      return await moveDrill(call, { name: 'leave', to: call.drill.region, rooms }, signal)
    },
    stay: async (call, signal) => {
      await follow(call.drill, signal)
      return judgeStay(call, streams.get(call.drill.id))
    },
    comeBack: async (call, signal) => {
      await follow(call.drill, signal)
      return await comeBack(call, { rooms, stream: streams.get(call.drill.id) }, signal)
    },
    read: async ({ drill, isLast }, signal) => await readIsolated({ drill, isLast }, { rooms, calls }, signal),
    restore: (call, signal) => rehearseRestore(call, rooms, signal),
    measure: async (call, signal) => {
      const stream = await countStream(call.drill, signal)
      if (typeof stream === 'string') return { kind: call.isLast ? 'failed' : 'waiting', reason: stream }
      return await measureDrill(call, { rooms, stream }, signal)
    },
    clean: async (call, signal) => {
      // Whatever was under way for it ends before anything is looked for.
      calls.abort()
      return await cleanDrill(call, rooms, signal)
    },
  }
}

interface Streaming {
  readonly rooms: DrillRooms
  readonly calls: LongCalls
  readonly streams: Map<string, DrillStream>
}

async function startStream(
  { drill, isLast }: DrillCall,
  { rooms, calls, streams }: Streaming,
  signal: AbortSignal,
): Promise<DrillAnswer> {
  const { id, group, from } = drill
  const stream =
    streams.get(id) ??
    rooms.streams.open({
      drill: id,
      group,
      topic: canaryTopic(group),
      readerGroup: canaryReader(group, id),
      partitions: PARTITIONS,
      regions: [from, ...rooms.regions.filter((region) => region !== from)],
    })
  streams.set(id, stream)
  const started = await calls.run(`start ${id}`, (until) => stream.start(until), STARTING_MS, signal)
  if (started === undefined) return { kind: isLast ? 'failed' : 'waiting', reason: 'nothing was read yet' }
  if (started.kind === 'failed') {
    return { kind: 'failed', reason: `records cannot be written and read in ${from}: ${started.reason}` }
  }
  return { kind: 'done', reason: `records are written to and read from ${from}` }
}

/** Counted before its reader is back, the stream would tell of records that nobody was given. */
async function comeBack(
  call: DrillCall,
  { rooms, stream }: { readonly rooms: DrillRooms; readonly stream: DrillStream | undefined },
  signal: AbortSignal,
): Promise<DrillAnswer> {
  const answer = await moveDrill(call, { name: 'return', to: call.drill.from, rooms }, signal)
  const here = stream?.progress().readHere ?? READ_LEAST
  if (answer.kind !== 'done' || here >= READ_LEAST || call.isLast) return answer
  return { kind: 'waiting', reason: `${here} of ${READ_LEAST} records were read at home` }
}

function judgeStay({ drill, phaseMs, isLast }: DrillCall, stream: DrillStream | undefined): DrillAnswer {
  const leftMs = drill.request.stayMs - phaseMs
  const here = stream?.progress().readHere ?? READ_LEAST
  if (leftMs <= 0 && here >= READ_LEAST) return { kind: 'done', reason: `stayed in ${drill.region}` }
  const reason =
    leftMs > 0 ? `for another ${Math.ceil(leftMs / 1_000)} s` : `${here} of ${READ_LEAST} records were read there`
  return { kind: isLast ? 'failed' : 'waiting', reason }
}

async function readIsolated(
  { drill, isLast }: { readonly drill: DrillDocument; readonly isLast: boolean },
  { rooms, calls }: { readonly rooms: DrillRooms; readonly calls: LongCalls },
  signal: AbortSignal,
): Promise<DrillAnswer> {
  const { id, region } = drill
  const run = async (until: AbortSignal) => {
    const { topics, groups } = await rooms.selected(region, until)
    const spec = { drill: id, region, topics: topics.map(({ name }) => name), groups, shadowGroup: shadowGroup(id) }
    const partitions = topics.reduce((sum, topic) => sum + topic.partitions, 0)
    return { isolated: await rooms.reader.read(spec, until), partitions }
  }
  const read = await calls.run(`read ${id}`, run, READING_MS, signal)
  if (read === undefined) return { kind: isLast ? 'failed' : 'waiting', reason: `the copies on ${region} are read` }
  if (read.kind === 'failed')
    return { kind: 'failed', reason: `the copies on ${region} cannot be read: ${read.reason}` }
  const { isolated, partitions } = read.value
  const reasons = judgeIsolated(isolated, partitions)
  const { newestAgeMs, records } = isolated
  const measured = {
    rpoRecords: null,
    rpoMs: newestAgeMs === null ? null : Math.round(newestAgeMs),
    rtoMs: null,
    writePauseMs: null,
  }
  const found = { measured, parts: { isolated } }
  if (reasons.length > 0) return { kind: 'failed', reason: reasons.join('; '), reasons, found }
  return { kind: 'done', reason: `${records} records of ${partitions} partitions were read`, found }
}
