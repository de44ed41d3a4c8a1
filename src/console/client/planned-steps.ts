import type { PlanBody } from '../../api/contract/index.ts'

/** The steps that moves of this tab were planned with, so that their pages show what is still to come. */
const KEPT_MAX = 20
const plans = new Map<string, PlanBody['steps']>()

export function rememberSteps(operation: string, steps: PlanBody['steps']): void {
  plans.set(operation, steps)
  const [oldest] = plans.keys()
  if (plans.size > KEPT_MAX && oldest !== undefined) plans.delete(oldest)
}

export function stepsOf(operation: string): PlanBody['steps'] {
  return plans.get(operation) ?? []
}
