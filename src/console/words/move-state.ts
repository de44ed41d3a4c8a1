import type { OperationBody } from '../../api/contract/index.ts'
import { duration } from './numbers.ts'

export interface MoveState {
  readonly word: string
  /** Goes on behind the word, with what stands between them. */
  readonly rest: string
}

type Moved = Pick<OperationBody, 'state' | 'phase' | 'from' | 'to'>

const STATES: Readonly<Record<OperationBody['state'], (move: Moved) => MoveState>> = {
  running: ({ phase }) => ({ word: 'running', rest: `, at the step ${phase}` }),
  'rolling-back': ({ phase, from }) => ({ word: 'rolling back', rest: `, at the step ${phase}: ${from} stays active` }),
  'needs-operator': () => ({ word: 'needs a person', rest: ', and stands still until then' }),
  done: ({ to }) => ({ word: 'done', rest: `: it made ${to} active` }),
  'rolled-back': ({ from }) => ({ word: 'rolled back', rest: `: ${from} stayed active` }),
  superseded: () => ({ word: 'superseded', rest: ': another move took its place' }),
}

/** How a move stands, for people: a step is named only where it is at one. Pure. */
export function describeState(move: Moved): MoveState {
  return STATES[move.state](move)
}

const FENCES: Readonly<Record<OperationBody['fence'], string>> = {
  untouched: 'was not touched',
  intended: 'is not proved yet',
  proved: 'is proved: nobody can write there',
  command: 'was put up by the command of its operator',
  standing: 'stands since before: it was never opened',
  attested: 'is vouched for by a person, and not proved',
}

/** What keeps applications from the region that is left. Pure. */
export function describeFence({ fence, from }: Pick<OperationBody, 'fence' | 'from'>): string {
  return `The fence of ${from} ${FENCES[fence]}.`
}

/** For how long applications could not write, and how long they may be kept from it. Pure. */
export function describePause({
  kind,
  state,
  writePausedSeconds,
  writePauseLimitSeconds,
}: Pick<OperationBody, 'kind' | 'state' | 'writePausedSeconds' | 'writePauseLimitSeconds'>): string {
  const isUnderWay = state === 'running' || state === 'rolling-back' || state === 'needs-operator'
  const soFar = isUnderWay ? ' so far' : ''
  if (writePausedSeconds === 0) return `Writes were not held up${soFar}.`
  const held = `Writes were held up for ${duration(writePausedSeconds)}${soFar}`
  const limit = `; for longer than ${duration(writePauseLimitSeconds)} before its commit, and it is rolled back`
  const isLimited = kind !== 'failover' && state === 'running'
  return `${held}${isLimited ? limit : ''}.`
}
