/** What a change of a status has to be told as, in Kubernetes Events: pure. */
import type { GroupObjectStatus } from './group-object.ts'
import type { OperationObjectStatus, OperationPhase } from './operation-object.ts'

export interface News {
  readonly type: 'Normal' | 'Warning'
  /** One word in capitals and small letters. */
  readonly reason: string
  readonly note: string
}

const FINE: ReadonlySet<OperationPhase> = new Set<OperationPhase>(['Planned', 'Ordered', 'Done'])

/** Each phase, and each step of a move. */
export function newsOfOperation(before: OperationObjectStatus | undefined, now: OperationObjectStatus): News[] {
  if (before?.phase === now.phase && before.step === now.step) return []
  const { phase, step, message: note } = now
  const reason = phase === 'Ordered' && step !== undefined ? wordOf(step) : phase
  const isFine = FINE.has(phase) && step !== 'rolling-back'
  return [{ type: isFine ? 'Normal' : 'Warning', reason, note }]
}

/** Another region, another verdict, another drill. */
export function newsOfGroup(before: GroupObjectStatus | undefined, now: GroupObjectStatus): News[] {
  if (before === undefined) return []
  const news: News[] = []
  if (before.active !== now.active && before.active !== '') {
    const note = `${now.active} is active in epoch ${now.epoch}; before it was ${before.active}`
    news.push({ type: 'Normal', reason: 'ActiveChanged', note })
  }
  const ready = readyOf(now)
  if (ready !== undefined && ready.status !== readyOf(before)?.status) {
    const isReady = ready.status === 'True'
    const isFine = isReady || ready.reason === 'Moving'
    news.push({ type: isFine ? 'Normal' : 'Warning', reason: isReady ? 'Ready' : ready.reason, note: ready.message })
  }
  if (now.lastDrill !== undefined && now.lastDrill !== before.lastDrill) {
    news.push({
      type: 'Normal',
      reason: 'DrillPassed',
      note: `a drill that moved something passed at ${now.lastDrill}`,
    })
  }
  return news
}

function readyOf({ conditions }: GroupObjectStatus) {
  return conditions.find(({ type }) => type === 'Ready')
}

/** `catching-up` as `CatchingUp`. */
function wordOf(step: string): string {
  return step.replaceAll(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase())
}
