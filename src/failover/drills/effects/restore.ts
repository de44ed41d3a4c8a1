import { MemoryStore, restoreAuthority } from '../../../authority/index.ts'
import { canonicalJson, pause } from '../../../core/index.ts'
import { groupKey, type GroupDocument } from '../../state.ts'
import type { DrillAnswer } from '../decide-drill.ts'
import type { RestoreRehearsal } from '../drill-document.ts'
import type { DrillCall } from '../drill-runner.ts'
import { judgeRestore } from '../judge-drill.ts'
import type { DrillRooms } from './drill-rooms.ts'

/** A copy follows its document within a moment. */
const AGAIN_MS = 1_000
const TRIES = 5

/**
 * Restores the authority from the copies of one region, as `isthmus authority restore` does, into a store in this
 * process, and compares every document with the live one. Nothing that lives is written to.
 */
export async function rehearseRestore(
  { drill }: DrillCall,
  rooms: DrillRooms,
  signal: AbortSignal,
): Promise<DrillAnswer> {
  for (let attempt = 1; ; attempt++) {
    const restore = await restoreOnce(drill, rooms, signal)
    const wrong = judgeRestore(restore)
    const found = { parts: { restore } }
    const documents = `${restore.documents.length} documents`
    if (wrong.length === 0) {
      return { kind: 'done', reason: `the copies on ${drill.region} give back all ${documents}`, found }
    }
    const reason = `the copies on ${drill.region} do not give back all ${documents}`
    if (attempt === TRIES) return { kind: 'failed', reason, reasons: wrong, found }
    await pause(rooms.clock, AGAIN_MS, signal)
    signal.throwIfAborted()
  }
}

async function restoreOnce(
  { id, region, request }: DrillCall['drill'],
  rooms: DrillRooms,
  signal: AbortSignal,
): Promise<RestoreRehearsal> {
  const { states, clock, random } = rooms
  const startedMs = clock.monotonicMs()
  const store = new MemoryStore({ clock })
  const { generation, unread } = await restoreAuthority(
    {
      store,
      // This region alone has to be enough: the others may be what was lost.
      regions: {
        regions: [region],
        readAll: (one, until) => states.readAll(one, until),
        put: () => Promise.reject(new Error('a rehearsal writes nothing')),
      },
      from: region,
      reason: `drill ${id}`,
      actor: request.by,
      answeringControllers: () => Promise.resolve([]),
      mode: 'apply',
      context: { clock, random },
    },
    signal,
  )
  const tookMs = Math.round(clock.monotonicMs() - startedMs)
  const { documents } = await store.range({ prefix: groupKey(''), limit: 1_000 }, signal)
  const restored = new Map(documents.map(({ key, text }) => [key, JSON.parse(text) as Copied]))
  const live = await rooms.authority.list(groupKey(''), signal)
  return {
    region,
    generation,
    documents: live.map(({ key, value }) => ({ key, region, ...compare(value as Copied, restored.get(key)) })),
    unread: unread.map((one) => `${one.region}: ${one.reason}`),
    tookMs,
  }
}

/** A group's document, or one that stands below it and has no epoch. */
type Copied = Partial<Pick<GroupDocument, 'epoch' | 'active'>>

function compare(
  live: Copied,
  copy: Copied | undefined,
): Pick<RestoreRehearsal['documents'][number], 'state' | 'evidence'> {
  if (copy === undefined) return { state: 'missing', evidence: 'the region has no copy of it' }
  const evidence =
    copy.epoch === undefined
      ? 'compared as texts'
      : `epoch ${copy.epoch} with ${copy.active} active, and epoch ${live.epoch} with ${live.active} active live`
  if ((copy.epoch ?? 0) < (live.epoch ?? 0)) return { state: 'older', evidence }
  // Whoever restores raises the generation, and nothing else.
  const text = (document: Copied) => canonicalJson({ ...document, generation: 0 })
  return { state: text(copy) === text(live) ? 'same' : 'differs', evidence }
}
