import { resolveHealthOptions } from '../regions/index.ts'
import { closest, type ProblemCollector } from './problems.ts'
import type { UsableConfig } from './validate.ts'

/** Timings of the health section that only make sense together. */
export function checkHealth({ health: given, regionNames }: UsableConfig, problems: ProblemCollector): void {
  const health = resolveHealthOptions(given)
  const error = (key: keyof typeof health, rule: string, remedy: string) =>
    problems.error(['health', key], rule, remedy)
  const { standsIn } = health
  if (standsIn !== '' && !regionNames.includes(standsIn)) {
    const meant = closest(standsIn, regionNames)
    const remedy = meant === undefined ? `use one of ${regionNames.join(', ')}` : `did you mean ${meant}?`
    error('standsIn', `"${standsIn}" is not a region of this file`, remedy)
  }
  const { everySeconds, timeoutSeconds, canary } = health
  if (health.downAfterSeconds < 3 * everySeconds) {
    const remedy = `give ${3 * everySeconds} or more, or lower everySeconds`
    error('downAfterSeconds', `${health.downAfterSeconds} is too short for three looks`, remedy)
  }
  if (health.writesDownAfterSeconds < health.downAfterSeconds) {
    const rule = `${health.writesDownAfterSeconds} is shorter than downAfterSeconds`
    error('writesDownAfterSeconds', rule, `give ${health.downAfterSeconds} or more`)
  }
  if (health.reportStaleSeconds < 3 * everySeconds) {
    const remedy = `give ${3 * everySeconds} or more, or lower everySeconds`
    error('reportStaleSeconds', `${health.reportStaleSeconds} is too short for three reports`, remedy)
  }
  if (health.vantageForgetSeconds <= health.reportStaleSeconds) {
    const rule = `${health.vantageForgetSeconds} is not longer than reportStaleSeconds`
    error('vantageForgetSeconds', rule, `give more than ${health.reportStaleSeconds}`)
  }
  if (canary && health.canarySlowSeconds >= timeoutSeconds) {
    const rule = `${health.canarySlowSeconds} is never reached: a canary ends after timeoutSeconds`
    error('canarySlowSeconds', rule, `give less than ${timeoutSeconds}`)
  }
}
