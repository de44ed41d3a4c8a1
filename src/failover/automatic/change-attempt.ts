import type { GroupDocument, OperationRecord } from '../state.ts'
import { type AutomaticRecord, holdsFence } from './automatic-record.ts'

export function withAttempt(document: GroupDocument, automatic: AutomaticRecord): GroupDocument {
  return { ...document, automatic }
}

export function withoutAttempt(document: GroupDocument): GroupDocument {
  const { automatic: _, ...rest } = document
  return rest
}

/** What becomes of the attempt when a move starts: its own, or one that a person asked for, which fences by itself. */
export function handOver(document: GroupDocument, operation: string): GroupDocument {
  const { automatic } = document
  if (automatic === undefined) return document
  const isOwn = automatic.operation === operation && automatic.phase === 'fenced'
  return isOwn ? withAttempt(document, { ...automatic, phase: 'ordered' }) : withoutAttempt(document)
}

/** What always holds of it between two documents; see `checkInvariants`. */
export function checkAttempt(before: GroupDocument | undefined, after: GroupDocument): string[] {
  const was = before?.automatic
  const is = after.automatic
  const started = after.operation?.id === before?.operation?.id ? undefined : after.operation
  const isForgotten = started === undefined && is === undefined && holdsFence(was)
  return [
    ...(started === undefined ? [] : checkStart(started, was, is)),
    ...(is === undefined ? [] : checkOrdered(is)),
    ...(is === undefined || is.operation === was?.operation ? [] : checkFresh(is, was, after)),
    ...(isForgotten ? [`the attempt ${was?.operation} was dropped at ${was?.phase}`] : []),
  ]
}

function checkOrdered({ phase, fence, operation }: AutomaticRecord): string[] {
  return phase === 'ordered' && fence === undefined ? [`${operation} was ordered without a fence`] : []
}

function checkStart(
  { id }: OperationRecord,
  was: AutomaticRecord | undefined,
  is: AutomaticRecord | undefined,
): string[] {
  const isBare = was?.operation === id && was.fence === undefined
  return [
    ...(holdsFence(is) ? [`${id} began beside the attempt ${is?.operation}`] : []),
    ...(isBare ? [`${id} was ordered without a fence`] : []),
  ]
}

function checkFresh(is: AutomaticRecord, was: AutomaticRecord | undefined, { operation }: GroupDocument): string[] {
  const said = `the attempt ${is.operation}`
  return [
    ...(is.phase === 'fencing' ? [] : [`${said} appeared at ${is.phase}`]),
    ...(was === undefined ? [] : [`${said} replaced ${was.operation}`]),
    ...(operation === undefined ? [] : [`${said} began beside ${operation.id}`]),
  ]
}
