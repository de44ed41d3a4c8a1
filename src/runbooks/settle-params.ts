import { unreachable } from '../core/index.ts'
import { runbookFaults } from './faults.ts'
import type { Param, Runbook } from './runbook.ts'

export type Values = Readonly<Record<string, string>>

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,248}$/
const TEXT_MOST = 500

/**
 * What was given, checked, and the defaults. A value becomes a part of one argument and never more: it may not begin as
 * an option does. @throws `RUNBOOK_PARAM_INVALID`
 */
export function settleParams({ id, params }: Runbook, given: Values): Values {
  const fail = (name: string, rule: string, describe: string): never => {
    throw runbookFaults.fault('RUNBOOK_PARAM_INVALID', { id, name, rule, describe })
  }
  const known = Object.keys(params).join(', ') || 'there are none'
  for (const name of Object.keys(given)) if (!Object.hasOwn(params, name)) fail(name, 'does not exist', known)
  return Object.fromEntries(
    Object.entries(params).map(([name, param]) => {
      const value = given[name] ?? param.default
      if (value === undefined) return fail(name, 'is missing', param.describe)
      const problem = findProblem(value, param)
      return problem === undefined ? [name, value] : fail(name, problem, param.describe)
    }),
  )
}

function findProblem(value: string, { type, values = [] }: Param): string | undefined {
  if (value.startsWith('-') && type !== 'number') return 'begins as an option does'
  switch (type) {
    case 'name':
      return NAME.test(value) ? undefined : 'is no name'
    case 'number':
      return value.trim() !== '' && Number.isFinite(Number(value)) ? undefined : 'is no number'
    case 'choice':
      return values.includes(value) ? undefined : `is none of ${values.join(', ')}`
    case 'text':
      return isLine(value) ? undefined : `is no line of at most ${TEXT_MOST} characters`
    default:
      return unreachable(type)
  }
}

function isLine(value: string): boolean {
  return value.trim() !== '' && value.length <= TEXT_MOST && !/\p{Cc}/u.test(value)
}
