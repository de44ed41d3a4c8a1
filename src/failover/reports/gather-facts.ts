import type { Journal } from '../../authority/index.ts'
import type { FoundOperation, GroupDesk } from '../group-desk.ts'
import type { Json } from '../outcome.ts'
import { RETURN_STEPS } from '../returns/return-steps.ts'
import { type GroupDocument, type Phase, regionEntry } from '../state.ts'
import type { MoveFacts, Objectives } from './move-report.ts'
import { readTraces, type Trace } from './read-trace.ts'
import type { ReturnFacts } from './return-report.ts'

export interface FactSources {
  readonly desk: Pick<GroupDesk, 'read' | 'operation' | 'kept'>
  readonly journal: Pick<Journal, 'read'>
  readonly objectives: Objectives
}

const READ: readonly Phase[] = ['preflight', 'translating']
const NOTHING: Trace = { entries: [], isComplete: true }

/** What the authority holds of a move, and of the regions that came back after it. Fault OPERATION_NOT_FOUND. */
export async function gatherMove(sources: FactSources, id: string, signal: AbortSignal): Promise<MoveFacts> {
  const { desk, journal, objectives } = sources
  const found = await desk.operation(id, signal)
  const { document } = await desk.read(signal)
  const regions = Object.keys(document.regions)
  const ids = [id, ...regions.map((region) => `${id}-${region}`)]
  const traces = await readTraces({ ids, since: found.operation.request.at }, journal, signal)
  const returns: ReturnFacts[] = []
  for (const region of regions) {
    const trace = traces.get(`${id}-${region}`)
    if (trace === undefined || trace.entries.length === 0) continue
    returns.push(await gatherOne(sources, { document, found, region, trace }, signal))
  }
  const { operation, isPresent } = found
  return {
    group: document.group,
    operation,
    isPresent,
    reigns: document.reigns,
    evidence: await readParts(desk, id, READ, signal),
    trace: traces.get(id) ?? NOTHING,
    returns,
    objectives,
  }
}

/** The same of one return; undefined where the region never returned from this operation. */
export async function gatherReturn(
  sources: FactSources,
  { operation: id, region }: { readonly operation: string; readonly region: string },
  signal: AbortSignal,
): Promise<ReturnFacts | undefined> {
  const { returns } = await gatherMove(sources, id, signal)
  return returns.find((one) => one.region === region)
}

interface ReturnOf {
  readonly document: GroupDocument
  readonly found: FoundOperation
  readonly region: string
  readonly trace: Trace
}

async function gatherOne(
  { desk }: FactSources,
  { document, found, region, trace }: ReturnOf,
  signal: AbortSignal,
): Promise<ReturnFacts> {
  const operation = found.operation.id
  const id = `${operation}-${region}`
  const present = regionEntry(document, region)?.return
  const phases = RETURN_STEPS.map(({ phase }) => phase)
  return {
    id,
    operation,
    group: document.group,
    region,
    record: present?.id === id ? present : undefined,
    evidence: await readParts(desk, id, phases, signal),
    trace,
  }
}

async function readParts<Part extends string>(
  desk: FactSources['desk'],
  id: string,
  parts: readonly Part[],
  signal: AbortSignal,
): Promise<Partial<Record<Part, Json>>> {
  const read = await Promise.all(parts.map(async (part) => [part, await desk.kept(id, part, signal)] as const))
  return Object.fromEntries(read.filter(([, value]) => value !== undefined)) as Partial<Record<Part, Json>>
}
