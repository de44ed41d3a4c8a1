import type { GuardOverride } from '../state.ts'
import type { GuardContext } from './evidence.ts'
import type { Guard } from './guard.ts'
import { MOVE_GUARDS } from './move-guards.ts'
import { REGION_GUARDS } from './region-guards.ts'

export const GUARDS: readonly Guard[] = [...REGION_GUARDS, ...MOVE_GUARDS]

export type GuardStatus = 'passed' | 'failed' | 'warning' | 'unknown'

export interface GuardResult {
  readonly name: string
  readonly holds: string
  readonly status: GuardStatus
  /** Whether it stops the move as long as nobody overrides it. */
  readonly isBlocking: boolean
  readonly evidence: string
  readonly remedy: string
  readonly isOverridable: boolean
  /** The reason given for going on without it. */
  readonly override?: string
}

/** Every guard of the kind of move, each with its evidence: one that fails does not keep the others from being looked at. */
export function evaluateGuards(context: GuardContext, overrides: readonly GuardOverride[] = []): GuardResult[] {
  return GUARDS.flatMap((guard) => {
    const weight = context.kind === 'failover' ? guard.failover : guard.lossless
    if (weight === 'skipped') return []
    const { isGood, evidence: found, isTolerable = false } = guard.judge(context)
    const trouble = isGood === undefined ? context.evidence.troubles?.[guard.name] : undefined
    const evidence = trouble === undefined ? found : `${found}: ${trouble}`
    const isRequired = weight === 'required' && !isTolerable
    const bad = isGood === undefined ? 'unknown' : isRequired ? 'failed' : 'warning'
    const status: GuardStatus = isGood === true ? 'passed' : bad
    const override = guard.isOverridable
      ? overrides.find((it) => it.guard === guard.name && it.reason !== '')
      : undefined
    const { name, holds, remedy, isOverridable } = guard
    return [
      {
        name,
        holds,
        status,
        isBlocking: isRequired && isGood !== true && override === undefined,
        evidence,
        remedy,
        isOverridable,
        ...(override !== undefined && { override: override.reason }),
      },
    ]
  })
}
